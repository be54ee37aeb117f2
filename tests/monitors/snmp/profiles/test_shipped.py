"""The profiles that ship keep the rules of naming, labels and cost (test_profile has the rest)."""

from collections import Counter
from collections.abc import Iterator

import pytest

from monitors.snmp.profile import Number, Profile, Table
from monitors.snmp.profile_files import shipped_profiles

ALL = tuple(shipped_profiles().values())
# Other programs' names, which dashboards know: not snake_case, no _total, no base units.
OURS = "bastide_"
FAST_INTERFACE_COLUMNS = 13
LONGEST_HELP = 120
# Tables without bound, or of no use: bridges' and routers' tables, connections, programs.
NEVER_READ = (
    "1.3.6.1.2.1.3.1.1",
    "1.3.6.1.2.1.4.21",
    "1.3.6.1.2.1.4.22",
    "1.3.6.1.2.1.4.24.4",
    "1.3.6.1.2.1.4.24.7",
    "1.3.6.1.2.1.4.35",
    "1.3.6.1.2.1.6.13",
    "1.3.6.1.2.1.6.19",
    "1.3.6.1.2.1.17.4.3",
    "1.3.6.1.2.1.17.7.1.2.2",
    "1.3.6.1.2.1.25.4",
    "1.3.6.1.2.1.25.5",
    "1.3.6.1.2.1.25.6",
)


def numbers(profile: Profile) -> list[Number]:
    return [*profile.scalars, *(column for table in profile.tables for column in table.columns)]


def helps(profile: Profile) -> Iterator[tuple[str, str]]:
    yield from ((spec.metric, spec.help) for spec in numbers(profile))
    infos = (profile.info, *(table.info for table in profile.tables))
    yield from ((info.metric, info.help) for info in infos if info)


def addressed(table: Table) -> Iterator[str]:
    """The parts of a row that something in the table is addressed by."""
    for link in table.links:
        yield from link.by
    for text in (*table.labels, *(table.info.labels if table.info else ())):
        yield from text.by
    conditions = (
        table.only,
        table.omit,
        *(only for spec in table.columns for only in spec.only),
    )
    points = (spec.exponent for spec in table.columns)
    for part in (*conditions, *points):
        yield from part.by if part else ()


@pytest.mark.parametrize("profile", ALL, ids=lambda profile: profile.profile)
class TestProfile:
    def test_help_is_one_short_sentence(self, profile: Profile) -> None:
        odd = [
            metric
            for metric, text in helps(profile)
            if not text.endswith(".") or ". " in text or len(text) > LONGEST_HELP
        ]
        assert odd == []

    def test_our_counters_and_only_they_are_totals(self, profile: Profile) -> None:
        ours = [spec for spec in numbers(profile) if spec.metric.startswith(OURS)]
        odd = [s.metric for s in ours if (s.type == "counter") != s.metric.endswith("_total")]
        assert odd == []

    def test_rows_are_addressed_by_parts_that_they_have(self, profile: Profile) -> None:
        for table in profile.tables:
            parts = {part.label for part in table.index} | {link.label for link in table.links}
            assert set(addressed(table)) <= parts, table.table

    def test_no_label_stands_twice(self, profile: Profile) -> None:
        for table in profile.tables:
            named = [part.label for part in table.index if part.label]
            named += [link.label for link in table.links] + [text.label for text in table.labels]
            infos = named + [text.label for text in (table.info.labels if table.info else ())]
            assert [name for name, count in Counter(infos).items() if count > 1] == []
            added = {name for spec in table.columns for name in spec.labels}
            assert not added & set(named), table.table

    def test_tables_without_end_are_never_read(self, profile: Profile) -> None:
        read = [spec.oid for spec in numbers(profile)]
        read += [text.oid for t in profile.tables for text in (t.info.labels if t.info else ())]
        assert [o for o in read if f"{o}.".startswith(tuple(f"{n}." for n in NEVER_READ))] == []


def test_a_metric_has_states_from_whoever_gives_it_or_from_none() -> None:
    stated: dict[str, set[bool]] = {}
    for profile in ALL:
        for spec in numbers(profile):
            with_states = bool(spec.states or (spec.bits and not spec.matches))
            stated.setdefault(spec.metric, set()).add(with_states or "state" in spec.labels)
    assert [metric for metric, meanings in stated.items() if len(meanings) > 1] == []


def test_the_interfaces_are_asked_for_thirteen_columns_at_every_poll() -> None:
    """The thirty-two-bit ones fall away where better ones answer."""
    fast = [table for table in shipped_profiles()["interfaces"].tables if table.poll == "fast"]
    always = [spec.oid for table in fast for spec in table.columns if not spec.unless]
    assert len(always) == len(set(always)) == FAST_INTERFACE_COLUMNS
