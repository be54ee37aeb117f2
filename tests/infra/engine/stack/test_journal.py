"""Between two checkpoints a journal has what changed; a run that dies at any step loses nothing."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from infra.engine.api import EngineError
from infra.engine.stack import checkpoint_writer, journal, passphrase
from infra.engine.stack.backend import StackFiles, read_checkpoint
from infra.engine.stack.checkpoint_writer import CheckpointWriter
from infra.engine.stack.snapshot import Snapshot
from tests.infra.engine.embedded.states import state
from tests.infra.engine.harness import PASSPHRASE, SALT


class Run:
    """A snapshot on disk, and random changes of it."""

    def __init__(self, root: Path, lots: random.Random) -> None:
        self.files, self._lots = StackFiles(root, "town", "dev"), lots
        self.writer = CheckpointWriter(self.files)
        self.snapshot = self.opened(self.writer)
        self._count = 0

    def opened(self, writer: CheckpointWriter | None) -> Snapshot:
        checkpoint = read_checkpoint(self.files) or {"stack": "organization/town/dev"}
        crypter = passphrase.open_with(PASSPHRASE, SALT, "the test")
        return Snapshot(checkpoint, crypter, writer, "v0")

    def step(self) -> None:
        """Do something that a run does to its snapshot."""
        self._count += 1
        snapshot, former = self.snapshot, self.snapshot.untouched()
        one = self._lots.choice(former) if former else None
        fresh = state(f"n{self._count}", inputs={"content": str(self._count)})
        kind = self._lots.choice(
            ("create", "settle", "again", "change", "remove", "append", "detach")
        )
        if kind == "create" or one is None:
            snapshot.begin("creating", fresh)
        elif kind == "settle":
            snapshot.settle(fresh if self._lots.random() < 0.3 else state(one.id), one)
        elif kind == "again":
            for settled in snapshot.resources()[:1]:
                snapshot.settle(state(settled.id, inputs={"content": str(self._count)}))
        elif kind == "change":
            snapshot.change(one, state(one.id, delete=True))
        elif kind == "remove":
            snapshot.remove(one)
        elif kind == "append":
            snapshot.append(state(f"n{self._count}", delete=True))
        else:
            snapshot.detach(one.urn)
            snapshot.save()


def body(snapshot: Snapshot) -> Any:
    return snapshot._body()


@pytest.mark.parametrize("seed", range(20))
def test_what_a_run_that_dies_has_noted_is_what_the_next_one_reads(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_writer, "_SMALL", 0)
    monkeypatch.setattr(checkpoint_writer, "_SHARE", 1e9)
    lots = random.Random(seed)  # noqa: S311
    run = Run(tmp_path, lots)
    for number in range(8):
        run.snapshot.append(state(f"old{number}"))
    for _ in range(25):
        if lots.random() < 0.1:
            run.snapshot._save_whole(run.writer)
        run.step()
        assert body(run.opened(None)) == body(run.snapshot), f"seed {seed}"
    assert run.files.steps.exists()
    run.snapshot.finish()
    assert not run.files.steps.exists()
    assert body(run.opened(None)) == body(run.snapshot)


def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a run that has noted one step since its checkpoint."""
    monkeypatch.setattr(checkpoint_writer, "_SMALL", 0)
    monkeypatch.setattr(checkpoint_writer, "_SHARE", 1e9)
    run = Run(tmp_path, random.Random(0))  # noqa: S311
    run.snapshot.append(state("hall"))
    run.snapshot.begin("creating", state("gate"))
    return run


def test_a_line_that_was_not_finished_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = large(tmp_path, monkeypatch)
    with run.files.steps.open("a") as file:
        file.write('["begin","crea')

    assert body(run.opened(None)) == body(run.snapshot)


def test_a_run_that_died_between_its_checkpoint_and_the_end_of_its_journal_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = large(tmp_path, monkeypatch)
    noted = run.files.steps.read_text()
    run.snapshot._save_whole(run.writer)
    text = run.files.checkpoint.read_bytes()
    run.files.steps.write_text(f'{noted}["whole","{journal.digest(text)}"]\n')

    assert body(run.opened(None)) == body(run.snapshot)


def test_steps_of_another_state_are_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = large(tmp_path, monkeypatch)
    raw = json.loads(run.files.checkpoint.read_text())
    run.files.checkpoint.write_text(json.dumps(raw))  # by another program, in its own spacing

    with pytest.raises(EngineError, match=r"steps of a run that died.*gate.*delete that file"):
        run.opened(None)


def test_a_small_state_is_written_whole_at_each_step(tmp_path: Path) -> None:
    run = Run(tmp_path, random.Random(0))  # noqa: S311
    run.snapshot.append(state("hall"))
    run.snapshot.begin("creating", state("gate"))

    assert not run.files.steps.exists()
    assert "gate" in run.files.checkpoint.read_text()
