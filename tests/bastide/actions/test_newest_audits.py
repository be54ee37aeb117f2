"""Each host's newest results, and the newest run of all hosts."""

from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from bastide.actions.newest_audits import newest_of_every_host, newest_run
from bastide.support.estate import EstateContext
from monitors.audit.archive.runs import AuditError, save
from monitors.audit.model.results import AuditRun
from tests.bastide.context import lab_context
from tests.monitors.audit.estates import audit_run


@cache
def recorded_run() -> AuditRun:
    return audit_run("hardened")


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    return lab_context(tmp_path)


def keep(context: EstateContext, *hosts: str, days: int, label: str = "audit") -> None:
    """Keep a run of some hosts of the lab, of all when none is named."""
    run = recorded_run().model_copy(update={"label": label})
    chosen = tuple(h for h in run.hosts if not hosts or h.host in hosts)
    started = run.started + timedelta(days=days)
    save(
        run.model_copy(update={"hosts": chosen, "started": started, "whole": not hosts}),
        context.state,
    )


def test_every_host_has_its_newest_results_of_whatever_run(context: EstateContext) -> None:
    keep(context, days=0)
    keep(context, "kastrava-app", days=1)
    keep(context, "velgora-app", "kastrava-app", days=2)
    keep(context, "central-ops", days=3)

    newest = newest_of_every_host(context)

    first = min(run.started for run, _ in newest)
    days = {host.host: (run.started - first).days for run, host in newest}
    assert {name: day for name, day in days.items() if day} == {
        "central-ops": 3,
        "kastrava-app": 2,
        "velgora-app": 2,
    }
    assert len(days) == len(recorded_run().hosts)
    assert list(days) == sorted(days)


def test_of_a_label_only_its_runs_count(context: EstateContext) -> None:
    keep(context, days=0, label="before")
    keep(context, days=1, label="after")
    assert {run.label for run, _ in newest_of_every_host(context, "before")} == {"before"}


def test_a_host_that_has_left_the_estate_is_left_out(context: EstateContext) -> None:
    run = recorded_run()
    gone = run.hosts[0].model_copy(update={"host": "kastrava-gone"})
    save(run.model_copy(update={"hosts": (gone, *run.hosts)}), context.state)
    assert "kastrava-gone" not in {h.host for _, h in newest_of_every_host(context)}


def test_without_an_audit_it_says_which_command_makes_one(context: EstateContext) -> None:
    with pytest.raises(AuditError, match="no audit yet; run `bastide audit run`"):
        newest_of_every_host(context)
    keep(context, "kastrava-app", days=0)
    with pytest.raises(AuditError, match="no audit of all hosts yet"):
        newest_run(context, whole=True)
    with pytest.raises(AuditError, match="with the label 'before'"):
        newest_run(context, "before")


def test_the_newest_whole_run_is_not_one_of_some_hosts(context: EstateContext) -> None:
    keep(context, days=0)
    keep(context, "kastrava-app", days=1)
    assert newest_run(context, whole=True).whole
    assert not newest_run(context).whole
