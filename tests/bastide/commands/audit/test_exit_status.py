"""The exit status of every `bastide audit`: well, findings, wrong use, could not check."""

from pathlib import Path

import pytest

from bastide.actions.audit_output import counts_of, exit_of
from bastide.commands.audit.verify import exit_of_recomputed
from bastide.support.errors import Exit
from monitors.audit.archive.runs import save
from monitors.audit.evidence.recompute import Recomputed
from monitors.audit.model.results import HostAudit, Outcome
from tests.command import bastide_here, bastide_json
from tests.monitors.audit.estates import audit_run, host_audit
from tests.monitors.audit.evidence.sealed_runs import audited

HOST = "kastrava-app"


def with_outcomes(*outcomes: Outcome, problem: str = "") -> HostAudit:
    """A host's results, one of each outcome that is named."""
    host = host_audit(HOST, "hardened")
    template = host.results[0]
    results = tuple(template.model_copy(update={"outcome": outcome}) for outcome in outcomes)
    return host.model_copy(update={"results": results, "problem": problem})


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (with_outcomes(Outcome.PASS, Outcome.SKIP), Exit.WELL),
        (with_outcomes(Outcome.PASS, Outcome.FAIL), Exit.FINDINGS),
        (with_outcomes(Outcome.PASS, Outcome.ERROR), Exit.FINDINGS),
        (with_outcomes(Outcome.ERROR, problem="unreachable"), Exit.COULD_NOT_CHECK),
    ],
    ids=["passes", "fails", "undetermined", "unreachable"],
)
def test_a_run_means_the_worst_of_its_hosts(host: HostAudit, status: Exit) -> None:
    assert exit_of([host]) is status
    assert exit_of([with_outcomes(Outcome.PASS), host]) is status


def test_unreachable_weighs_more_than_a_finding() -> None:
    failing, unreachable = with_outcomes(Outcome.FAIL), with_outcomes(problem="unreachable")
    assert exit_of([failing, unreachable]) is Exit.COULD_NOT_CHECK


def test_counts_are_of_all_hosts_together() -> None:
    hosts = [with_outcomes(Outcome.PASS, Outcome.FAIL), with_outcomes(Outcome.PASS)]
    assert counts_of(hosts) == {"pass": 2, "fail": 1, "error": 0, "skip": 0}


@pytest.mark.parametrize(
    ("differing", "same_checks", "status"),
    [
        ((), True, Exit.WELL),
        ((), False, Exit.WELL),
        (("kastrava-app SSH-01",), True, Exit.FINDINGS),
        (("kastrava-app SSH-01",), False, Exit.COULD_NOT_CHECK),
    ],
)
def test_what_judging_again_means(
    differing: tuple[str, ...], same_checks: bool, status: Exit
) -> None:
    assert exit_of_recomputed(Recomputed(10, differing, (), same_checks)) is status


def audit(home: Path, *arguments: str) -> int:
    done = bastide_here("audit", *arguments, "--estate", "lab", BASTIDE_STATE_HOME=str(home))
    assert done.returncode == 0 or done.stderr or done.stdout
    return done.returncode


def test_show_exits_1_when_a_control_fails_and_lists_every_host(tmp_path: Path) -> None:
    run = audit_run("fresh")
    save(run, tmp_path / "lab")
    values = bastide_json("audit", "show", "--estate", "lab", BASTIDE_STATE_HOME=str(tmp_path))
    assert {host["host"] for host in values["hosts"]} == {host.host for host in run.hosts}
    assert values["counts"] == counts_of(run.hosts)
    assert audit(tmp_path, "show") == 1


def test_show_exits_3_when_the_newest_of_one_host_could_not_be_asked(tmp_path: Path) -> None:
    run = audit_run("hardened")
    (first, *others) = run.hosts
    unreachable = first.model_copy(update={"problem": "no route to host"})
    save(run.model_copy(update={"hosts": (unreachable, *others)}), tmp_path / "lab")
    assert audit(tmp_path, "show") == 3


def test_show_refuses_a_label_that_names_no_run(tmp_path: Path) -> None:
    assert audit(tmp_path, "show", "--label", "**") == 2
    assert audit(tmp_path, "show", "--label", "never") == 3


def test_evidence_of_a_run_that_was_not_sealed_could_not_be_given(tmp_path: Path) -> None:
    audited(tmp_path / "lab")
    assert audit(tmp_path, "report", "--format", "json") == 0
    assert audit(tmp_path, "report", "--format", "evidence") == 3


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--municipality", "atlantis"), 2),
        (("--language", "tlh"), 2),
        (("--label", "never"), 3),
        (("--format", "evidence", "--municipality", "velgora"), 2),
    ],
)
def test_a_report_that_cannot_be_written_says_whose_fault_it_is(
    arguments: tuple[str, ...], status: int, tmp_path: Path
) -> None:
    audited(tmp_path / "lab")
    assert audit(tmp_path, "report", *arguments) == status


def test_the_key_is_shown_and_one_that_cannot_be_made_is_could_not_check(tmp_path: Path) -> None:
    assert audit(tmp_path, "key") == 0
    (tmp_path / "file").write_text("")
    assert audit(tmp_path / "file", "key") == 3


def test_an_unknown_control_is_wrong_use() -> None:
    assert bastide_here("audit", "controls", "NONE-99").returncode == 2
    assert bastide_here("audit", "controls", "ssh-01").returncode == 0
