"""The runs that the state remembers."""

from pathlib import Path

import pytest

from bastide.actions import runs
from bastide.actions.playbook_recap import HostRecap, Recap

CHANGED, SAME = HostRecap(3, 2, 0, 0), HostRecap(3, 0, 0, 0)


def recap(run: str, **hosts: HostRecap) -> Recap:
    return Recap(hosts, run=run)


def test_a_run_is_remembered_with_the_hosts_that_it_changed(tmp_path: Path) -> None:
    runs.remember(tmp_path, recap("one", a=CHANGED, b=SAME), ["configure", "harden"])
    runs.remember(tmp_path, recap("two", b=CHANGED), ["harden"])

    assert [run.run for run in runs.read(tmp_path)] == ["one", "two"]
    assert runs.read(tmp_path)[0] == runs.Run("one", ("configure", "harden"), {"a": 2}, ok=True)
    assert runs.hosts_of(tmp_path, "one") == {"a"}
    assert runs.hosts_of(tmp_path, "three") == frozenset()


def test_a_run_that_changed_nothing_is_not(tmp_path: Path) -> None:
    runs.remember(tmp_path, recap("one", a=SAME), ["harden"])
    assert not (tmp_path / "logs").exists()


def test_a_line_that_is_damaged_hides_no_other(tmp_path: Path) -> None:
    for name in ("one", "two"):
        runs.remember(tmp_path, recap(name, a=CHANGED), ["harden"])
    file = tmp_path / "logs" / "runs.jsonl"
    file.write_text("?\n[]\n{}\n" + file.read_text())
    assert [run.run for run in runs.read(tmp_path)] == ["one", "two"]


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "KEPT", 2)
    for name in ("one", "two", "three"):
        runs.remember(tmp_path, recap(name, a=CHANGED), ["harden"])
    assert [run.run for run in runs.read(tmp_path)] == ["two", "three"]
