"""Decides when a run's state is written whole, and when only its steps are."""

import time
from collections.abc import Sequence
from typing import Final

from infra.engine.stack.backend import StackFiles, write_checkpoint
from infra.engine.stack.journal import Journal

_SMALL: Final = 256 * 1024  # of about 300 resources; written in 2 ms
_SHARE: Final = 20.0  # at most a twentieth of a run's time goes into checkpoints


class CheckpointWriter:
    """Writes a run's state, by whole checkpoints or, between them, by the steps since the last.

    A checkpoint grows with the stack, and there are steps in proportion to it; so a large one is
    written only after twenty times the time that it takes. What a small one says is always true.
    """

    def __init__(self, files: StackFiles) -> None:
        self._files, self._journal = files, Journal(files.steps)
        self._whole_at = self._whole_took = 0.0
        self._size = 0
        self.steps = files.steps.exists()  # whether there are steps that no checkpoint has

    def due(self) -> bool:
        """Say whether the next change is to be written as a whole checkpoint."""
        waited = time.monotonic() - self._whole_at
        return self._size < _SMALL or waited >= _SHARE * self._whole_took

    def checkpoint(self, text: str, settled: int) -> None:
        """Write a whole checkpoint, the first `settled` resources of which this run has settled."""
        began = time.monotonic()
        self._journal.checkpoint_follows(text, settled)
        write_checkpoint(self._files, text)
        self._journal.clear()
        self.steps = False
        self._size, self._whole_at = len(text), time.monotonic()
        self._whole_took = self._whole_at - began

    def append(self, lines: Sequence[str]) -> None:
        """Write the changes since the last call."""
        self.steps = True
        self._journal.append(lines)
