"""Keys, signatures and encryption, held against the vectors that the standards print."""

import hashlib
from dataclasses import replace
from typing import get_args

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from infra.lab.agent import responder
from inventory.scalars import AuthProtocol, PrivProtocol
from monitors.snmp.client import User
from monitors.snmp.traps import pysnmp_engine
from monitors.snmp.wire import usm_keys
from monitors.snmp.wire.usm_keys import AUTHENTICATION, PRIVACY, Keys, localized, master_key

# RFC 3414, A.3.2.
PASSPHRASE, ENGINE = "maplesyrup", bytes.fromhex("000000000000000000000002")
MASTER = bytes.fromhex("9fb5cc0381497b3793528939ff788d5d79145211")
LOCAL = bytes.fromhex("6695febc9288e36282235fc7151f128497b38f3f")
USER = User("bert", "SHA", PASSPHRASE, "AES", PASSPHRASE)

# RFC 2202 and 4231, test case 1: the key is 20 octets of 0x0b, the data "Hi There".
SIGNATURES = {
    "SHA": "b617318655057264e28bc0b6",
    "SHA224": "896fb1128abbdf196832107cd49df33f",
    "SHA256": "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da7",
    "SHA384": "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c",
    "SHA512": "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
    "daa833b7d6b8a702038b274eaea3f4e4",
}

# NIST SP 800-38A, F.3.13: the initialisation vector is boots, time and salt.
CIPHER = AES(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))
BOOTS, TIME, SALT = 0x00010203, 0x04050607, bytes.fromhex("08090a0b0c0d0e0f")
PLAIN = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")
ENCRYPTED = bytes.fromhex("3b3fd92eb72dad20333449f8e83cfb4a")


def keys(protocol: str = "SHA", auth: bytes = b"\x0b" * 20) -> Keys:
    return Keys(b"bert", AUTHENTICATION[protocol], auth, CIPHER)


def test_a_passphrase_becomes_the_key_of_the_standard() -> None:
    assert master_key(PASSPHRASE, "sha1") == MASTER
    assert localized(USER, ENGINE).auth == LOCAL
    assert localized(USER, ENGINE).user == b"bert"


def test_a_passphrase_that_divides_the_expansion_becomes_a_key_too() -> None:
    assert master_key("12345678", "sha256") == hashlib.sha256(b"12345678" * (1024 * 128)).digest()


@pytest.mark.parametrize("protocol", AUTHENTICATION)
def test_a_signature_is_as_long_as_the_standard_says(protocol: str) -> None:
    assert keys(protocol).signature(b"Hi There").hex() == SIGNATURES[protocol]


def test_encryption_and_back() -> None:
    assert keys().encrypt(PLAIN, BOOTS, TIME, SALT) == ENCRYPTED
    assert keys().decrypt(ENCRYPTED, BOOTS, TIME, SALT) == PLAIN


def private_key(protocol: str) -> bytes:
    return bytes(localized(replace(USER, priv_protocol=protocol), ENGINE).cipher.key)


def test_a_key_longer_than_the_hash_is_stretched_as_net_snmp_does_it() -> None:
    assert private_key("AES") == LOCAL[:16]
    assert private_key("AES192") == LOCAL + hashlib.sha1(LOCAL).digest()[:4]  # noqa: S324
    assert private_key("AES256") == LOCAL + hashlib.sha1(LOCAL).digest()[:12]  # noqa: S324
    assert {name: len(private_key(name)) for name in PRIVACY} == PRIVACY


def test_each_purpose_has_a_key_of_its_own_passphrase() -> None:
    other = localized(replace(USER, priv="another passphrase"), ENGINE)
    assert other.auth == LOCAL
    assert bytes(other.cipher.key) != private_key("AES")


def test_secrets_are_not_in_the_representation() -> None:
    assert "0x0b" not in repr(keys()).lower()
    assert repr(keys()) == f"Keys(user=b'bert', signing={AUTHENTICATION['SHA']!r})"


def test_the_dear_part_is_done_once() -> None:
    usm_keys.master_key.cache_clear()
    for engine in (b"one", b"two", b"three"):
        localized(replace(USER, user="a user of this test"), engine)
    assert usm_keys.master_key.cache_info().misses == 1


def test_every_protocol_that_the_inventory_takes_is_one_here_and_in_pysnmp() -> None:
    authentication, privacy = get_args(AuthProtocol), get_args(PrivProtocol)
    assert (tuple(AUTHENTICATION), tuple(PRIVACY)) == (authentication, privacy)
    assert tuple(pysnmp_engine.AUTHENTICATION) == authentication
    assert tuple(pysnmp_engine.PRIVACY) == privacy
    # Each side has its own adapter to pysnmp, since neither imports the other.
    assert pysnmp_engine.AUTHENTICATION == responder.AUTH_PROTOCOLS
    assert pysnmp_engine.PRIVACY == responder.PRIV_PROTOCOLS
