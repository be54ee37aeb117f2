"""The stages of `bastide up`: what each hands on, and what ends the run."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bastide.actions import ansible, audit, status
from bastide.actions.audit import BEFORE_HARDENING, AuditResult
from bastide.actions.up import stages, wait_for_targets
from bastide.actions.up.results import StageResults, UpRun
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context
from bastide.support.progress import Progress
from inventory.enums import Level
from inventory.load import load_estate
from monitors.audit.archive.runs import load_latest
from tests.bastide.context import lab_context, new_context
from tests.bastide.prometheus_server import Monitored, watching
from tests.monitors.audit.evidence.sealed_runs import audited

NETWORK = "127.85.0."


def up_run(context: EstateContext) -> UpRun:
    return UpRun(context, Progress(Console(file=io.StringIO(), width=200)))


def printed(up: UpRun) -> str:
    output = up.progress.console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    return new_context(tmp_path_factory.mktemp("stages"), NETWORK)


@pytest.fixture
def monitored(context: EstateContext) -> Iterator[Monitored]:
    with watching(context, NETWORK) as everything:
        yield everything


def test_hosts_are_audited_before_and_after_they_are_hardened() -> None:
    names = [stage.name for stage in stages.STAGES]
    assert names.index("baseline") < names.index("converge") < names.index("audit")
    assert stages.PLAYBOOKS.index("configure") < stages.PLAYBOOKS.index("harden")
    assert stages.PLAYBOOKS.index("backup") < stages.PLAYBOOKS.index("restore_drill")
    assert names[0] == "check"
    assert names[-1] == "report"


def test_the_estate_is_counted(context: EstateContext) -> None:
    up = up_run(context)
    stages.check(up, StageResults())
    assert "1 municipalities, 5 hosts, 1 devices" in printed(up)


def test_secrets_that_are_missing_end_the_run_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BASTIDE_SNMP_AUTH", raising=False)
    pilot = replace(estate_context("pilot"), state=tmp_path / "state")
    with pytest.raises(CommandError, match=r"secrets are missing:\n.*BASTIDE_SNMP_AUTH") as caught:
        stages.provide(up_run(pilot), StageResults())
    assert caught.value.code is Exit.WRONG_USE
    assert not pilot.state.exists()


def test_the_first_audit_of_all_is_kept_as_the_baseline(tmp_path: Path) -> None:
    first = audited(tmp_path, "fresh")
    file = next((tmp_path / "audits").glob("*.json"))
    kept = first.model_copy(update={"label": BEFORE_HARDENING})
    file.with_name(file.name.replace(first.label, BEFORE_HARDENING)).write_text(
        kept.model_dump_json()
    )
    up = up_run(lab_context(tmp_path))
    assert stages.first_audit(up, StageResults()).before == kept
    assert "kept from" in printed(up)


def test_without_a_baseline_the_hosts_are_configured_first(tmp_path: Path) -> None:
    unreachable = new_context(tmp_path, "127.86.1.", managed=True)
    with pytest.raises(CommandError, match=r"\(configure\) failed on .*gornjilug-server"):
        stages.first_audit(up_run(unreachable), StageResults())
    assert load_latest(unreachable.state, BEFORE_HARDENING) is None


def test_a_playbook_that_fails_ends_the_run_and_names_hosts_and_log(tmp_path: Path) -> None:
    unreachable = new_context(tmp_path, "127.86.0.", managed=True)
    up = up_run(unreachable)
    with pytest.raises(CommandError, match=r"harden, .* failed on .*gornjilug-server") as caught:
        stages.converge(up, StageResults())
    assert caught.value.code is Exit.FINDINGS
    assert "logs/up.log" in str(caught.value)
    assert "!! gornjilug-server   1 unreachable" in printed(up)
    assert "bastide-backup" not in (unreachable.state / "logs" / "up.log").read_text()


def test_the_report_has_the_status_as_it_is_at_the_end(
    context: EstateContext, monitored: Monitored
) -> None:
    up = up_run(context)
    results = stages.second_audit(up, StageResults())
    monitored.fire("HostDown", host="gornjilug-server")
    results = stages.report(up, results)
    assert results.report is not None
    assert results.report.html.read_text().startswith("<!")
    assert results.status is not None
    assert [alert.name for alert in results.status.alerts] == ["HostDown"]


def test_without_a_second_audit_there_is_no_report(context: EstateContext) -> None:
    assert stages.report(up_run(context), StageResults()) == StageResults()


def test_targets_are_waited_for(context: EstateContext, monitored: Monitored) -> None:
    monitored.targets[0]["health"] = "unknown"
    rounds: list[str] = []
    answer = monitored.answer

    def recover(path: str) -> object:
        if path.startswith("/api/v1/targets"):
            rounds.append(path)
        if len(rounds) > 1:
            monitored.targets[0]["health"] = "up"
        return answer(path)

    monitored.answer = recover  # type: ignore[method-assign]
    reached = wait_for_targets.wait(context, up_run(context).progress, settle=False)
    assert not reached.wrong
    assert len(rounds) == 2


@pytest.mark.parametrize(("settle", "firing"), [(True, []), (False, ["ControlFailing"])])
def test_an_alert_that_the_run_has_mended_is_waited_for(
    context: EstateContext, monitored: Monitored, settle: bool, firing: list[str]
) -> None:
    monitored.fire("ControlFailing", host="gornjilug-server")
    asked: list[str] = []
    most = float("inf")
    answer = monitored.answer

    def mended(path: str) -> object:
        asked.append(path)
        if len(asked) > most:
            monitored.alerts.clear()
        return answer(path)

    monitored.answer = mended  # type: ignore[method-assign]
    status.read(context)
    # From the second look of the wait on.
    most = 2 * len(asked)
    reached = wait_for_targets.wait(context, up_run(context).progress, settle=settle)
    assert [alert.name for alert in reached.alerts] == firing


def test_patience_ends_and_what_is_wrong_is_returned(
    context: EstateContext, monitored: Monitored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait_for_targets, "PATIENCE_SECONDS", 0.0)
    monitored.targets[0]["health"] = "down"
    assert wait_for_targets.wait(context, up_run(context).progress, settle=False).wrong


def test_no_answer_at_all_is_an_error_when_patience_ends(
    context: EstateContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait_for_targets, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(CommandError, match="could not check"):
        wait_for_targets.wait(context, up_run(context).progress, settle=False)


@pytest.fixture
def watched(tmp_path: Path) -> EstateContext:
    """An estate whose hosts are all watched only, the operations host as well."""
    context = new_context(tmp_path, "127.86.2.")
    for file in context.folder.glob("**/*.yml"):
        file.write_text(file.read_text().replace("    manage: full\n", ""))
    return replace(context, estate=load_estate(context.folder))


def test_where_nothing_is_managed_or_audited_no_host_is_logged_in_to(
    watched: EstateContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def log_in(*_: object, **__: object) -> None:
        raise AssertionError("logged in")

    monkeypatch.setattr(ansible, "run", log_in)
    monkeypatch.setattr(audit, "run", log_in)
    monkeypatch.setattr(stages, "poll_once", lambda *_, **__: ())
    up = up_run(watched)
    results = StageResults()
    for stage in (stages.check, stages.first_audit, stages.converge, stages.second_audit):
        results = stage(up, results)
    results = stages.report(up, stages.collect(up, results))
    assert results == StageResults()
    text = printed(up)
    assert "0 of 5 hosts at baseline or above: 5 watch" in text
    assert "none run: no host is at baseline or above" in text
    assert "nothing to audit: no host is at audit or above" in text
    assert "!! prometheus" in text
    assert "write manage: full at it" in text


def test_where_hosts_are_audited_only_no_playbook_runs(
    watched: EstateContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    audits: list[str] = []
    run = audited(watched.state, "fresh")

    def audit_now(*_: object, label: str, **__: object) -> AuditResult:
        audits.append(label)
        return AuditResult(run, None)

    monkeypatch.setattr(audit, "run", audit_now)
    monkeypatch.setattr(ansible, "run", lambda *_, **__: pytest.fail("a playbook ran"))
    estate = watched.estate.model_copy(update={"manage": Level.AUDIT})
    up = up_run(replace(watched, estate=estate))
    results = StageResults()
    for stage in (stages.first_audit, stages.converge, stages.second_audit):
        results = stage(up, results)
    assert audits == ["before", "after"]
    assert results.before == results.after == run
