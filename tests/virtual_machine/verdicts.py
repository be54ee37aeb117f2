"""What audits of the machine say of each control, and which ones a container cannot take."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inventory.entries import hosts
from inventory.load import load_estate
from monitors.audit.archive.bundles import read_bundle, read_view
from monitors.audit.judge.host_results import judge
from monitors.audit.model.controls import Control
from monitors.audit.model.declared import declared_of
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import Outcome, Result
from monitors.collection.bundle import Bundle

ASKED = "systemd-detect-virt --container"
KIND = "systemd-nspawn"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One control, judged as the host is, and as if it were a container."""

    control: Control
    result: Result
    in_container: Result

    @property
    def is_late(self) -> bool:
        """Whether it could not be judged since the machine did not answer in time."""
        late = any(one.rc is None for one in self.result.evidence)
        return late and self.result.outcome is Outcome.ERROR

    @property
    def is_the_kernels(self) -> bool:
        """Whether a container cannot take it, or not all of it."""
        skipped = self.in_container.outcome is Outcome.SKIP and KIND in self.in_container.reason
        return skipped or self.in_container.outcome is not self.result.outcome


def verdicts(estate: Path, state: Path, host: str, audits: int) -> tuple[Verdict, ...]:
    """Judge, offline, what a host answered to its newest audits, as its own and as a container's.

    One that is emulated may answer some of an audit's commands too late: of each command the
    newest answer counts that came in time.
    """
    loaded = load_estate(estate)
    (declared,) = (declared_of(entry) for entry in hosts(loaded) if entry.name == host)
    files = sorted((state / "bundles" / host).glob("*.json.gz"))[-audits:]
    assert files, f"{host} was not audited"
    bundle, seen = merged([read_bundle(file).bundle for file in files]), read_view(files[-1])
    table = controls_of(loaded.own)
    real = judge(bundle, table, declared, outside=seen)
    inside = judge(in_container(bundle), table, declared, outside=seen)
    return tuple(map(Verdict, table.controls, real, inside))


def merged(bundles: Sequence[Bundle]) -> Bundle:
    """Return the last bundle, with earlier answers where its own did not come in time."""
    answers = {
        one.command: one for bundle in bundles for one in bundle.recorded if one.rc is not None
    }
    last = bundles[-1]
    recorded = tuple(answers.get(one.command, one) for one in last.recorded)
    return last.model_copy(update={"recorded": recorded})


def in_container(bundle: Bundle) -> Bundle:
    """Return a bundle in which the host says that it is a container, and nothing else differs."""
    recorded = tuple(
        one.model_copy(update={"stdout": f"{KIND}\n", "rc": 0}) if one.command == ASKED else one
        for one in bundle.recorded
    )
    return bundle.model_copy(update={"recorded": recorded})
