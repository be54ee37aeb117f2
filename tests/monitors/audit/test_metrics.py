"""Gauges of the newest results; a host that went silent keeps the time of its last answer."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from inventory.model.estate import Estate
from inventory.model.waivers import Waiver
from monitors.audit.archive.runs import AuditError, save
from monitors.audit.history.database import ENVIRONMENT, StoreError, store_url
from monitors.audit.history.record import record
from monitors.audit.judge.host_results import all_errors
from monitors.audit.metrics import collect
from monitors.audit.model.results import AuditRun, Outcome
from monitors.audit.model.score import STALE_AFTER
from tests.monitors.audit.estates import TABLE, audit_run, declared, lab, with_waivers
from tests.monitors.exposed import exposed, signatures

FRESH = audit_run("fresh", with_waivers())
SILENT = "kastrava-app"
DAY = FRESH.started.date()


@pytest.fixture(autouse=True)
def own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)


def waiver(scope: str, expires: date, control: str = "SSH-02", **more: Any) -> Waiver:
    return Waiver(
        control=control,
        scope=scope,
        reason="Keys come with the new help desk contract.",
        owner="Tarik Zuhr",
        approver="Mira Dolenc",
        measure="Logins from outside the management networks are dropped.",
        granted=more.get("granted", DAY),
        expires=expires,
    )


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


def text(state: Path, estate: Estate | None = None, now: datetime | None = None) -> str:
    return exposed(collect(state, estate or with_waivers(), now or FRESH.started))


def samples(rendered: str) -> list[str]:
    return [line for line in rendered.splitlines() if not line.startswith("#")]


def value(rendered: str, name: str, **labels: str) -> float | None:
    for line in rendered.splitlines():
        if line.startswith(f"{name}{{") and all(f'{k}="{v}"' in line for k, v in labels.items()):
            return float(line.rsplit(" ", 1)[1])
    return None


def test_a_damaged_results_file_is_raised_not_read_over(tmp_path: Path) -> None:
    save(FRESH, tmp_path).write_text("[]")
    with pytest.raises(AuditError):
        list(collect(tmp_path, with_waivers()))


def test_before_the_first_audit_there_is_nothing_but_no_error(tmp_path: Path) -> None:
    assert samples(text(tmp_path)) == []


def test_before_the_first_audit_a_waiver_is_no_measurement(tmp_path: Path) -> None:
    assert samples(text(tmp_path, with_waivers(waiver("velgora", DAY)))) == []


def test_a_history_that_cannot_be_read_costs_its_own_series_only(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    (tmp_path / "store.sqlite").write_bytes(b"no database" * 1000)
    metrics: list[Metric] = []
    with pytest.raises(StoreError, match="it is damaged"):
        metrics.extend(collect(tmp_path, with_waivers(), FRESH.started))
    assert value(exposed(metrics), "bastide_security_score_ratio", host=SILENT) is not None


def test_a_host_that_went_silent_has_no_score_no_coverage_and_an_old_time(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    save(silent_run(), tmp_path)
    metrics = text(tmp_path)

    assert value(metrics, "bastide_security_score_ratio", host=SILENT) is None
    assert value(metrics, "bastide_security_coverage_ratio", host=SILENT) == 0
    assert value(metrics, "bastide_security_audit_success", host=SILENT) == 0
    assert value(metrics, "bastide_security_audit_success", host="velgora-app") == 1
    last = value(metrics, "bastide_security_last_audit_timestamp_seconds", host=SILENT)
    assert last == FRESH.started.timestamp()


def test_silence_mends_no_failure_and_is_not_reported_control_by_control(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    before = series(text(tmp_path), "bastide_security_control_failing", SILENT)
    save(silent_run(), tmp_path)
    metrics = text(tmp_path)

    assert before
    assert series(metrics, "bastide_security_control_failing", SILENT) == before
    assert series(metrics, "bastide_security_control_undetermined", SILENT) == []


def test_results_of_more_than_two_days_ago_are_no_score(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    in_time = text(tmp_path, now=FRESH.started + STALE_AFTER)
    too_late = text(tmp_path, now=FRESH.started + STALE_AFTER + timedelta(seconds=1))

    assert value(in_time, "bastide_security_score_ratio", host=SILENT) is not None
    assert value(too_late, "bastide_security_score_ratio", host=SILENT) is None
    assert value(too_late, "bastide_security_coverage_ratio", host=SILENT) == 0
    assert 'outcome="pass"' not in too_late


def test_a_host_never_audited_has_a_coverage_of_nothing(tmp_path: Path) -> None:
    hosts = tuple(host for host in FRESH.hosts if host.host != SILENT)
    save(FRESH.model_copy(update={"hosts": hosts}), tmp_path)
    metrics = text(tmp_path)

    assert value(metrics, "bastide_security_coverage_ratio", host=SILENT) == 0
    assert value(metrics, "bastide_security_score_ratio", host=SILENT) is None


def test_a_control_that_could_not_be_determined_is_a_series(tmp_path: Path) -> None:
    host = FRESH.hosts[0]
    lost = host.results[0].model_copy(update={"outcome": Outcome.ERROR})
    partly = host.model_copy(update={"results": (lost, *host.results[1:])})
    save(FRESH.model_copy(update={"hosts": (partly, *FRESH.hosts[1:])}), tmp_path)

    labels = {"host": host.host, "control": lost.control, "severity": lost.severity}
    assert value(text(tmp_path), "bastide_security_control_undetermined", **labels) == 1


def test_the_first_failure_is_dated_while_it_lasts(tmp_path: Path) -> None:
    again = later(FRESH, 5)
    for run in (FRESH, again):
        save(run, tmp_path)
        record(store_url(tmp_path), run)
    save(silent_run(), tmp_path)
    metrics = text(tmp_path)

    name = "bastide_security_control_first_failed_timestamp_seconds"
    first = value(metrics, name, host=SILENT, control="SSH-02", municipality="kastrava")
    assert first == FRESH.started.timestamp()
    assert value(metrics, name, host=SILENT, control="ACC-01") is None
    # It has failed for as long as anybody knows: nobody took a protection away.
    assert "bastide_security_control_broken_timestamp_seconds{" not in metrics


def test_what_passed_before_is_dated_from_when_it_broke(tmp_path: Path) -> None:
    broken = later(FRESH, 5)
    for run in (audit_run("hardened"), broken):
        save(run, tmp_path)
        record(store_url(tmp_path), run)

    name = "bastide_security_control_broken_timestamp_seconds"
    labels = {"host": "velgora-app", "municipality": "velgora", "control": "SSH-02"}
    assert value(text(tmp_path), name, **labels) == broken.started.timestamp()


def test_the_control_set_is_named_so_that_scores_are_compared_within_it(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    labels = {"host": SILENT, "controls": TABLE.sha256[:12], "score_model": "1"}
    assert value(text(tmp_path), "bastide_security_control_set_info", **labels) == 1


def test_a_run_of_one_host_does_not_hide_the_others(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    save(silent_run(), tmp_path)

    scored = [line for line in text(tmp_path).splitlines() if "_score_ratio{" in line]

    assert len([line for line in scored if "accepted" not in line]) == len(FRESH.hosts) - 1


def test_a_host_that_left_the_estate_leaves_the_metrics(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    smaller = lab().model_copy(update={"municipalities": ()})
    assert 'municipality="velgora"' not in exposed(collect(tmp_path, smaller))


def test_failures_are_series_of_their_own_and_waived_ones_are_apart(tmp_path: Path) -> None:
    estate = with_waivers(waiver("velgora-app", DAY + timedelta(days=30)))
    save(audit_run("fresh", estate), tmp_path)
    metrics = text(tmp_path, estate)

    app = {"host": "velgora-app", "municipality": "velgora", "control": "SSH-02"}
    assert value(metrics, "bastide_security_control_failing", **app) is None
    assert value(metrics, "bastide_security_control_waived", severity="high", **app) == 1
    edge = {**app, "host": "velgora-edge"}
    assert value(metrics, "bastide_security_control_failing", severity="high", **edge) == 1


def test_a_waiver_ends_with_its_last_day_and_belongs_to_who_must_renew_it(tmp_path: Path) -> None:
    ends = DAY + timedelta(days=30)
    renewal = waiver("velgora", ends + timedelta(days=31), granted=ends + timedelta(days=1))
    estate = with_waivers(
        renewal, waiver("velgora", ends), waiver("velgora-app", ends), waiver("estate", ends)
    )
    save(FRESH, tmp_path)
    metrics = text(tmp_path, estate)

    name = "bastide_security_waiver_expiry_timestamp_seconds"
    over = (midnight() + timedelta(days=31)).timestamp()
    assert (
        value(metrics, name, scope="velgora-app", municipality="velgora", host="velgora-app")
        == over
    )
    assert value(metrics, name, scope="estate", municipality="central", host="") == over
    renewed = value(metrics, name, scope="velgora", municipality="velgora")
    assert renewed == over + timedelta(days=31).total_seconds()
    assert len([line for line in metrics.splitlines() if line.startswith(f"{name}{{")]) == 3


def test_a_waiver_of_an_unknown_control_is_reported(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    estate = with_waivers(waiver("velgora", DAY, control="SSH-98"), waiver("velgora", DAY))
    metrics = text(tmp_path, estate)

    name = "bastide_security_waiver_unknown_control"
    assert value(metrics, name, control="SSH-98", scope="velgora", municipality="velgora") == 1
    assert value(metrics, name, control="SSH-02") is None


def midnight() -> datetime:
    return FRESH.started.replace(hour=0, minute=0, second=0, microsecond=0)


def series(rendered: str, name: str, host: str) -> list[str]:
    lines = (line for line in rendered.splitlines() if line.startswith(f"{name}{{"))
    return sorted(line for line in lines if f'host="{host}"' in line)


def test_outcomes_are_counted_by_severity(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    labels = {"host": "velgora-app", "outcome": "fail", "severity": "high"}
    app = next(h for h in FRESH.hosts if h.host == "velgora-app")
    expected = sum(r.outcome == "fail" and r.severity == "high" for r in app.results)
    assert value(text(tmp_path), "bastide_security_controls", **labels) == expected


def test_a_failing_control_is_told_in_words(tmp_path: Path) -> None:
    save(FRESH, tmp_path)
    told = {
        sample.labels["control"]: sample.labels["finding"]
        for family in text_string_to_metric_families(text(tmp_path))
        for sample in family.samples
        if sample.name == "bastide_security_control_info"
    }
    failing = {r.control for h in FRESH.hosts for r in h.results if r.outcome is Outcome.FAIL}
    rows = {control: TABLE[control] for control in failing}
    assert told == {control: row.finding or f"not so: {row.title}" for control, row in rows.items()}


def test_names_types_and_labels_are_those_that_rules_and_dashboards_join_on(
    tmp_path: Path,
) -> None:
    estate = with_waivers(
        waiver("velgora-app", DAY + timedelta(days=30)), waiver("velgora", DAY, control="SSH-98")
    )
    run = audit_run("fresh", estate)
    host = run.hosts[0]
    lost = host.results[0].model_copy(update={"outcome": Outcome.ERROR})
    partly = host.model_copy(update={"results": (lost, *host.results[1:])})
    run = later(run.model_copy(update={"hosts": (partly, *run.hosts[1:])}), 5)
    for each in (audit_run("hardened"), run):
        save(each, tmp_path)
        record(store_url(tmp_path), each)

    host_labels, waiver_labels = ("host", "municipality"), ("control", "host", "municipality")
    expected = {
        "score_ratio": host_labels,
        "accepted_score_ratio": host_labels,
        "coverage_ratio": host_labels,
        "controls": (*host_labels, "outcome", "severity"),
        "control_failing": (*waiver_labels, "severity"),
        "control_info": ("control", "finding"),
        "control_waived": (*waiver_labels, "severity"),
        "control_undetermined": (*waiver_labels, "severity"),
        "audit_success": host_labels,
        "last_audit_timestamp_seconds": host_labels,
        "control_set_info": ("controls", *host_labels, "score_model"),
        "waiver_expiry_timestamp_seconds": (*waiver_labels, "scope"),
        "waiver_unknown_control": (*waiver_labels, "scope"),
        "control_first_failed_timestamp_seconds": waiver_labels,
        "control_broken_timestamp_seconds": waiver_labels,
    }
    assert signatures(text(tmp_path, estate)) == {
        f"bastide_security_{name}": ("gauge", labels) for name, labels in expected.items()
    }
