"""Profiles are data: a wrong one is refused with its place, the shipped ones keep the rules."""

import re
import subprocess
from itertools import chain
from pathlib import Path

import pytest

from monitors.snmp import oid
from monitors.snmp.metric_families import Family, Sample, render
from monitors.snmp.profile import Info, Number, Profile
from monitors.snmp.profile_files import PROFILES, ProfileError, read_profile, shipped_profiles

CASES = Path(__file__).parent / "cases" / "profiles"
SHIPPED = list(shipped_profiles().values())
# The names of MIB objects, kept where the field's dashboards know them: not snake_case, no _total.
TRADITIONAL = re.compile(r"[a-z0-9]+[A-Z]\w*")


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_wrong_profile_is_refused_with_its_place(case: Path) -> None:
    expected = case.read_text(encoding="utf-8").splitlines()[0].removeprefix("# refused: ")
    with pytest.raises(ProfileError) as refusal:
        read_profile(case)
    assert case.name in str(refusal.value)
    assert expected in str(refusal.value)


def test_a_missing_file_is_refused_by_name() -> None:
    with pytest.raises(ProfileError, match=r"nothing-here\.yaml"):
        read_profile(CASES / "nothing-here.yaml")


def test_every_file_is_a_profile_and_system_comes_first() -> None:
    assert set(shipped_profiles()) == {path.stem for path in PROFILES.glob("*.yaml")}
    assert next(iter(shipped_profiles())) == "system"


@pytest.mark.parametrize("profile", SHIPPED, ids=lambda profile: profile.profile)
def test_what_a_profile_refers_to_is_there(profile: Profile) -> None:
    assert set(profile.unless) <= shipped_profiles().keys()
    names = [table.table for table in profile.tables]
    assert len(set(names)) == len(names)
    for table in profile.tables:
        parts = {part.label for part in table.index} | {link.label for link in table.links}
        texts = (*table.labels, *(table.info.labels if table.info else ()))
        wanted = {name for text in texts for name in text.by}
        wanted |= {name for only in (table.only, table.omit) if only for name in only.by}
        assert wanted <= parts, table.table


@pytest.mark.parametrize("profile", SHIPPED, ids=lambda profile: profile.profile)
def test_instances_are_for_scalars_and_columns_for_tables(profile: Profile) -> None:
    for root in profile.present:
        assert not root.endswith(".0"), "GETNEXT finds what lies below, not the instance itself"
        oid.encode(root)
    for spec in profile.scalars:
        assert re.search(r"\.\d+$", spec.oid), spec.metric
    for table in profile.tables:
        for spec in table.columns:
            assert not spec.oid.endswith(".0"), spec.metric


def numbers(profile: Profile) -> list[Number]:
    return [*profile.scalars, *(column for table in profile.tables for column in table.columns)]


def infos(profile: Profile) -> list[Info]:
    infos = (profile.info, *(table.info for table in profile.tables))
    return [info for info in infos if info]


def test_a_metric_has_one_type_and_one_meaning_wherever_it_comes_from() -> None:
    seen: dict[str, tuple[str, str]] = {}
    for spec in chain.from_iterable(map(numbers, SHIPPED)):
        assert seen.setdefault(spec.metric, (spec.type, spec.metric))[0] == spec.type, spec.metric


@pytest.mark.parametrize("profile", SHIPPED, ids=lambda profile: profile.profile)
def test_enumerated_values_are_written_without_contradiction(profile: Profile) -> None:
    for spec in numbers(profile):
        assert sum(map(bool, (spec.states, spec.matches))) <= 1, spec.metric
        assert spec.type == "gauge" or spec.scale > 0, spec.metric
        assert not (spec.bits and spec.states), spec.metric


def test_text_is_in_info_series_only() -> None:
    for profile in SHIPPED:
        for info in infos(profile):
            assert info.metric.endswith("_info"), info.metric
        for spec in numbers(profile):
            assert not spec.metric.endswith("_info"), spec.metric


def test_promtool_finds_nothing_to_say_about_our_own_names() -> None:
    ours = {
        spec.metric: Family(spec.metric, spec.help, spec.type, (Sample({}, 1),))
        for spec in chain.from_iterable(map(numbers, SHIPPED))
        if not TRADITIONAL.fullmatch(spec.metric)
    }
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=render(ours.values()),
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
