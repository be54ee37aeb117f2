"""A state is split into several: nothing is remade, and whoever is killed leaves a whole one."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from infra.engine.api import EngineError
from infra.engine.stack.lock import held
from infra.engine.stack.split import split
from infra.engine.stack.stack import files_of
from tests.infra.engine.harness import ENGINES, HERE, Harness
from tests.infra.engine.stack.kill_in_write import WRITES

CENTRAL: dict[str, dict[str, Any]] = {"wan": {"content": "shared"}}
VELGORA: dict[str, dict[str, Any]] = {
    "hall": {"content": "a", "site": "velgora", "secret": "hush"},
    "gate": {"content": "b", "site": "velgora", "depends_on": ["hall"]},
}
KASTRAVA: dict[str, dict[str, Any]] = {"mill": {"content": "c", "site": "kastrava"}}
WHOLE = {**CENTRAL, **VELGORA, "hall": {**VELGORA["hall"], "depends_on": ["wan"]}, **KASTRAVA}
NAMES = ("dev", "dev-velgora", "dev-kastrava")


def moves() -> dict[str, str]:
    head = "urn:pulumi:dev::town::toy:index:Site::"
    return {f"{head}{site}": f"dev-{site}" for site in ("velgora", "kastrava")}


@pytest.fixture
def whole(town: Harness) -> Harness:
    """A stack with all of it, in which one town's first thing depends on what all share."""
    town.has(**WHOLE)
    return town


def states(town: Harness) -> dict[str, bytes]:
    folder = town.checkpoint.parent
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.json"))}


def up_each(town: Harness) -> dict[str, dict[str, int]]:
    """Bring each part up by the program that makes it; returns what was done."""
    done, own = {}, town.project
    for name, wanted in zip(NAMES, (CENTRAL, VELGORA, KASTRAVA), strict=True):
        town.project = replace(own, stack=name)
        town.wants(**wanted)
        result = town.up()
        assert result.ok, town.messages()
        done[name] = {k: n for k, n in result.changes.items() if k != "same"}
    town.project = own
    return done


def test_nothing_is_remade_by_what_comes_after(whole: Harness) -> None:
    moved = split(whole.project, moves(), lambda _: None)

    assert moved == {"dev-velgora": 3, "dev-kastrava": 2}
    assert up_each(whole) == {name: {} for name in NAMES}
    assert whole.log() == []
    assert "hush" not in "".join(map(repr, states(whole).values()))


def test_a_part_that_is_destroyed_touches_no_other(whole: Harness) -> None:
    split(whole.project, moves(), lambda _: None)
    up_each(whole)
    own = whole.project
    whole.project = replace(own, stack="dev-velgora")

    assert whole.destroy().ok

    assert whole.things() == {"mill@here", "wan@here"}
    whole.project = own
    assert {"wan"} <= set(whole.resources())


def test_the_former_state_is_kept_and_a_second_split_does_nothing(whole: Harness) -> None:
    before = whole.checkpoint.read_bytes()
    split(whole.project, moves(), lambda _: None)
    backups = whole.project.backend / ".pulumi" / "backups" / "town" / "dev"
    assert before in [file.read_bytes() for file in backups.glob("dev.*.json")]
    after = states(whole)

    assert split(whole.project, moves(), lambda _: None) == {}
    assert states(whole) == after


@pytest.mark.parametrize("step", range(2 * WRITES))
def test_killed_at_any_write_the_old_state_is_whole_and_the_next_split_ends_it(
    own_town: Harness, step: int
) -> None:
    own_town.has(**WHOLE)
    before = own_town.checkpoint.read_bytes()
    command = [sys.executable, "-m", "tests.infra.engine.stack.kill_in_write"]
    given = [str(own_town.root), json.dumps(moves()), str(step)]

    killed = subprocess.run([*command, *given], cwd=HERE.parents[2], check=False)

    assert killed.returncode == -signal.SIGKILL
    left = own_town.checkpoint.read_bytes()
    whole = left == before
    assert whole or len(states(own_town)) == len(NAMES)
    split(own_town.project, moves(), lambda _: None)
    assert up_each(own_town) == {name: {} for name in NAMES}
    assert own_town.log() == []


def test_an_operation_that_has_not_ended_is_no_state_to_split(whole: Harness) -> None:
    state = json.loads(whole.checkpoint.read_text())
    latest = state["checkpoint"]["latest"]
    latest["pending_operations"] = [{"type": "updating", "resource": latest["resources"][-1]}]
    whole.checkpoint.write_text(json.dumps(state))
    before = states(whole)

    with pytest.raises(EngineError, match="an operation that has not ended"):
        split(whole.project, moves(), lambda _: None)

    assert states(whole) == before


@pytest.mark.parametrize("locked", NAMES)
def test_a_stack_that_somebody_works_on_is_not_split(own_town: Harness, locked: str) -> None:
    own_town.has(**WHOLE)
    before = states(own_town)
    files = files_of(replace(own_town.project, stack=locked))
    with held(files, lambda _: None), pytest.raises(EngineError, match="locked"):
        split(own_town.project, moves(), lambda _: None)
    assert states(own_town) == before


@pytest.mark.skipif(len(ENGINES) == 1, reason="make oracles could not build the CLI here")
def test_the_other_engine_takes_over_each_part(own_town: Harness, official_cli: None) -> None:
    own_town.has(**WHOLE)
    split(own_town.project, moves(), lambda _: None)
    own_town.engine = "official"
    assert up_each(own_town) == {name: {} for name in NAMES}
    assert own_town.log() == []
