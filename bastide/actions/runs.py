"""The runs that the state remembers, each with the hosts that it changed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bastide.actions.playbook_recap import Recap
from inventory.files import write_whole

FILE = Path("logs") / "runs.jsonl"
KEPT = 500


@dataclass(frozen=True, slots=True)
class Run:
    """What a run played, and how many tasks changed something on which host."""

    run: str
    playbooks: tuple[str, ...]
    changed: dict[str, int]
    ok: bool


def read(state: Path) -> list[Run]:
    """Return the runs, the oldest first; lines that cannot be read are left out."""
    try:
        lines = (state / FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return list(_runs(lines))


def _runs(lines: Sequence[str]) -> Iterator[Run]:
    for line in lines:
        try:
            data = json.loads(line)
            run = Run(data["run"], tuple(data["playbooks"]), dict(data["changed"]), data["ok"])
        except (ValueError, KeyError, TypeError):
            continue
        yield run


def remember(state: Path, recap: Recap, playbooks: Sequence[str]) -> None:
    """Add what a recap says; a run that changed nothing leaves nothing."""
    changed = {name: number for name, number in recap.changed.items() if number}
    if not changed:
        return
    run = Run(recap.run, tuple(playbooks), changed, recap.ok)
    kept = [*read(state), run][-KEPT:]
    write_whole(state / FILE, "".join(json.dumps(asdict(each)) + "\n" for each in kept))


def hosts_of(state: Path, run: str) -> frozenset[str]:
    """Return the hosts that a run changed, as far as this machine has seen."""
    return frozenset(name for each in read(state) if each.run == run for name in each.changed)
