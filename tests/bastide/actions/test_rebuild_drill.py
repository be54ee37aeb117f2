"""What a drill to depth L6 leaves: a result of each plan, of whatever it came to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bastide.actions import rebuild_drill
from bastide.actions.rebuild_drill import Rebuild
from bastide.support.estate import EstateContext
from inventory.load import load_estate
from inventory.paths import SHIPPED_ESTATES
from monitors.continuity.drill_history import drill_files
from monitors.continuity.objectives import backup_objectives
from monitors.continuity.records import Depth, read_drill

HOST = "kastrava-app"
STARTED = datetime.now(UTC) - timedelta(seconds=100)


@pytest.fixture
def work(tmp_path: Path) -> Rebuild:
    folder = SHIPPED_ESTATES / "lab"
    context = EstateContext(folder, load_estate(folder), tmp_path)
    plans = tuple(p for p in backup_objectives(context.estate) if p.host == HOST)
    return Rebuild(context, context, plans)


def step(name: str, seconds: float, *, recovery: bool, error: str | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "depth": "L6",
        "recovery": recovery,
        "ok": error is None,
        "seconds": seconds,
        "error": error,
    }


def test_a_rebuild_that_failed_measures_nothing_and_says_where(work: Rebuild) -> None:
    work.steps = [step("make the machines", 5, recovery=True, error="no room")]
    result = rebuild_drill._keep(work, work.plans[0], STARTED, "make the machines: no room")
    assert (result.ok, result.depth, result.rto_seconds) == (False, None, None)
    (files,) = drill_files(work.context.state).values()
    assert read_drill(files[0]).error == "make the machines: no room"


def test_a_rebuild_measures_what_a_recovery_takes_and_no_more(work: Rebuild) -> None:
    work.steps = [
        step("make the machines", 5, recovery=True),
        step("bring the copies beside", 7, recovery=False),
        step("restore all plans", 11, recovery=True),
    ]
    came = (STARTED - timedelta(minutes=30)).isoformat()
    work.restored["permits"] = {
        "snapshot": "ab", "data_from": came, "files": 44, "octets": 9, "rows": {"permits": 360},
    }  # fmt: skip
    result = rebuild_drill._keep(work, work.plans[0], STARTED, None)
    assert (result.ok, result.depth, result.rto_seconds) == (True, Depth.HOST, 16)
    assert result.rpo_seconds == pytest.approx(1800)
    assert (result.files_verified, result.rows, result.bytes_restored) == (44, {"permits": 360}, 9)


def test_the_machine_counts_once_for_a_host_of_two_plans(work: Rebuild) -> None:
    work.plans = (*work.plans, replace(work.plans[0], plan="other"))
    work.steps = [
        step("make the machines", 5, recovery=True),
        step("restore all plans", 11, recovery=True),
    ]
    for plan in work.plans:
        work.restored[plan.plan] = {"data_from": STARTED.isoformat(), "files": 1, "rows": {}}
    found = [rebuild_drill._keep(work, plan, STARTED, None) for plan in work.plans]
    assert [result.rto_seconds for result in found] == [16, 11]


def test_packages_that_are_here_already_are_not_fetched_again(
    work: Rebuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASTIDE_CACHE_HOME", str(tmp_path / "cache"))
    assert not rebuild_drill._packages(work.beside).exists(), "none are here"
    (tmp_path / "cache" / "apt" / "debian").mkdir(parents=True)
    (tmp_path / "cache" / "apt" / "debian" / "restic.deb").write_text("package")
    own = rebuild_drill._packages(work.beside)
    assert (own / "debian" / "restic.deb").read_text() == "package"
    assert rebuild_drill._packages(work.beside) == own
