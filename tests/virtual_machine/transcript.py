"""What was run and what it said, kept as a log and as a page of docs."""

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.command import bastide
from tests.virtual_machine.image import CACHE

PAGE = Path(__file__).parents[2] / "docs" / "first-machine.md"
TEXT = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")


@dataclass
class Transcript:
    """Runs commands and notes each at once, with its seconds; paths below `folder` are cut off."""

    variables: Mapping[str, str]
    folder: Path
    path: Path = field(default_factory=lambda: _fresh())
    rows: list[str] = field(default_factory=list)

    def run(self, *words: str, well: tuple[int, ...] = (0,)) -> str:
        """Run `bastide …`; what it printed is noted and returned. It must end as is well."""
        started = time.monotonic()
        done = bastide(*words, **self.variables)
        seconds = time.monotonic() - started
        line = shlex.join(("bastide", *words))
        said = f"{done.stderr}{done.stdout}".strip().replace(str(self.folder), "…")
        self.note(f"$ {line}\n{said}\n# exit {done.returncode} after {seconds:.0f} s")
        self.rows.append(f"| `{line}` | {done.returncode} | {seconds:.0f} |")
        assert done.returncode in well, said
        return said

    def note(self, text: str) -> None:
        """Write something into the log."""
        with self.path.open("a", encoding="utf-8") as log:
            log.write(f"{text}\n\n")

    def write_page(self, **values: str) -> None:
        """Write the page of docs anew."""
        when = f"{datetime.now(UTC):%Y-%m-%d}"
        rows, log = "\n".join(self.rows), self.path.read_text(encoding="utf-8").strip()
        PAGE.write_text(TEXT.format(when=when, rows=rows, log=log, **values), encoding="utf-8")


def _fresh() -> Path:
    folder = CACHE / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"first-machine-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log"
