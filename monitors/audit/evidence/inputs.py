"""What a judgement depends on besides the bundle: kept by content, so that any date can be judged.

`<state>/evidence/<kind>/<sha256>.json`, canonical JSON; equal contents are kept once.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from inventory.files import write_whole
from inventory.model.waivers import Waiver
from monitors.audit.evidence.chain import FOLDER, InputHashes, load_chain
from monitors.audit.model.canonical import canonical, sha256_of
from monitors.audit.model.controls import ControlTable
from monitors.audit.model.declared import Declared

AUDIT = Path(__file__).parents[1]
# What decides beside a bundle and what is declared: the checks, what they read, our own controls.
CHECKS = ("checks/*.py", "checks/*.yml", "controls/*.yml", "facts/*.py")
Value = TypeVar("Value")


class InputsError(Exception):
    """A kept input is absent, damaged or not what its name says."""


class Kind(Generic[Value]):
    """One kind of kept input: how it is named, written and read."""

    def __init__(self, name: str, adapter: TypeAdapter[Value]) -> None:
        self.name, self._adapter = name, adapter

    def keep(self, state: Path, value: Value) -> str:
        """Write the value unless it is there; return its hash."""
        content = canonical(self._adapter.dump_python(value, mode="json"))
        digest = hashlib.sha256(content).hexdigest()
        file = self._file(state, digest)
        if not file.exists():
            write_whole(file, content, mode=0o600)
        return digest

    def load(self, state: Path, digest: str) -> Value:
        """Read a kept value; InputsError says why that is not possible."""
        content = self._content(state, digest)
        try:
            return self._adapter.validate_json(content)
        except ValidationError as error:
            file = self._file(state, digest)
            raise InputsError(
                f"{file}: of another version of Bastide: {error.errors()[0]['msg']}"
            ) from None

    def kept(self, state: Path, digest: str) -> Any:
        """Read a value as the JSON that was kept: later versions would write another.

        Raises InputsError as `load`, but for what another version kept.
        """
        return json.loads(self._content(state, digest))

    def _content(self, state: Path, digest: str) -> bytes:
        file = self._file(state, digest)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise InputsError(f"{file}: {error.strerror}: this input was not kept") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise InputsError(f"{file}: changed since it was kept: its hash is another")
        return content

    def _file(self, state: Path, digest: str) -> Path:
        return state / FOLDER / self.name / f"{digest}.json"


CONTROLS: Kind[ControlTable] = Kind("controls", TypeAdapter(ControlTable))
WAIVERS: Kind[tuple[Waiver, ...]] = Kind("waivers", TypeAdapter(tuple[Waiver, ...]))
DECLARED: Kind[tuple[Declared, ...]] = Kind("declared", TypeAdapter(tuple[Declared, ...]))


def keep_inputs(
    state: Path,
    controls: ControlTable,
    waivers: Sequence[Waiver],
    declared: Sequence[Declared],
    own_checks: Sequence[Path] = (),
) -> InputHashes:
    """Keep what hosts are judged by; return the hashes for the run's results."""
    return InputHashes(
        controls_sha256=CONTROLS.keep(state, controls),
        waivers_sha256=WAIVERS.keep(state, tuple(waivers)),
        declared_sha256=DECLARED.keep(state, tuple(declared)),
        checks_sha256=checks_sha256(own_checks),
    )


def checks_sha256(own: Sequence[Path] = ()) -> str:
    """Return the hash of the checks' code: whether two judgements used the same checks.

    `own` are the estate's own check files; OSError when one cannot be read.
    """
    shipped = sorted(file for pattern in CHECKS for file in AUDIT.glob(pattern))
    files = {str(file.relative_to(AUDIT)): file for file in shipped}
    files |= {f"estate/controls/{file.name}": file for file in own}
    return sha256_of(
        {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}
    )


def in_force(state: Path, on: date) -> InputHashes:
    """Return the hashes of the inputs in force at the end of a day (UTC).

    Raises InputsError when no run had been sealed by then, ChainError when the chain is broken.
    """
    end = datetime.combine(on, time.max, UTC)
    chain = load_chain(state)
    sealed = [link.record for link in chain if link.record.started <= end]
    if not sealed:
        first = f"the first is of {chain[0].record.started:%F}" if chain else "there is none at all"
        raise InputsError(f"{state}: no run had been sealed by {on}; {first}")
    return max(sealed, key=lambda record: record.started).inputs
