"""An audit with what belongs to it: kept, sealed, recorded."""

from dataclasses import replace
from pathlib import Path

import pytest

from bastide.actions import audit
from bastide.actions.audit_output import describe_coverage
from bastide.support.estate import EstateContext
from inventory.entries import hosts
from inventory.enums import Level
from inventory.levels import level
from monitors.audit.archive.runs import load_latest
from monitors.audit.model.declared import UndeclaredHostError
from monitors.audit.model.results import HostAudit, Outcome
from tests.bastide.context import lab_context, new_context
from tests.monitors.audit.estates import audit_run


@pytest.fixture(scope="module")
def unreachable(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    """An estate whose hosts answer nothing."""
    return readable(new_context(tmp_path_factory.mktemp("unreachable"), "127.80.0."))


def readable(context: EstateContext) -> EstateContext:
    """Return an estate whose hosts may be logged in to."""
    return replace(context, estate=context.estate.model_copy(update={"manage": Level.AUDIT}))


def test_hosts_that_cannot_be_asked_are_kept_sealed_and_recorded(
    unreachable: EstateContext,
) -> None:
    shown: list[HostAudit] = []
    result = audit.run(unreachable, label="first", on_event=shown.append)

    assert {host.host for host in shown} == {host.host for host in result.run.hosts} != set()
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
    context = readable(new_context(tmp_path, "127.81.0."))
    context.state.mkdir(parents=True, exist_ok=True)
    (context.state / "evidence").mkdir()
    (context.state / "evidence" / "signing.key").write_text("no key")

    result = audit.run(context, ["gornjilug-server"])

    assert result.link is None
    assert any("not sealed" in problem for problem in result.problems)
    assert load_latest(context.state) == result.run


def test_nothing_is_judged_again_by_the_same_checks(tmp_path: Path) -> None:
    run = audit_run("hardened")
    assert audit.rejudged(lab_context(tmp_path), None, run) is None
    assert audit.rejudged(lab_context(tmp_path), run, run) is None


def test_a_bundle_that_is_gone_leaves_nothing_to_judge_again(tmp_path: Path) -> None:
    run = audit_run("hardened")
    earlier = run.model_copy(update={"checks_sha256": "other"})
    assert audit.rejudged(lab_context(tmp_path), earlier, run) is None


def test_hosts_that_are_only_watched_are_not_asked_and_are_counted(tmp_path: Path) -> None:
    context = new_context(tmp_path, "127.82.0.")
    watched = context.estate.model_copy(update={"manage": Level.WATCH})
    run = audit.run(replace(context, estate=watched)).run

    names = {entry.name for entry in hosts(watched) if level(entry) is Level.WATCH}
    assert {host.host for host in run.watched} == names != set()
    assert not names & {host.host for host in run.hosts}
    said = describe_coverage(run)
    assert f"{run.asked} of {len(list(hosts(watched)))} hosts audited" in said
    assert all(name in said.partition("at level watch")[2] for name in names)
