"""Services over TLS, asked on their sockets."""
# ruff: noqa: S101

import re
from datetime import UTC, datetime

import pytest

from inventory.enums import Role
from monitors.audit.collect.backends import Host
from monitors.audit.facts.system import tls_answers
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared

PORTS = {Role.APPLICATION: 443, Role.OPERATIONS: 19532}
# What openssl says of a handshake that came to nothing.
REFUSED = "old: (NONE), Cipher is (NONE)"
MIN_BITS = {"rsaEncryption": 2048, "id-ecPublicKey": 256, "ED25519": 253}
DATE = "%b %d %H:%M:%S %Y %Z"


def test_tls_01_certificates(host: Host, declared: Declared, limits: Limits) -> None:
    """Each service's certificate verifies, has a strong key and some time left."""
    answers, now = tls_answers(host)
    for port in _served(declared):
        text = answers.get(port, "")
        key = re.search(r"a:PKEY: (\S+), (\d+) \(bit\)", text)
        end = re.search(r"NotAfter: (.+)", text)
        assert key, f"nothing answers with a certificate on port {port}"
        assert end, f"the certificate on port {port} has no end"
        days = _days_left(end[1], now)
        assert days >= limits["days"], f"the certificate on port {port} ends in {days:.0f} days"
        kind, bits = key[1], int(key[2])
        assert bits >= MIN_BITS.get(kind, 1 << 20), f"port {port}: a {kind} key of {bits} bits"
        verdict = re.search(r"Verify return code: (.+)", text)
        result = verdict[1] if verdict else "no verdict"
        assert result == "0 (ok)", f"the chain on port {port} does not verify: {result}"


def test_tls_02_no_old_versions(host: Host, declared: Declared) -> None:
    """An offer of TLS 1.0 and 1.1 alone is refused by every service."""
    answers, _ = tls_answers(host)
    for port in _served(declared):
        text = answers.get(port, "")
        assert "old: " in text, f"nothing answers over TLS on port {port}"
        assert REFUSED in text, f"port {port} still speaks TLS 1.1 or older"


def _served(declared: Declared) -> list[int]:
    ports = [port for role, port in PORTS.items() if role in declared.roles]
    if not ports:
        pytest.skip("the inventory declares no TLS service on this host")
    return ports


def _days_left(end: str, now: float) -> float:
    at = datetime.strptime(end.strip(), DATE).replace(tzinfo=UTC)
    return (at.timestamp() - now) / 86400
