"""Profiles are data: a wrong one is refused with its place, the shipped ones keep the rules."""

import subprocess
from pathlib import Path
from typing import get_args

import pytest

from inventory.words import DeviceKind
from monitors.metrics import Family, Sample, render
from monitors.snmp.profile import (
    PROFILES,
    Kind,
    Number,
    Profile,
    ProfileError,
    profiles_for,
    read_profile,
    shipped_profiles,
)

CASES = Path(__file__).parent / "cases" / "profiles"
# IF-MIB keeps the names that the field's dashboards know: not snake_case, no _total.
TRADITIONAL = "if"


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_wrong_profile_is_refused_with_its_place(case: Path) -> None:
    expected = case.read_text(encoding="utf-8").splitlines()[0].removeprefix("# refused: ")
    with pytest.raises(ProfileError) as refusal:
        read_profile(case)
    assert case.name in str(refusal.value)
    assert expected in str(refusal.value)


def test_every_file_is_a_collector_of_its_name() -> None:
    assert {p.collector for p in shipped_profiles()} == {p.stem for p in PROFILES.glob("*.yaml")}


def test_the_kinds_are_those_of_the_inventory_and_hosts() -> None:
    assert set(get_args(Kind)) == {*DeviceKind, "host"}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_has_the_system_collector_first(kind: str) -> None:
    assert profiles_for(kind)[0].collector == "system"


def numbers(profile: Profile) -> list[Number]:
    return [*profile.scalars, *(column for table in profile.tables for column in table.columns)]


def test_no_two_collectors_give_one_metric() -> None:
    names = [
        name
        for profile in shipped_profiles()
        for name in {spec.metric for spec in numbers(profile)}
    ]
    assert len(names) == len(set(names))


def test_promtool_finds_nothing_to_say_about_our_own_names() -> None:
    families = [
        Family(spec.metric, spec.help, spec.type, (Sample({}, 1),))
        for profile in shipped_profiles()
        for spec in numbers(profile)
        if not spec.metric.startswith(TRADITIONAL)
    ]
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=render(families),
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
