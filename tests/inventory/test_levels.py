"""How far a host is managed: its own word, its tenant's, the estate's, its provider's default."""

import pytest

from inventory.entries import InventoryHost, hosts
from inventory.enums import Level, ProviderName, Role
from inventory.hostvars import groups
from inventory.levels import (
    DEFAULTS,
    at_least,
    coverage,
    hosts_at_least,
    is_accepted,
    is_full,
    is_managed,
    level,
    refusal,
    refusals,
)
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.hosts import Acceptance, Listen
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
    assert names == ["central-ops", "central-vault", "central-scratch", "brezovik-app"]


def test_coverage_counts_the_managed_and_every_level_that_some_have(pilot: Estate) -> None:
    levels = (Level.BASELINE, Level.WATCH, Level.WATCH)
    town = pilot.municipalities[0]
    own = zip(town.hosts, levels, strict=True)
    changed = tuple(host.model_copy(update={"manage": level}) for host, level in own)
    town = town.model_copy(update={"hosts": changed})
    text = coverage(pilot.model_copy(update={"municipalities": (town,)}))
    assert text == "4 of 6 hosts at baseline or above: 3 full, 1 baseline, 2 watch"


@pytest.mark.parametrize("wanted", [Level.BASELINE, Level.FULL])
def test_an_existing_server_is_not_changed_before_that_is_acknowledged(
    pilot: Estate, wanted: Level
) -> None:
    entry = app(pilot, host={"manage": wanted})
    assert not is_managed(entry)
    assert not is_full(entry)
    (text,) = [text for text in refusals(entry.tenant.estate) if "brezovik-app" in text]
    assert f"found: manage: {wanted}" in text
    assert f"bastide host impact brezovik-app --level {wanted}" in text


@pytest.mark.parametrize(
    ("accepted", "wanted", "may"),
    [
        (Level.BASELINE, Level.BASELINE, True),
        (Level.FULL, Level.BASELINE, True),
        (Level.FULL, Level.FULL, True),
        (Level.BASELINE, Level.FULL, False),
    ],
)
def test_it_is_changed_as_far_as_somebody_accepted(
    pilot: Estate, accepted: Level, wanted: Level, may: bool
) -> None:
    accepts = acceptance(accepted)
    for entry in (
        app(pilot, host={"manage": wanted, "accepts": accepts}),
        app(pilot, estate={"manage": wanted}, host={"accepts": accepts}),
    ):
        assert (is_managed(entry), is_accepted(entry)) == (may, may)
        assert ("acknowledged for baseline alone" in refusal(entry)) is not may


@pytest.mark.parametrize(
    "change",
    [
        {"manage": Level.AUDIT},
        {"manage": Level.FULL, "provider": ProviderName.LAB},
        {"manage": Level.FULL, "accepts": None},
    ],
    ids=["not changed", "made by Bastide", "accepted by nobody"],
)
def test_only_an_existing_server_that_is_changed_is_read_anew(
    pilot: Estate, change: dict[str, object]
) -> None:
    assert not is_accepted(app(pilot, host={"accepts": acceptance(Level.FULL), **change}))


def test_a_machine_for_bastide_alone_needs_no_acceptance(pilot: Estate) -> None:
    entry = central(pilot, "vault", manage=Level.FULL)
    assert is_managed(entry)
    assert not is_accepted(entry)


@pytest.mark.parametrize("wanted", [Level.WATCH, Level.AUDIT])
def test_what_changes_nothing_is_not_refused(pilot: Estate, wanted: Level) -> None:
    entry = app(pilot, host={"manage": wanted})
    assert refusal(entry) == ""
    assert not is_managed(entry)


@pytest.mark.parametrize(
    ("wanted", "managed", "full"),
    [(Level.AUDIT, False, False), (Level.BASELINE, True, False), (Level.FULL, True, True)],
)
def test_what_bastide_made_is_managed_as_far_as_the_inventory_says(
    pilot: Estate, wanted: Level, managed: bool, full: bool
) -> None:
    entry = app(pilot, host={"manage": wanted, "provider": ProviderName.LAB})
    assert (is_managed(entry), is_full(entry), refusal(entry)) == (managed, full, "")


@pytest.mark.parametrize("role", ["operations", "vault", "scratch"])
def test_a_central_machine_for_bastide_alone_says_so_itself(pilot: Estate, role: str) -> None:
    assert is_full(central(pilot, role, manage=Level.FULL))
    assert not is_managed(central(pilot, role, manage=None))
    inherited = pilot.model_copy(update={"manage": Level.FULL})
    assert refusal(central(inherited, role, manage=None))


def test_a_central_machine_for_bastide_may_also_resolve_names_and_be_polled(pilot: Estate) -> None:
    roles = (Role.OPERATIONS, Role.RESOLVER, Role.SNMP_AGENT)
    assert is_full(central(pilot, "operations", manage=Level.FULL, roles=roles))


@pytest.mark.parametrize(
    "change",
    [
        {"manage": Level.BASELINE},
        {"roles": (Role.OPERATIONS, Role.WEB)},
        {"roles": (Role.RESOLVER,)},
        {"listens": (Listen(port=8080, name="the old monitoring"),)},
    ],
    ids=["baseline", "serves citizens", "not of Bastide", "something else listens"],
)
def test_a_central_machine_that_does_other_work_is_an_existing_server(
    pilot: Estate, change: dict[str, object]
) -> None:
    assert refusal(central(pilot, "operations", **{"manage": Level.FULL, **change}))


def acceptance(reached: Level) -> Acceptance:
    """Somebody's acceptance of what a level cuts off: nothing."""
    return Acceptance.model_validate({"level": reached.value, "by": "Ana", "date": "2026-11-27"})


def test_a_municipalitys_own_vault_is_an_existing_server_like_any_other(pilot: Estate) -> None:
    entry = app(pilot, host={"roles": (Role.VAULT,), "manage": Level.FULL})
    assert "brezovik-app: manage: full" in refusal(entry)


def test_what_is_tried_out_on_one_host_is_not_refused_there(pilot: Estate) -> None:
    entry = app(pilot, estate={"preview": "brezovik-app"}, host={"manage": Level.FULL})
    assert refusal(entry) == ""
    assert is_full(entry)
    other = app(pilot, estate={"preview": "brezovik-edge"}, host={"manage": Level.FULL})
    assert refusal(other)


@pytest.mark.parametrize(
    ("wanted", "group"),
    [(Level.WATCH, "watched"), (Level.AUDIT, "watched"), (Level.FULL, "refused")],
)
def test_playbooks_know_each_host_by_one_group(pilot: Estate, wanted: Level, group: str) -> None:
    by_name = groups(app(pilot, host={"manage": wanted}).tenant.estate)
    of = [name for name in ("managed", "watched", "refused") if "brezovik-app" in by_name[name]]
    assert of == [group]


def central(whole: Estate, role: str, **changed: object) -> InventoryHost:
    """The central host of a role, with keys of it changed."""
    own = [h.model_copy(update=changed) if role in h.roles else h for h in whole.central.hosts]
    number = next(n for n, h in enumerate(whole.central.hosts) if role in h.roles)
    site = whole.central.model_copy(update={"hosts": tuple(own)})
    estate = whole.model_copy(update={"central": site})
    return [e for e in hosts(estate) if e.tenant.id == "central"][number]
