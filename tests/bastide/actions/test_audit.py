"""An audit with what belongs to it: kept, sealed, recorded; and each host's newest results."""

from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from bastide.actions import audit
from bastide.support.estate import EstateContext
from inventory.paths import SHIPPED_ESTATES
from monitors.audit.archive.runs import AuditError, load_latest, save
from monitors.audit.model.declared import UndeclaredHostError
from monitors.audit.model.results import AuditRun, HostAudit, Outcome
from tests.bastide.context import new_context
from tests.monitors.audit.estates import audit_run, lab


@cache
def recorded_run() -> AuditRun:
    return audit_run("hardened")


@pytest.fixture
def lab_context(tmp_path: Path) -> EstateContext:
    return EstateContext(SHIPPED_ESTATES / "lab", lab(), tmp_path)


def keep(context: EstateContext, *hosts: str, days: int, label: str = "audit") -> None:
    """Keep a run of some hosts of the lab, of all when none is named."""
    run = recorded_run().model_copy(update={"label": label})
    chosen = tuple(h for h in run.hosts if not hosts or h.host in hosts)
    started = run.started + timedelta(days=days)
    save(
        run.model_copy(update={"hosts": chosen, "started": started, "whole": not hosts}),
        context.state,
    )


def test_every_host_has_its_newest_results_of_whatever_run(lab_context: EstateContext) -> None:
    keep(lab_context, days=0)
    keep(lab_context, "kastrava-app", days=1)
    keep(lab_context, "velgora-app", "kastrava-app", days=2)
    keep(lab_context, "central-ops", days=3)

    newest = audit.newest_of_every_host(lab_context)

    first = min(run.started for run, _ in newest)
    days = {host.host: (run.started - first).days for run, host in newest}
    assert {name: day for name, day in days.items() if day} == {
        "central-ops": 3,
        "kastrava-app": 2,
        "velgora-app": 2,
    }
    assert len(days) == len(recorded_run().hosts)
    assert list(days) == sorted(days)


def test_of_a_label_only_its_runs_count(lab_context: EstateContext) -> None:
    keep(lab_context, days=0, label="before")
    keep(lab_context, days=1, label="after")
    assert {run.label for run, _ in audit.newest_of_every_host(lab_context, "before")} == {"before"}


def test_a_host_that_has_left_the_estate_is_left_out(lab_context: EstateContext) -> None:
    run = recorded_run()
    gone = run.hosts[0].model_copy(update={"host": "kastrava-gone"})
    save(run.model_copy(update={"hosts": (gone, *run.hosts)}), lab_context.state)
    assert "kastrava-gone" not in {h.host for _, h in audit.newest_of_every_host(lab_context)}


def test_without_an_audit_it_says_which_command_makes_one(lab_context: EstateContext) -> None:
    with pytest.raises(AuditError, match="no audit yet; run `bastide audit run`"):
        audit.newest_of_every_host(lab_context)
    keep(lab_context, "kastrava-app", days=0)
    with pytest.raises(AuditError, match="no audit of all hosts yet"):
        audit.newest_run(lab_context, whole=True)
    with pytest.raises(AuditError, match="with the label 'before'"):
        audit.newest_run(lab_context, "before")


def test_the_newest_whole_run_is_not_one_of_some_hosts(lab_context: EstateContext) -> None:
    keep(lab_context, days=0)
    keep(lab_context, "kastrava-app", days=1)
    assert audit.newest_run(lab_context, whole=True).whole
    assert not audit.newest_run(lab_context).whole


@pytest.fixture(scope="module")
def unreachable(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    """An estate whose hosts answer nothing."""
    return new_context(tmp_path_factory.mktemp("unreachable"), "127.80.0.")


def test_hosts_that_cannot_be_asked_are_kept_sealed_and_recorded(
    unreachable: EstateContext,
) -> None:
    shown: list[HostAudit] = []
    result = audit.run(unreachable, label="first", on_event=shown.append)

    assert {host.host for host in shown} == {host.host for host in result.run.hosts}
    assert all(host.problem for host in result.run.hosts)
    outcomes = {r.outcome for host in result.run.hosts for r in host.results}
    assert outcomes <= {Outcome.ERROR, Outcome.SKIP}
    assert result.link is not None
    assert load_latest(unreachable.state, "first") == result.run
    assert audit.history(unreachable) is not None


def test_a_host_that_is_not_the_estates_is_refused(unreachable: EstateContext) -> None:
    with pytest.raises(UndeclaredHostError):
        audit.run(unreachable, ["nobody"])


def test_what_cannot_be_sealed_is_a_problem_and_the_results_are_kept(tmp_path: Path) -> None:
    context = new_context(tmp_path, "127.81.0.")
    context.state.mkdir(parents=True, exist_ok=True)
    (context.state / "evidence").mkdir()
    (context.state / "evidence" / "signing.key").write_text("no key")

    result = audit.run(context, ["gornjilug-server"])

    assert result.link is None
    assert any("not sealed" in problem for problem in result.problems)
    assert load_latest(context.state) == result.run


def test_nothing_is_judged_again_by_the_same_checks(lab_context: EstateContext) -> None:
    run = recorded_run()
    assert audit.rejudged(lab_context, None, run) is None
    assert audit.rejudged(lab_context, run, run) is None


def test_a_bundle_that_is_gone_leaves_nothing_to_judge_again(lab_context: EstateContext) -> None:
    run = recorded_run()
    earlier = run.model_copy(update={"checks_sha256": "other"})
    assert audit.rejudged(lab_context, earlier, run) is None
