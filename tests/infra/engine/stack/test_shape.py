"""Files of a stack that somebody edited wrongly, or cut off, are refused in words."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.engine.api import EngineError
from infra.engine.stack.journal import digest
from infra.engine.stack.lock import held
from infra.engine.stack.stack import files_of, open_stack, recorded, recorded_outputs, snapshot_of
from tests.infra.engine.harness import SALT, Harness, make
from tests.infra.engine.stack.mutations import mutations

STATE = Path(__file__).parent / "cases" / "state.json"
GOOD = json.loads(STATE.read_text())
RESOURCES = GOOD["checkpoint"]["latest"]["resources"]


@pytest.fixture
def town(tmp_path: Path) -> Harness:
    """A harness with the state of the case."""
    made = make(tmp_path)
    made.checkpoint.parent.mkdir(parents=True)
    made.checkpoint.write_text(STATE.read_text())
    return made


def refuses(town: Harness) -> bool:
    """Say whether the stack is refused; whatever is no EngineError ends the test."""
    refused = 0
    for read in (
        lambda: snapshot_of(open_stack(town.project), None),
        lambda: recorded_outputs(town.project),
        lambda: recorded(town.project),
    ):
        try:
            read()
        except EngineError:
            refused += 1
    return refused > 0


def sweep(town: Harness, document: Any, write: Callable[[Any], object]) -> tuple[int, int]:
    """Try every mutation; returns how many were refused, and how many there were."""
    outcomes = []
    for what, mutant in mutations(document):
        write(mutant)
        try:
            outcomes.append(refuses(town))
        except Exception as error:
            raise AssertionError(f"{what}: {error!r}") from error
    return sum(outcomes), len(outcomes)


def test_the_case_is_sound(town: Harness) -> None:
    assert not refuses(town)


def test_a_state_with_any_wrong_value(town: Harness) -> None:
    refused, tried = sweep(
        town, GOOD, lambda mutant: town.checkpoint.write_text(json.dumps(mutant))
    )
    assert tried > 1000
    assert refused > tried / 2


def test_settings_with_any_wrong_value(town: Harness) -> None:
    content = {"encryptionsalt": SALT, "config": {"town:a": "b", "town:c": {"secure": "v1:abc"}}}
    sweep(town, content, lambda mutant: town.settings.write_text(yaml.safe_dump(mutant)))


def test_a_project_with_any_wrong_value(town: Harness) -> None:
    runtime = {"name": "python", "options": {"virtualenv": "venv"}}
    config = {"a": "b", "c": {"default": "d"}}
    content = {"name": "town", "main": ".", "runtime": runtime, "config": config}
    path = town.project.folder / "Pulumi.yaml"
    sweep(town, content, lambda mutant: path.write_text(yaml.safe_dump(mutant)))


def test_steps_with_any_wrong_value(town: Harness) -> None:
    one, two, three = RESOURCES[1:4]
    base = ["base", digest(STATE.read_bytes()), 1]
    steps = [
        base,
        ["begin", "creating", two],
        ["drop", 1],
        ["settle", one],
        ["swap", 2, two],
        ["drop", len(RESOURCES) - 1],
        ["add", 9, {**three, "delete": True}],
        ["end", two["urn"]],
    ]
    path = files_of(town.project).steps
    path.parent.mkdir(parents=True)

    def write(mutant: Any) -> None:
        lines = mutant if isinstance(mutant, list) else [mutant]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    write(steps)
    assert not refuses(town)
    sweep(town, steps, write)


def test_a_lock_with_any_wrong_value(town: Harness) -> None:
    files = files_of(town.project)
    files.locks.mkdir(parents=True)
    lock = files.locks / "one.json"
    content = {
        "pid": 2**22 - 1,
        "username": "ana",
        "hostname": socket.gethostname(),
        "timestamp": "2026-01-01T00:00:00Z",
    }
    for _, mutant in mutations(content):
        lock.write_text(json.dumps(mutant))
        try:
            with held(files, lambda _: None):
                pass
        except EngineError:
            lock.unlink()


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0", b"\xff\xfe{}", b"[]", b"[" * 100_000, STATE.read_bytes()[:700]],
    ids=["empty", "zeros", "no text", "a list", "deep", "cut off"],
)
def test_what_is_no_state_at_all(town: Harness, content: bytes) -> None:
    town.checkpoint.write_bytes(content)
    assert refuses(town)
    town.checkpoint.write_text(STATE.read_text())
    town.settings.write_bytes(b"\xff\xfe")
    assert refuses(town)


def renamed(resources: list[Any]) -> None:
    resources[3]["urn"] = resources[4]["urn"]


def orphaned(resources: list[Any]) -> None:
    resources[3]["parent"] = "urn:pulumi:dev::town::toy:index:Site::nowhere"


def unprovided(resources: list[Any]) -> None:
    resources[3]["provider"] = "urn:pulumi:dev::town::pulumi:providers:toy::ours::1"


def circular(resources: list[Any]) -> None:
    resources[3]["dependencies"] = [resources[3]["urn"]]


def malformed(resources: list[Any]) -> None:
    resources[3]["urn"] = "hall"


WRONG: dict[Callable[[list[Any]], None], str] = {
    renamed: "is there twice",
    orphaned: "which does not come before it",
    unprovided: "not before it",
    circular: "which does not come before it",
    malformed: "expected a URN",
}


@pytest.mark.parametrize("change", WRONG)
def test_a_state_whose_parts_do_not_fit(town: Harness, change: Callable[[list[Any]], None]) -> None:
    raw = json.loads(STATE.read_text())
    change(raw["checkpoint"]["latest"]["resources"])
    town.checkpoint.write_text(json.dumps(raw))
    with pytest.raises(EngineError, match=r"dev\.json is damaged: .*" + WRONG[change]):
        open_and_verify(town)


def open_and_verify(town: Harness) -> None:
    snapshot_of(open_stack(town.project), None)


@pytest.mark.parametrize("version", [0, 2, 5, 99, "3"])
def test_a_state_of_another_version(town: Harness, version: object) -> None:
    raw = json.loads(STATE.read_text()) | {"version": version}
    town.checkpoint.write_text(json.dumps(raw))
    with pytest.raises(EngineError, match=f"state version {version}"):
        open_and_verify(town)
