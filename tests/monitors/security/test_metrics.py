"""Gauges of the newest results; a host that went silent keeps the time of its last answer."""

from datetime import timedelta
from pathlib import Path

import pytest

from inventory.model import Waiver
from monitors.metrics import render
from monitors.security.judge import all_errors
from monitors.security.metrics import collect
from monitors.security.results import AuditError, AuditRun, save
from tests.monitors.security.estates import TABLE, audit_run, declared, lab, with_waivers

FRESH = audit_run("fresh")
SILENT = "kastrava-app"


def later(run: AuditRun, hours: int) -> AuditRun:
    return run.model_copy(update={"started": run.started + timedelta(hours=hours)})


def silent_run() -> AuditRun:
    """Return a later run in which only one host was asked, and it did not answer."""
    host = next(h for h in FRESH.hosts if h.host == SILENT)
    lost = host.model_copy(
        update={
            "collected": None,
            "bundle": None,
            "problem": "gone",
            "results": all_errors(TABLE, declared(SILENT), "gone"),
        }
    )
    return later(FRESH.model_copy(update={"hosts": (lost,)}), 1)


def text(state: Path) -> str:
    return render(collect(state, lab()))


def value(rendered: str, name: str, **labels: str) -> float | None:
    for line in rendered.splitlines():
        if line.startswith(f"{name}{{") and all(f'{k}="{v}"' in line for k, v in labels.items()):
            return float(line.rsplit(" ", 1)[1])
    return None


def test_a_damaged_results_file_is_raised_not_read_over(tmp_path: Path) -> None:
    save(FRESH, tmp_path).write_text("[]")
    with pytest.raises(AuditError):
        list(collect(tmp_path, lab()))


def test_before_the_first_audit_there_is_nothing_but_no_error(tmp_path: Path) -> None:
    assert text(tmp_path) == ""


def test_a_host_that_went_silent_has_no_score_no_coverage_and_an_old_time(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    save(silent_run(), tmp_path)
    found = text(tmp_path)

    assert value(found, "bastide_security_score_ratio", host=SILENT) is None
    assert value(found, "bastide_security_coverage_ratio", host=SILENT) == 0
    assert value(found, "bastide_security_control_failing", host=SILENT) is None
    collected = next(h.collected for h in FRESH.hosts if h.host == SILENT)
    assert collected is not None
    last = value(found, "bastide_security_last_audit_timestamp_seconds", host=SILENT)
    assert last == collected.timestamp()


def test_a_run_of_one_host_does_not_hide_the_others(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    save(silent_run(), tmp_path)

    scored = [line for line in text(tmp_path).splitlines() if "_score_ratio{" in line]

    assert len([line for line in scored if "accepted" not in line]) == len(FRESH.hosts) - 1


def test_a_host_that_left_the_estate_leaves_the_metrics(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    smaller = lab().model_copy(update={"municipalities": ()})
    assert 'municipality="velgora"' not in render(collect(tmp_path, smaller))


def test_failures_are_series_of_their_own_and_waived_ones_are_apart(tmp_path: Path) -> None:
    ends = FRESH.started.date() + timedelta(days=30)
    waiver = Waiver(
        control="SSH-02",
        scope="velgora-app",
        reason="Keys come with the new help desk contract.",
        owner="Tarik Zuhr",
        approver="Mira Dolenc",
        measure="Logins from outside the management networks are dropped.",
        granted=FRESH.started.date(),
        expires=ends,
    )
    estate = with_waivers(waiver)
    save(audit_run("fresh", estate), tmp_path)
    found = render(collect(tmp_path, estate))

    app = {"host": "velgora-app", "municipality": "velgora", "control": "SSH-02"}
    assert value(found, "bastide_security_control_failing", **app) is None
    assert value(found, "bastide_security_control_waived", severity="high", **app) == 1
    edge = {**app, "host": "velgora-edge"}
    assert value(found, "bastide_security_control_failing", severity="high", **edge) == 1
    assert value(
        found, "bastide_security_waiver_expiry_timestamp_seconds", scope="velgora-app"
    ) == pytest.approx((ends - FRESH.started.date()).days * 86400 + day_start(), abs=1)


def day_start() -> float:
    start = FRESH.started.replace(hour=0, minute=0, second=0, microsecond=0)
    return start.timestamp() + 86400


def test_outcomes_are_counted_by_severity(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    labels = {"host": "velgora-app", "outcome": "fail", "severity": "high"}
    app = next(h for h in FRESH.hosts if h.host == "velgora-app")
    expected = sum(r.outcome == "fail" and r.severity == "high" for r in app.results)
    assert value(text(tmp_path), "bastide_security_controls", **labels) == expected
