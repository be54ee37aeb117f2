"""pysnmp as the reference: its codec and its security on the same messages as ours."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pyasn1.codec.ber import decoder, encoder  # type: ignore[import-untyped]
from pyasn1.type import univ  # type: ignore[import-untyped]
from pysnmp.proto import rfc1902, rfc1905
from pysnmp.proto.api import v2c
from pysnmp.proto.mpmod.rfc3412 import ScopedPDU, ScopedPduData, SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import SnmpUSMSecurityModel, UsmSecurityParameters

from infra.lab.agent.responder import AUTH_PROTOCOLS, PRIV_PROTOCOLS
from monitors.snmp import oid
from monitors.snmp.client import User, WireBinding
from monitors.snmp.wire import ber, pdu, values
from monitors.snmp.wire.usm_message import Moment
from tests.monitors.snmp.fuzz.messages import number_octets

PDUS: dict[int, Any] = {
    pdu.GET: v2c.GetRequestPDU,
    pdu.NEXT: v2c.GetNextRequestPDU,
    pdu.RESPONSE: v2c.ResponsePDU,
    pdu.SET: v2c.SetRequestPDU,
    pdu.BULK: v2c.GetBulkRequestPDU,
    pdu.INFORM: v2c.InformRequestPDU,
    pdu.TRAP: v2c.SNMPv2TrapPDU,
    pdu.REPORT: v2c.ReportPDU,
}
NUMBERS: dict[int, Any] = {
    ber.INTEGER: rfc1902.Integer32,
    values.COUNTER32: rfc1902.Counter32,
    values.GAUGE32: rfc1902.Gauge32,
    values.TIME_TICKS: rfc1902.TimeTicks,
    values.COUNTER64: rfc1902.Counter64,
}
OCTETS: dict[int, Any] = {
    ber.OCTETS: rfc1902.OctetString,
    values.IP_ADDRESS: rfc1902.IpAddress,
    values.OPAQUE: rfc1902.Opaque,
}
MISSING: dict[int, Any] = {
    0x80: rfc1905.noSuchObject,
    0x81: rfc1905.noSuchInstance,
    0x82: rfc1905.endOfMibView,
}
TAGS = {kind.tagSet: tag for tag, kind in PDUS.items()}


class Said(NamedTuple):
    """What a PDU says, codec apart."""

    kind: int
    request_id: int
    status: int
    position: int
    bindings: tuple[WireBinding, ...]


def value(tag: int, content: bytes) -> Any:
    """A value of pysnmp's."""
    if tag in NUMBERS:
        return NUMBERS[tag](int.from_bytes(content, "big", signed=True))
    if tag in OCTETS:
        return OCTETS[tag](content)
    if tag == ber.OID:
        return univ.ObjectIdentifier(oid.split(content))
    return rfc1905.unSpecified if tag == ber.NULL else MISSING[tag]


def typed(where: Any, theirs: Any) -> WireBinding:
    """A binding of pysnmp's as ours."""
    place = oid.join(tuple(where))
    by_tags = {kind.tagSet: tag for tag, kind in {**NUMBERS, **OCTETS}.items()}
    tag = by_tags.get(theirs.tagSet)
    if tag in NUMBERS:
        return WireBinding(place, tag, number_octets(int(theirs)))
    if tag is not None:
        return WireBinding(place, tag, theirs.asOctets())
    if theirs.tagSet == univ.ObjectIdentifier.tagSet:
        return WireBinding(place, ber.OID, oid.join(tuple(theirs)))
    for missing, kind in MISSING.items():
        if theirs.tagSet == kind.tagSet:
            return WireBinding(place, missing, b"")
    return WireBinding(place, ber.NULL, b"")


def built(said: Said) -> Any:
    """A PDU of pysnmp's."""
    made = PDUS[said.kind]()
    api = v2c.apiBulkPDU if said.kind == pdu.BULK else v2c.apiPDU
    api.set_defaults(made)
    api.set_request_id(made, said.request_id)
    if said.kind == pdu.BULK:
        api.set_non_repeaters(made, said.status)
        api.set_max_repetitions(made, said.position)
    else:
        api.set_error_status(made, said.status)
        made.setComponentByPosition(2, said.position)
    api.set_varbinds(
        made, [(oid.split(each.oid), value(each.tag, each.content)) for each in said.bindings]
    )
    return made


