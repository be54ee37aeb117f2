"""The plan for rebuilding: hours where drills measured them, and "not measured" where none did."""

import json
from pathlib import Path

import pytest

from monitors.audit.host_files import newest_content
from monitors.continuity.plan_states import read_plan_states
from monitors.continuity.rebuild import HostRecovery, WaveRecovery, makespan, rebuild_plan
from tests.monitors.continuity.state_folder import (
    HOST,
    ago,
    lab_estate,
    put_bundle,
    put_drill,
    put_failed_drill,
    status_text,
)

HOSTS = 10

REBUILD = {
    "name": "rebuild the host",
    "depth": "L6",
    "recovery": True,
    "ok": True,
    "seconds": 5.0,
    "error": None,
}


def plan(state: Path, **options: object) -> tuple[WaveRecovery, ...]:
    states = read_plan_states(state, lab_estate(), newest_content)
    return rebuild_plan(lab_estate(), states, **options)  # type: ignore[arg-type]


def host(found: tuple[WaveRecovery, ...], name: str = HOST) -> HostRecovery:
    (one,) = (host for wave in found for host in wave.hosts if host.entry.name == name)
    return one


def test_where_nothing_was_drilled_nothing_is_measured(tmp_path: Path) -> None:
    found = plan(tmp_path)
    assert sum(wave.unmeasured for wave in found) == 4
    assert sum(wave.machines_unmeasured for wave in found) == HOSTS
    assert {wave.seconds for wave in found} == {0}
    assert host(found).seconds is None


def test_a_failed_drill_measures_nothing(tmp_path: Path) -> None:
    put_failed_drill(tmp_path, ago(days=1))
    assert host(plan(tmp_path)).seconds is None


def test_a_wave_is_held_against_what_the_drills_before_let_expect(tmp_path: Path) -> None:
    def missed() -> list[float]:
        return [wave.missed_by for wave in plan(tmp_path) if wave.missed_by is not None]

    names = ("velgora-app", "kastrava-app", "aynzuhur-server", "velgora-files")
    for number, name in enumerate(names):
        what = {"host": name, "municipality": name.partition("-")[0]}
        what["plan"] = "shares" if name == "velgora-files" else "permits"
        put_drill(tmp_path, ago(days=2), rto_seconds=100.0, bytes_restored=None, **what)
        if number == 1:
            assert missed() == []
        put_drill(tmp_path, ago(days=1), rto_seconds=110.0, bytes_restored=None, **what)
    assert missed() == [pytest.approx(0.1)] * len(missed())
    assert missed()


def test_a_host_without_copies_has_no_data_to_wait_for(tmp_path: Path) -> None:
    assert host(plan(tmp_path), "velgora-edge").seconds == 0


def test_data_takes_as_long_as_in_the_last_good_drill_and_the_machine_stays_unmeasured(
    tmp_path: Path,
) -> None:
    put_drill(tmp_path, ago(days=2), rto_seconds=60.0)
    put_failed_drill(tmp_path, ago(days=1))
    found = plan(tmp_path)
    assert host(found).seconds == 60
    assert not host(found).machine_measured
    assert host(found).plans[0].measured_at == ago(days=2)
    wave = next(wave for wave in found if wave.seconds)
    assert (wave.seconds, wave.unmeasured) == (60, 2)


def test_a_drill_that_rebuilt_the_machine_has_measured_it(tmp_path: Path) -> None:
    put_drill(tmp_path, ago(days=2), depth="L6", steps=[REBUILD])
    assert host(plan(tmp_path)).machine_measured
    assert sum(wave.machines_unmeasured for wave in plan(tmp_path)) == HOSTS - 1


def test_size_and_age_of_the_copy_are_those_that_the_host_said(tmp_path: Path) -> None:
    status = json.loads(status_text(ago(hours=2)))
    status["plans"][0]["last_run"] = {"ok": True, "size_bytes": 5e6}
    put_bundle(tmp_path, ago(minutes=1), json.dumps(status))
    (recovery,) = host(plan(tmp_path)).plans
    assert (recovery.octets, recovery.snapshot) == (5e6, ago(hours=2))


def test_one_town_is_planned_with_central(tmp_path: Path) -> None:
    found = plan(tmp_path, only="kastrava")
    tenants = {host.entry.tenant.id for wave in found for host in wave.hosts}
    assert tenants == {"kastrava", "central"}


@pytest.mark.parametrize(
    ("seconds", "at_once", "expected"),
    [([], 1, 0), ([3, 4, 5], 1, 12), ([3, 4, 5], 2, 8), ([3, 4, 5], 9, 5), ([5, 1, 1, 1], 2, 5)],
)
def test_restores_that_go_on_together_end_with_the_last(
    seconds: list[float], at_once: int, expected: float
) -> None:
    assert makespan(seconds, at_once) == expected
