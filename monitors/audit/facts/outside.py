"""The outside view as checks read it, and what of the bundle it is held against."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.system import firewall, listeners, tls_services
from monitors.outside.document import (
    AddressView,
    OutsideView,
    SshServer,
    TcpPort,
    TlsServer,
)

VALID = re.compile(r"v:NotBefore: (.+?); NotAfter: (.+)")
PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE-----")
DATE = "%b %d %H:%M:%S %Y %Z"
NAT = ("dnat", "redirect")


@dataclass(frozen=True, slots=True)
class Seen:
    """An open port of one of the host's addresses."""

    address: AddressView
    port: TcpPort

    def __str__(self) -> str:
        return f"{self.address.address} port {self.port.port}"


@dataclass(frozen=True, slots=True)
class Answering:
    """A TCP or UDP port of an address that answers."""

    protocol: str
    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.protocol} {self.address} port {self.port}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What matters of a certificate; bits 0 where the kind of key is not known."""

    kind: str
    bits: int
    signed_with: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime

    @property
    def term(self) -> str:
        """Its first and last day."""
        return f"{self.begins:%F} to {self.ends:%F}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as the host sees it: its term, and itself in base64 where that is known."""

    begins: datetime
    ends: datetime
    der: str = ""

    @property
    def term(self) -> str:
        """Its first and last day."""
        return f"{self.begins:%F} to {self.ends:%F}"


def seen_addresses(outside: OutsideView) -> tuple[AddressView, ...]:
    """Return the addresses at which the host answers.

    Skips the check where nobody here is outside; UndeterminedError where nothing was seen.
    """
    if not outside.possible:
        pytest.skip(f"no view from outside: {outside.problem}")
    if outside.problem:
        raise UndeterminedError(f"no view from outside: {outside.problem}")
    return outside.seen


def open_ports(outside: OutsideView) -> tuple[Seen, ...]:
    """Return every open TCP port of every address; skips and raises as `seen_addresses`."""
    return tuple(Seen(each, port) for each in seen_addresses(outside) for port in each.tcp)


def unaccounted_ports(host: Host, outside: OutsideView) -> tuple[Answering, ...]:
    """Return what answers and that no process accounts for, nor a rule that leads on elsewhere.

    Skips and raises as `seen_addresses`, and as the host's own list of listeners.
    """
    own = {(each.protocol, each.port) for each in listeners(host) if not each.is_local}
    strange = [each for each in _answering(outside) if (each.protocol, each.port) not in own]
    # Rules are read only where something is to be explained.
    led_on = redirected_ports(host) if strange else set()
    return () if led_on is None else tuple(each for each in strange if each.port not in led_on)


def _answering(outside: OutsideView) -> Iterator[Answering]:
    for address in seen_addresses(outside):
        yield from (Answering("tcp", address.address, port.port) for port in address.tcp)
        yield from (Answering("udp", address.address, port.port) for port in address.udp)


def ssh_servers(outside: OutsideView) -> tuple[tuple[Seen, SshServer], ...]:
    """Return the ports that speak SSH; UndeterminedError when there is none."""
    servers = tuple((each, each.port.ssh) for each in open_ports(outside) if each.port.ssh)
    if not servers:
        raise UndeterminedError("from outside no port speaks SSH")
    return servers


def tls_servers(outside: OutsideView) -> tuple[tuple[Seen, TlsServer], ...]:
    """Return the ports that speak TLS; skips the check when there is none."""
    servers = tuple((each, each.port.tls) for each in open_ports(outside) if each.port.tls)
    if not servers:
        pytest.skip("from outside no port speaks TLS")
    return servers


def certificate(server: TlsServer) -> Certificate | None:
    """Return a server's own certificate, None when it showed none or one that is none."""
    if not server.certificates:
        return None
    try:
        own = x509.load_der_x509_certificate(base64.b64decode(server.certificates[0]))
        kind, bits = _key(own)
        hashed = own.signature_hash_algorithm
        return Certificate(
            kind,
            bits,
            hashed.name if hashed else "",
            tuple(_names(own)),
            own.not_valid_before_utc,
            own.not_valid_after_utc,
        )
    except Exception as error:  # noqa: BLE001 (a stranger's bytes: each part has errors of its own)
        raise UndeterminedError(f"a certificate that cannot be read: {error}") from None


def _key(own: x509.Certificate) -> tuple[str, int]:
    key = own.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA", 0
    return type(key).__name__.removesuffix("PublicKey"), 256


def _names(own: x509.Certificate) -> Iterator[str]:
    try:
        names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    yield from (name.lower() for name in names.get_values_for_type(x509.DNSName))
    yield from map(str, names.get_values_for_type(x509.IPAddress))


def covers(own: Certificate, name: str) -> bool:
    """Return whether a certificate is for a name or an address (RFC 6125, 6.4)."""
    parent = name.partition(".")[2]
    return name.lower() in own.names or (bool(parent) and f"*.{parent.lower()}" in own.names)


def shown_inside(host: Host) -> dict[tuple[int, str], Shown]:
    """Return the certificate on each port and address, as the host sees it itself."""
    services, _ = tls_services(host)
    shown = {}
    for (port, address), text in services.items():
        valid, own = VALID.search(text), PEM.search(text)
        if valid:
            der = "".join(own[1].split()) if own else ""
            shown[port, address.strip("[]")] = Shown(_date(valid[1]), _date(valid[2]), der)
    return shown


def _date(text: str) -> datetime:
    return datetime.strptime(f"{text.strip()}+0000", f"{DATE}%z")


def redirected_ports(host: Host) -> set[int] | None:
    """Return the ports that a rule of the host leads on to elsewhere (DNAT, redirect).

    None when a rule leads on whatever comes; nothing when the rules are not known.
    """
    try:
        rules = [each["rule"]["expr"] for each in firewall(host) if "rule" in each]
    except UndeterminedError:
        return set()
    ports: set[int] = set()
    for rule in rules:
        if not any(name in part for part in rule if isinstance(part, dict) for name in NAT):
            continue
        matched = [_ports(part["match"]) for part in rule if _matches_port(part)]
        if not matched:
            return None
        ports.update(*matched)
    return ports


def _matches_port(part: Any) -> bool:
    left = part.get("match", {}).get("left", {}) if isinstance(part, dict) else {}
    return isinstance(left, dict) and left.get("payload", {}).get("field") == "dport"


def _ports(match: dict[str, Any]) -> set[int]:
    """Return the ports of an expression; of one that is not known, none."""
    right = match["right"]
    items = right["set"] if isinstance(right, dict) and "set" in right else [right]
    ports: set[int] = set()
    for item in items:
        if isinstance(item, int):
            ports.add(item)
        elif isinstance(item, dict) and isinstance(item.get("range"), list):
            first, last = item["range"]
            ports.update(range(int(first), int(last) + 1))
    return ports if match.get("op", "==") == "==" else set()
