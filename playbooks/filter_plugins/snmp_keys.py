"""Jinja filters that make an SNMPv3 agent's keys, so that no host is given a passphrase."""

import hashlib
from collections.abc import Callable

# Net-SNMP's names of the USM authentication protocols (RFC 3414, RFC 7860).
HASHES = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA-224": "sha224",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
# Octets of the privacy protocols' keys (RFC 3414 section 8.2.1, RFC 3826 section 1.2.1).
PRIVACY_OCTETS = {"DES": 16, "AES": 16}
STRETCHED_OCTETS = 1_048_576
MINIMUM_PASSPHRASE = 8


def snmp_engine_id(name: str) -> str:
    """Return a host's SNMP engine id as hex digits: Net-SNMP's number, then octets of its name.

    RFC 3411 section 5, SnmpEngineID, format 5. It stays when the host is rebuilt.
    """
    return "80001f8805" + hashlib.sha256(name.encode()).hexdigest()[:40]


def snmp_auth_key(passphrase: str, engine_id: str, protocol: str) -> str:
    """Return the authentication key of one engine as hex digits (RFC 3414 appendix A.2).

    Raises ValueError for a protocol that Net-SNMP does not know or a passphrase of under eight
    characters.
    """
    return _localised(passphrase, engine_id, protocol).hex()


def snmp_priv_key(passphrase: str, engine_id: str, auth_protocol: str, protocol: str) -> str:
    """Return the privacy key of one engine as hex digits; raises ValueError as snmp_auth_key."""
    if protocol not in PRIVACY_OCTETS:
        expected = ", ".join(PRIVACY_OCTETS)
        raise ValueError(f"SNMP privacy protocol {protocol!r}: expected one of {expected}")
    return _localised(passphrase, engine_id, auth_protocol)[: PRIVACY_OCTETS[protocol]].hex()


def _localised(passphrase: str, engine_id: str, protocol: str) -> bytes:
    if protocol not in HASHES:
        raise ValueError(f"SNMP protocol {protocol!r}: expected one of {', '.join(HASHES)}")
    secret = passphrase.encode()
    if len(secret) < MINIMUM_PASSPHRASE:
        raise ValueError("SNMP passphrase: expected eight characters or more (RFC 3414 11.2)")
    stretched = (secret * (STRETCHED_OCTETS // len(secret) + 1))[:STRETCHED_OCTETS]
    key = hashlib.new(HASHES[protocol], stretched).digest()
    return hashlib.new(HASHES[protocol], key + bytes.fromhex(engine_id) + key).digest()


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters by the names that templates use."""
        return {
            "snmp_engine_id": snmp_engine_id,
            "snmp_auth_key": snmp_auth_key,
            "snmp_priv_key": snmp_priv_key,
        }
