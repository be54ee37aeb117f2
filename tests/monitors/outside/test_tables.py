"""Datagrams and ports are literal tables: held against the codec that SNMP is polled with."""

from monitors.outside.tables import PRINTERS, SNMP, SNMP_PORT, STARTTLS, TCP_PORTS, UDP_PORTS
from monitors.snmp import oid
from monitors.snmp.usm_codec import NOBODY
from monitors.snmp.wire import community_message, pdu, usm_message

NUMBER = 0x0B5A0001
DESCRIPTION = oid.encode("1.3.6.1.2.1.1.1.0")


def test_the_datagrams_of_snmp_are_what_our_own_codec_would_send() -> None:
    get = pdu.request(pdu.GET, NUMBER, [DESCRIPTION])
    assert {
        "v1": community_message.encode(community_message.V1, b"public", get),
        "v2c": community_message.encode(community_message.V2C, b"public", get),
        "v3": usm_message.encode_clear(NUMBER, NOBODY, pdu.request(pdu.GET, NUMBER, ())),
    } == SNMP


def test_ports_stand_once_and_none_is_a_printers() -> None:
    assert len(set(TCP_PORTS)) == len(TCP_PORTS)
    assert not set(TCP_PORTS) & PRINTERS
    assert set(STARTTLS) <= set(TCP_PORTS)
    assert SNMP_PORT not in UDP_PORTS
