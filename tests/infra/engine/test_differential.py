"""Random programs, edits and failures: both engines have the same effects and leave the same state.

Two stacks see the same programs. At each step one is run by the embedded engine and the other by
the official one, and lots decide which: so each takes over from the other, whatever came before.
BASTIDE_SOAK=N tries N seeds more (`make soak`).
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.engine.api import EngineResult
from infra.engine.stack.passphrase import open_with
from infra.engine.stack.resource_state import decode_resource, encode_resource
from infra.engine.values import reveal
from tests.infra.engine import harness
from tests.infra.engine.harness import Harness
from tests.infra.engine.random_programs import Program, Programs

SEEDS = range(1, 3)
SOAKED = range(1000, 1000 + int(os.environ.get("BASTIDE_SOAK", "0")))
EDITS = 3
# When it was, which line said it, and the ids that each engine draws by lot.
_INCIDENTAL = ("created", "modified", "sourcePosition", "stackTrace")

needs_both = pytest.mark.skipif(
    len(harness.ENGINES) < 2, reason="make oracles could not build the official CLI here"
)


@needs_both
@pytest.mark.usefixtures("official_cli")
@pytest.mark.parametrize("seed", [*SEEDS, *SOAKED])
def test_both_engines_do_the_same_and_take_over_from_each_other(seed: int, tmp_path: Path) -> None:
    programs = Programs(seed)
    pair = [_stack(tmp_path / name) for name in ("one", "other")]
    for step in range(EDITS):
        wanted, orders = programs.next(), programs.orders()
        engines = ["embedded", "official"] if programs.chance(0.5) else ["official", "embedded"]
        told = f"seed {seed}, step {step}, {engines}, {orders}: {json.dumps(wanted)}"
        failed = [
            _run(stack, engine, wanted, orders) for stack, engine in zip(pair, engines, strict=True)
        ]
        assert failed[0] == failed[1], told
        if failed[0]:
            # What else is done beside a failure is not the same: the run after it makes it so.
            again = [
                _run(stack, engine, wanted, [])
                for stack, engine in zip(pair, reversed(engines), strict=True)
            ]
            assert again == [[], []], told
        seen = [_seen(stack, effects=not failed[0]) for stack in pair]
        differ = list(_differences(seen[0], seen[1]))
        assert not differ, "\n".join((told, *differ))
    for stack in pair:
        assert {raw["urn"] for raw in stack.recorded()}, "nothing was made"


def _differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Return where two values differ, deep inside, as `path: one / other`."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from _differences(one.get(key), other.get(key), f"{path}/{key}")
    elif one != other:
        yield f"{path}: {one!r} / {other!r}"


def _stack(root: Path) -> Harness:
    root.mkdir()
    return harness.make(root)


def _run(stack: Harness, engine: str, wanted: Program, orders: list[str]) -> list[str]:
    """Bring a stack up with an engine; returns the names of what failed."""
    stack.engine = engine
    stack.wants(**wanted)
    stack.order(*orders)
    result = stack.up()
    stack.recall(*orders)
    failed = _failed(result)
    assert result.ok is not bool(failed), stack.messages()
    return failed


def _seen(stack: Harness, *, effects: bool) -> dict[str, Any]:
    """Return what a run has left to be seen: its effects, what exists, what the state says."""
    log = sorted(stack.log())
    return {
        "effects": log if effects else [],
        "things": {path.name: json.loads(path.read_text()) for path in stack.things_outside()},
        "state": _state(stack),
        "pending": [one["type"] for one in stack.latest().get("pending_operations", [])],
    }


def _failed(result: EngineResult) -> list[str]:
    return sorted({event.name for event in result.failures if event.name})


def _state(stack: Harness) -> dict[str, dict[str, Any]]:
    crypter = open_with(harness.PASSPHRASE, harness.SALT, "")
    read = [decode_resource(raw, crypter) for raw in stack.recorded()]
    plain: dict[str, dict[str, Any]] = {}
    for one in read:
        raw = encode_resource(one, crypter)
        raw |= {"inputs": reveal(one.inputs), "outputs": reveal(one.outputs)}
        raw["dependencies"] = sorted(raw.get("dependencies", []))
        raw["provider"] = raw.get("provider", "").rpartition("::")[0]
        if one.type.startswith("pulumi:providers:"):
            raw["id"] = "drawn by lot"
        copy = f"{one.urn}, to be deleted, {raw.get('id')}" if one.delete else one.urn
        plain[copy] = {key: value for key, value in raw.items() if key not in _INCIDENTAL}
    return plain
