"""SNMPv3 keys of an agent, against the samples of RFC 3414 appendix A.3."""

import runpy
from collections.abc import Callable

import pytest

from tests.playbooks.ansible import PLAYBOOKS

KEYS = runpy.run_path(str(PLAYBOOKS / "filter_plugins" / "snmp_keys.py"))
FILTERS: dict[str, Callable[..., str]] = KEYS["FilterModule"]().filters()
SAMPLE_ENGINE = "000000000000000000000002"


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
