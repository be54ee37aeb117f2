"""Services over TLS, asked on their sockets."""
# ruff: noqa: S101

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from cryptography import x509

from inventory.enums import Role
from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.nginx import nginx_settings
from monitors.audit.facts.system import tls_services
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared

PORTS = {Role.WEB: 443, Role.OPERATIONS: 19532}
# What openssl says of a handshake that came to nothing.
REFUSED = "old: (NONE), Cipher is (NONE)"
# Private keys below /etc that others than root and the keys' own group may read.
OPEN_KEYS = (
    r"find -L /etc /usr/local/etc -type f \( -perm /0004 -o -perm /0040 ! -group root "
    r"! -group ssl-cert \) -size -65k -exec grep -lsE '^-----BEGIN .*PRIVATE[ ]KEY' {} + "
    "2>/dev/null; echo looked"
)
MIN_BITS = {"rsaEncryption": 2048, "id-ecPublicKey": 256, "ED25519": 253}
OLD_VERSIONS = {"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"}
# Debian 12's nginx.conf, where OpenSSL's own policy refuses what is old.
BY_PACKAGE = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
DATE = "%b %d %H:%M:%S %Y %Z"


def test_tls_01_certificates(host: Host, declared: Declared, limits: Limits) -> None:
    """Each service's certificate, on each address, verifies and names the host; its key is safe."""
    services, now = tls_services(host)
    keys = host.run(OPEN_KEYS).stdout.splitlines()
    for place, text in _spoken(services, _served(declared)):
        key = re.search(r"a:PKEY: (\S+), (\d+) \(bit\)", text)
        end = re.search(r"NotAfter: (.+)", text)
        assert key, f"nothing answers with a certificate on {place}"
        assert end, f"the certificate on {place} has no end"
        days = _days_left(end[1], now)
        assert days >= limits["days"], f"the certificate on {place} ends in {days:.0f} days"
        kind, bits = key[1], int(key[2])
        assert bits >= MIN_BITS.get(kind, 1 << 20), f"{place}: a {kind} key of {bits} bits"
        verdict = re.search(r"Verify return code: (.+)", text)
        result = verdict[1] if verdict else "no verdict"
        assert result == "0 (ok)", f"the chain on {place} does not verify: {result}"
        names = _names(text)
        good = not declared.names or any(_covers(n, d) for n in names for d in declared.names)
        assert good, f"the certificate on {place} is for {', '.join(names) or 'no name'}"
    *loose, looked = keys or ["nothing"]
    if looked != "looked":
        raise UndeterminedError(f"find said: {looked}")
    assert not loose, f"private keys that others can read: {', '.join(loose[:5])}"


def test_tls_02_no_old_versions(host: Host, declared: Declared) -> None:
    """An offer of TLS 1.0 and 1.1 alone is refused by every service on every address."""
    services, settings = tls_services(host)[0], nginx_settings(host)
    # Which name is asked for decides, and not all are known here.
    offered = [set(w[1:]) for w in settings if w[0] == "ssl_protocols" and w[1:] != BY_PACKAGE]
    old = sorted({version for versions in offered for version in versions & OLD_VERSIONS})
    old += [w[1] for w in settings if w[0] == "ssl_ciphers" and "@SECLEVEL=0" in w[-1].upper()]
    asked = _served(declared)
    assert not old, f"nginx is set to speak {', '.join(old)} under some name"
    for place, text in _spoken(services, asked):
        assert "old: " in text, f"nothing answers over TLS on {place}"
        assert REFUSED in text, f"{place} still speaks TLS 1.1 or older"


def _spoken(services: dict[tuple[int, str], str], expected: list[int]) -> Iterator[tuple[str, str]]:
    """Yield place and answer of all that speaks TLS, and of all that should."""
    for port in expected:
        if not any(spoken == port for spoken, _ in services):
            yield f"port {port}", ""
    for (port, address), text in services.items():
        if port in expected or "a:PKEY:" in text:
            yield f"port {port}" + (f" of {address}" if address else ""), text


def _names(text: str) -> list[str]:
    """Return the names in the certificate of an answer."""
    pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.DOTALL)
    if not pem:
        raise UndeterminedError("the service's certificate is not in the answer")
    certificate = x509.load_pem_x509_certificate(pem[0].encode())
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return [*names.get_values_for_type(x509.DNSName), *addresses]


def _covers(name: str, wanted: str) -> bool:
    """Whether a certificate's name stands for a host's (RFC 9525: `*` is one label)."""
    name, wanted = name.lower().rstrip("."), wanted.lower().rstrip(".")
    if name.startswith("*."):
        return wanted.partition(".")[2] == name[2:]
    return name == wanted


def _served(declared: Declared) -> list[int]:
    ports = [port for role, port in PORTS.items() if role in declared.roles]
    if not ports:
        pytest.skip("the inventory declares no TLS service on this host")
    return ports


def _days_left(end: str, now: float) -> float:
    at = datetime.strptime(end.strip(), DATE).replace(tzinfo=UTC)
    return (at.timestamp() - now) / 86400