def read(received: Any) -> Said:
    """What a PDU of pysnmp's says."""
    number, status, position = (int(received.getComponentByPosition(at)) for at in range(3))
    bindings = tuple(typed(*each) for each in v2c.apiPDU.get_varbinds(received))
    return Said(TAGS[received.tagSet], number, status, position, bindings)


def encode(version: int, community: bytes, said: Said) -> bytes:
    """A v1 or v2c message by pysnmp; both carry PDUs of v2c here."""
    message = v2c.Message()
    v2c.apiMessage.set_defaults(message)
    v2c.apiMessage.set_version(message, version)
    v2c.apiMessage.set_community(message, community)
    v2c.apiMessage.set_pdu(message, built(said))
    return bytes(encoder.encode(message))


def decode(data: bytes) -> tuple[int, bytes, Said]:
    """What a v2c message says to pysnmp."""
    message, rest = decoder.decode(data, asn1Spec=v2c.Message())
    assert not rest
    community = v2c.apiMessage.get_community(message).asOctets()
    return (
        int(v2c.apiMessage.get_version(message)),
        community,
        read(v2c.apiMessage.get_pdu(message)),
    )


class Secured:
    """pysnmp's User-based Security Model for one user and engine."""

    def __init__(self, user: User, engine: bytes) -> None:
        """Derive the keys with pysnmp's own code."""
        self._user, self._engine = user.user, engine
        self._auth = SnmpUSMSecurityModel.AUTH_SERVICES[AUTH_PROTOCOLS[user.auth_protocol]]
        self._priv = SnmpUSMSecurityModel.PRIV_SERVICES[PRIV_PROTOCOLS[user.priv_protocol]]
        which, engine_id = AUTH_PROTOCOLS[user.auth_protocol], univ.OctetString(engine)
        hashed = self._auth.hash_passphrase(univ.OctetString(user.auth))
        self._auth_key = self._auth.localize_key(hashed, engine_id)
        hashed = self._priv.hash_passphrase(which, univ.OctetString(user.priv))
        self._priv_key = self._priv.localize_key(which, hashed, engine_id)

    def decode(self, data: bytes) -> Said:
        """What a signed, encrypted message says; pysnmp raises for a wrong signature."""
        message, rest = decoder.decode(data, asn1Spec=SNMPv3Message())
        assert not rest
        parameters, _ = decoder.decode(message[2], asn1Spec=UsmSecurityParameters())
        self._auth.authenticate_incoming_message(self._auth_key, parameters[4], data)
        how = (parameters[1], parameters[2], parameters[5])
        encrypted = message[3]["encryptedPDU"]
        plain = self._priv.decrypt_data(self._priv_key, how, encrypted)
        scoped, rest = decoder.decode(plain, asn1Spec=ScopedPDU())
        assert not rest
        return read(scoped["data"].getComponent())

    def encode(self, message_id: int, moment: Moment, said: Said) -> bytes:
        """A signed, encrypted message by pysnmp."""
        scoped = ScopedPDU()
        scoped["contextEngineId"], scoped["contextName"] = self._engine, b""
        scoped["data"].setComponentByType(built(said).tagSet, built(said))
        encrypted, salt = self._priv.encrypt_data(
            self._priv_key, (moment.boots, moment.time, None), encoder.encode(scoped)
        )
        parameters = UsmSecurityParameters()
        fields: Sequence[Any] = (
            self._engine, moment.boots, moment.time, self._user,
            bytes(self._auth.digest_length), salt,
        )  # fmt: skip
        for at, field in enumerate(fields):
            parameters.setComponentByPosition(at, field)
        message = SNMPv3Message()
        message["msgVersion"] = 3
        header = message.setComponentByPosition(1)[1]
        for at, field in enumerate((message_id, 65507, b"\x07", 3)):
            header.setComponentByPosition(at, field)
        message["msgSecurityParameters"] = encoder.encode(parameters)
        data = ScopedPduData()
        data["encryptedPDU"] = encrypted
        message["msgData"] = data
        return bytes(
            self._auth.authenticate_outgoing_message(self._auth_key, encoder.encode(message))
        )
