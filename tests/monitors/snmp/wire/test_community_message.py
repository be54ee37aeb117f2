"""A message of SNMPv1 and v2c, octet by octet."""

import pytest

from monitors.snmp import oid
from monitors.snmp.client import BadAnswerError
from monitors.snmp.wire import community_message, pdu

SYS_NAME = oid.encode("1.3.6.1.2.1.1.5.0")
GET_SYS_NAME = (
    "3026 0201{version} 0406 7075626c6963"
    "a019 020101 020100 020100 300e 300c 06082b06010201010500 0500"
)


@pytest.mark.parametrize("version", [0, 1])
def test_a_request_for_a_name(version: int) -> None:
    octets = bytes.fromhex(GET_SYS_NAME.format(version=f"{version:02x}"))
    content = pdu.request(pdu.GET, 1, [SYS_NAME])
    assert community_message.encode(version, b"public", content) == octets
    assert community_message.decode(octets) == community_message.Message(
        version, b"public", pdu.Pdu(pdu.GET, 1, 0, 0, 26, 40)
    )


@pytest.mark.parametrize("version", [2, 3, -1])
def test_another_version_is_refused(version: int) -> None:
    octets = community_message.encode(version, b"public", pdu.request(pdu.GET, 1, []))
    with pytest.raises(BadAnswerError, match=f"expected SNMPv1 or v2c, found version {version}"):
        community_message.decode(octets)
