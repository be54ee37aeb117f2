"""Vendors' profiles show what the devices said, in names and units that all vendors share.

``cases/recorded`` holds values read by eye off recordings of real devices, which are not part of
the project; where they are missing, nothing is tested. ``cases/synthetic`` holds small agents
written after the vendors' MIBs, for makes of which there is no recording.
"""

import re
from pathlib import Path

import pytest

from monitors.snmp.profile_files import shipped_profiles
from tests.monitors.snmp.profiles.asked import RECORDINGS, Asked, Case, ask, cases

CASES = Path(__file__).parent / "cases"
RECORDED = cases(CASES / "recorded")
SYNTHETIC = cases(CASES / "synthetic")
DEVICES = Path(__file__).resolve().parents[4] / "docs" / "snmp-devices.md"
ENTERPRISES = "1.3.6.1.4.1."
# Net-snmp's own, which every vendor's Linux has.
UCD = "1.3.6.1.4.1.2021."


def asked_real(case: Case) -> Asked:
    path = RECORDINGS / case.recording
    if not path.exists():
        pytest.skip(f"{path}: the recordings of real devices are not on this machine")
    return ask(path)


def held(case: Case, asked: Asked) -> None:
    assert set(case.profiles) <= set(asked.profiles)
    assert [line for line in case.shown if line not in asked.lines] == []
    assert asked.metrics & set(case.not_shown) == set()
    failed = [outcome for outcome in asked.outcomes if outcome.profile in case.profiles]
    assert [outcome for outcome in failed if not outcome.success] == []


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case.name)
def test_a_recorded_device_shows_what_it_said(case: Case) -> None:
    held(case, asked_real(case))


@pytest.mark.parametrize("case", SYNTHETIC, ids=lambda case: case.name)
def test_an_agent_after_the_mib_shows_what_it_says(case: Case) -> None:
    held(case, ask(CASES / "synthetic" / case.recording))


@pytest.mark.parametrize("case", SYNTHETIC, ids=lambda case: case.name)
def test_nothing_is_shown_that_the_case_does_not_expect(case: Case) -> None:
    given = {
        line
        for line in ask(CASES / "synthetic" / case.recording, case.profiles).lines
        if not line.startswith("#")
    }
    assert given <= set(case.shown)


def test_every_vendor_profile_has_a_case() -> None:
    tried = {name for case in (*RECORDED, *SYNTHETIC) for name in case.profiles}
    vendors = {
        profile.profile
        for profile in shipped_profiles().values()
        if all(root.startswith(ENTERPRISES) for root in profile.present)
    }
    assert vendors - tried == {"lm_sensors", "ucd", "ucd_disks", "ucd_watched"}


def test_the_table_of_devices_names_every_profile() -> None:
    named = set(re.findall(r"`([a-z0-9_]+)`", DEVICES.read_text(encoding="utf-8")))
    assert set(shipped_profiles()) - named == set()


def test_vendors_that_give_a_metric_agree_on_what_it_is() -> None:
    said: dict[str, set[tuple[str, str]]] = {}
    for profile in shipped_profiles().values():
        columns = (column for table in profile.tables for column in table.columns)
        for spec in (*profile.scalars, *columns):
            said.setdefault(spec.metric, set()).add((spec.type, spec.help))
    assert {name: meanings for name, meanings in said.items() if len(meanings) > 1} == {}
