"""SNMPv3 keys of an agent, against the samples of RFC 3414 appendix A.3."""

import hashlib
import runpy
from collections.abc import Callable

import pytest

from tests.playbooks.ansible import PLAYBOOKS

KEYS = runpy.run_path(str(PLAYBOOKS / "filter_plugins" / "snmp_keys.py"))
FILTERS: dict[str, Callable[..., str]] = KEYS["FilterModule"]().filters()
SAMPLE_ENGINE = "000000000000000000000002"
DIGESTS = {
    "MD5": hashlib.md5,
    "SHA": hashlib.sha1,
    "SHA-224": hashlib.sha224,
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}


def test_an_unknown_protocol_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"'SHA-1'.*one of MD5, SHA, SHA-224"):
        FILTERS["snmp_auth_key"]("maplesyrup", SAMPLE_ENGINE, "SHA-1")
    with pytest.raises(ValueError, match=r"'AES-256'.*one of DES, AES"):
        FILTERS["snmp_priv_key"]("maplesyrup", SAMPLE_ENGINE, "SHA", "AES-256")


def test_a_short_passphrase_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="eight characters") as refused:
        FILTERS["snmp_auth_key"]("seven77", SAMPLE_ENGINE, "SHA")
    assert "seven77" not in str(refused.value)


@pytest.mark.parametrize(
    ("protocol", "key"),
    [
        ("MD5", "526f5eed9fcce26f8964c2930787d82b"),
        ("SHA", "6695febc9288e36282235fc7151f128497b38f3f"),
    ],
)
def test_the_keys_are_the_samples(protocol: str, key: str) -> None:
    assert FILTERS["snmp_auth_key"]("maplesyrup", SAMPLE_ENGINE, protocol) == key
    assert FILTERS["snmp_priv_key"]("maplesyrup", SAMPLE_ENGINE, protocol, "AES") == key[:32]


def test_engines_differ_by_name_and_stay() -> None:
    engine = FILTERS["snmp_engine_id"]("edge.velgora.lab.test")
    assert engine == FILTERS["snmp_engine_id"]("edge.velgora.lab.test")
    assert engine != FILTERS["snmp_engine_id"]("edge.kastrava.lab.test")
    assert engine.startswith("80001f8805")
    assert len(bytes.fromhex(engine)) <= 32


def test_a_passphrase_of_eight_characters_is_long_enough() -> None:
    assert len(FILTERS["snmp_auth_key"]("eight888", SAMPLE_ENGINE, "SHA")) == 40


@pytest.mark.parametrize(
    ("protocol", "octets"),
    [("MD5", 16), ("SHA", 20), ("SHA-224", 28), ("SHA-256", 32), ("SHA-384", 48), ("SHA-512", 64)],
)
def test_every_protocol_has_keys_of_its_length_and_the_agents_own(
    protocol: str, octets: int
) -> None:
    engine, hash_of = bytes.fromhex(SAMPLE_ENGINE), DIGESTS[protocol]
    repeated = (b"maplesyrup" * 104_858)[: 1024 * 1024]
    key = hash_of(repeated).digest()
    expected = hash_of(key + engine + key).digest()
    assert len(expected) == octets
    assert FILTERS["snmp_auth_key"]("maplesyrup", SAMPLE_ENGINE, protocol) == expected.hex()


@pytest.mark.parametrize("cipher", ["DES", "AES"])
def test_a_privacy_key_is_the_first_octets_of_the_authentication_key(cipher: str) -> None:
    key = FILTERS["snmp_priv_key"]("maplesyrup", SAMPLE_ENGINE, "SHA-512", cipher)
    assert key == FILTERS["snmp_auth_key"]("maplesyrup", SAMPLE_ENGINE, "SHA-512")[:32]


def test_an_engine_has_the_number_of_net_snmp_and_octets_of_its_name() -> None:
    engine = FILTERS["snmp_engine_id"]("edge.velgora.lab.test")
    digest = hashlib.sha256(b"edge.velgora.lab.test").hexdigest()
    assert engine == f"80001f8805{digest[:40]}"
