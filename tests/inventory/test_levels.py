"""How far a host is managed: its own word, its tenant's, the estate's, its provider's default."""

import pytest

from inventory.enums import Level, ProviderName
from inventory.levels import DEFAULTS, at_least, hosts_at_least, level
from inventory.load import load_estate
from inventory.model import Estate
from inventory.paths import SHIPPED_ESTATES
from tests.inventory.test_connections import app


@pytest.fixture(scope="module")
def pilot() -> Estate:
    return load_estate(SHIPPED_ESTATES / "pilot").model_copy(update={"manage": None})


def test_existing_hosts_are_watched_and_the_labs_are_ours(pilot: Estate) -> None:
    assert level(app(pilot)) is Level.WATCH
    assert level(app(pilot, host={"provider": ProviderName.LAB})) is Level.FULL
    assert DEFAULTS.keys() == set(ProviderName)


def test_the_narrowest_word_counts(pilot: Estate) -> None:
    estate, town, host = ({"manage": word} for word in (Level.FULL, Level.BASELINE, Level.AUDIT))
    assert level(app(pilot, estate=estate)) is Level.FULL
    assert level(app(pilot, estate=estate, town=town)) is Level.BASELINE
    assert level(app(pilot, estate=estate, town=town, host=host)) is Level.AUDIT


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [(Level.WATCH, True), (Level.AUDIT, True), (Level.BASELINE, False), (Level.FULL, False)],
)
def test_a_level_holds_all_before_it(pilot: Estate, wanted: Level, reached: bool) -> None:
    assert at_least(app(pilot, host={"manage": Level.AUDIT}), wanted) is reached


def test_hosts_are_picked_by_level(pilot: Estate) -> None:
    entry = app(pilot, host={"manage": Level.BASELINE})
    names = [e.name for e in hosts_at_least(entry.tenant.estate, Level.AUDIT)]
    assert names == ["brezovik-app"]
