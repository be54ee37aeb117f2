"""What is said of a host that was to be isolated: cut off or not, and where its evidence is."""

from pathlib import Path

import pytest

from bastide.actions.isolation import Isolation, isolate, isolation
from bastide.actions.playbook_recap import Event, Recap
from bastide.commands.host.isolate import show
from bastide.support.errors import CommandError
from tests.bastide.context import lab_context, new_context

RECAP = Recap(run="20261127T161500Z-3fa9")
FOLDER = "/state/incidents/velgora-app/20261127T161500Z-3fa9"


def report(*, cut_off: bool) -> Event:
    values = {
        "evidence": FOLDER,
        "missing": ["a: b"],
        "responders": ["192.0.2.0/24"],
        "cut_off": cut_off,
    }
    return {"event": "task", "host": "velgora-app", "isolation_done": values}


def test_what_the_playbook_reports_last_counts() -> None:
    first, last = report(cut_off=False), report(cut_off=True)
    assert isolation(RECAP, [{"event": "start", "task": "a"}]) == Isolation(RECAP)
    reverted = isolation(RECAP, [first])
    assert (reverted.is_cut_off, reverted.evidence) == (False, FOLDER)
    done = isolation(RECAP, [first, {"event": "start", "task": "a"}, last])
    assert done == Isolation(RECAP, True, FOLDER, ("a: b",), ("192.0.2.0/24",))


def test_it_says_how_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    show("velgora-app", isolation(RECAP, [report(cut_off=True)]), dry=False)
    assert capsys.readouterr().out.splitlines() == [
        f"evidence: {FOLDER}",
        "  missing: a: b",
        "velgora-app is cut off from all but 192.0.2.0/24",
        "end it: bastide playbook rollback 20261127T161500Z-3fa9",
    ]


def test_it_says_when_the_host_is_not_cut_off_and_what_there_is_of_evidence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show("velgora-app", isolation(RECAP, [report(cut_off=False)]), dry=False)
    show("velgora-app", Isolation(RECAP), dry=False)
    said = capsys.readouterr().out
    assert said.count("velgora-app is NOT cut off") == 2
    assert f"evidence: {FOLDER}" in said
    assert "evidence: NONE" in said


def test_a_check_says_would(capsys: pytest.CaptureFixture[str]) -> None:
    show("velgora-app", isolation(RECAP, [report(cut_off=True)]), dry=True)
    assert "velgora-app would be cut off from all but 192.0.2.0/24" in capsys.readouterr().out


def test_a_host_that_is_only_watched_or_unknown_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nobody: expected a host at baseline or full"):
        isolate(lab_context(tmp_path / "lab"), "nobody")
    with pytest.raises(CommandError, match="switch port"):
        isolate(new_context(tmp_path, "127.82.1."), "gornjilug-server")
