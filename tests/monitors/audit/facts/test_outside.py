"""Certificates that others are shown, and ports that a host leads on."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from monitors.audit.collect.backends import answering_host
from monitors.audit.facts.outside import Certificate, certificate, covers, redirected_ports
from monitors.collection.bundle import Answer
from monitors.outside.document import TlsServer

AT = datetime(2026, 11, 22, tzinfo=UTC)


def shown(key: Any, *names: x509.GeneralName) -> Certificate:
    """Return a certificate with a key and names, as it is read from what a server sent."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "not a name that counts")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=90))
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    der = made.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(
        serialization.Encoding.DER
    )
    read = certificate(TlsServer(certificates=(base64.b64encode(der).decode(),)))
    assert read
    return read


@pytest.mark.parametrize(
    ("make", "kind", "bits"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "RSA", 1024),  # noqa: S505
        (lambda: ec.generate_private_key(ec.SECP192R1()), "EC", 192),
        (ed25519.Ed25519PrivateKey.generate, "Ed25519", 256),
    ],
)
def test_kinds_and_sizes_of_keys(make: Callable[[], Any], kind: str, bits: int) -> None:
    own = shown(make())
    assert (own.kind, own.bits, own.signed_with) == (kind, bits, "sha256")
    assert own.term == "2026-11-22 to 2027-02-20"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("app.town.test", True),
        ("APP.town.test", True),
        ("any.wild.test", True),
        ("two.any.wild.test", False),
        ("wild.test", False),
        ("10.77.1.10", True),
        ("10.77.1.11", False),
        ("fd77::1", True),
        ("not a name that counts", False),
        ("test", False),
    ],
)
def test_what_a_certificate_is_for(name: str, expected: bool) -> None:
    own = shown(
        ec.generate_private_key(ec.SECP256R1()),
        x509.DNSName("app.town.test"),
        x509.DNSName("*.wild.test"),
        x509.IPAddress(ip_address("10.77.1.10")),
        x509.IPAddress(ip_address("fd77::1")),
    )
    assert covers(own, name) is expected


def match(right: Any, op: str = "==") -> dict[str, Any]:
    left = {"payload": {"protocol": "tcp", "field": "dport"}}
    return {"match": {"op": op, "left": left, "right": right}}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ([match(80), {"redirect": {"port": 8080}}], {80}),
        ([match({"set": [80, {"range": [90, 92]}]}), {"dnat": {"addr": "x"}}], {80, 90, 91, 92}),
        ([match({"range": [90, 91]}), {"dnat": None}], {90, 91}),
        ([match(80), {"accept": None}], set()),
        ([match(80, "!="), {"dnat": {"addr": "x"}}], set()),
        ([match("@ports"), {"dnat": {"addr": "x"}}], set()),
        ([{"dnat": {"addr": "x"}}], None),
        ([{"masquerade": None}], set()),
        (["strange", {"redirect": None}], None),
    ],
)
def test_ports_that_are_led_on(rule: list[Any], expected: set[int] | None) -> None:
    rules = json.dumps({"nftables": [{"metainfo": {}}, {"rule": {"expr": rule}}]})
    host, _ = answering_host("h", lambda _: Answer(0, rules))
    assert redirected_ports(host) == expected
