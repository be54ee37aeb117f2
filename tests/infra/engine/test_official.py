"""How the official CLI is called, and how its events are read."""

from pathlib import Path
from typing import Any

import pytest

from infra.engine import EngineError, Operation, choose
from infra.engine.api import Project, StepEvent
from infra.engine.embedded.engine import EmbeddedEngine
from infra.engine.official.command_line import arguments, environment, executable
from infra.engine.official.events import EventReader
from tests.infra.engine.harness import make

URN = "urn:pulumi:dev::town::toy:index:Site$toy:index:Thing::hall"


def step(kind: str, operation: str) -> dict[str, Any]:
    metadata = {"op": operation, "urn": URN, "type": "toy:index:Thing"}
    return {kind: {"metadata": metadata}}


def read(*events: dict[str, Any]) -> tuple[EventReader, list[StepEvent]]:
    steps: list[StepEvent] = []
    reader = EventReader(steps.append, {})
    for event in events:
        reader.read(event)
    return reader, steps


def test_a_failed_step_carries_the_errors_that_were_said_of_it() -> None:
    diagnostic = {"severity": "error", "message": "no space left\n", "urn": URN}

    reader, _ = read(
        step("resourcePreEvent", "create"),
        {"diagnosticEvent": diagnostic},
        step("resOpFailedEvent", "create"),
    )

    assert [(one.name, one.operation, one.message) for one in reader.failures] == [
        ("hall", "create", "no space left")
    ]


def test_a_cli_that_ends_badly_without_a_failed_step_is_a_failure() -> None:
    reader, _ = read()

    reader.ended_with_error("code: 255")

    assert [one.message for one in reader.failures] == ["code: 255"]


def test_the_parts_of_a_replacement_are_one_replacement() -> None:
    changes = {"replace": 1, "create-replacement": 1, "delete-replaced": 1, "same": 2}

    reader, events = read(
        step("resourcePreEvent", "create-replacement"),
        step("resOutputsEvent", "create-replacement"),
        step("resourcePreEvent", "delete-replaced"),
        step("resOutputsEvent", "delete-replaced"),
        {"summaryEvent": {"resourceChanges": changes}},
    )

    assert [(one.operation, one.phase) for one in events] == [
        ("replace", "started"),
        ("replace", "finished"),
    ]
    assert reader.changes == {"same": 2, "replace": 1}


def test_without_the_cli_auto_is_the_embedded_engine_and_pulumi_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert isinstance(choose("auto"), EmbeddedEngine)
    with pytest.raises(EngineError, match="the pulumi CLI is not on PATH"):
        choose("pulumi")
    with pytest.raises(EngineError, match="expected auto, pulumi or embedded"):
        choose("terraform")


def test_the_cli_is_told_where_the_settings_lie_and_of_no_stack_to_make(tmp_path: Path) -> None:
    project = make(tmp_path).project

    given = arguments(Operation.UP, project, "127.0.0.1:1", tmp_path / "events")

    assert f"--config-file={project.backend / 'Pulumi.dev.yaml'}" in given
    assert given[0] == "up"


def test_the_cli_and_plugins_are_looked_for_where_the_caller_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = tmp_path / ".pulumi" / "bin" / "pulumi"
    cli.parent.mkdir(parents=True)
    cli.write_text("#!/bin/sh\n")
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", f"/usr/bin:{cli.parent}")

    assert executable() == str(cli)
    project = Project(tmp_path, "dev", tmp_path, "secret")
    assert str(cli.parent) in environment(project)["PATH"].split(":")


def test_a_preview_shows_no_secret_however_deep_it_is(tmp_path: Path, official_cli: None) -> None:
    town = make(tmp_path, engine="official")
    (town.project.folder / "__main__.py").write_text(
        "import pulumi\npulumi.export('words', [1, {'deep': pulumi.Output.secret('the word')}])\n"
    )
    assert town.preview().outputs == {"words": [1, {"deep": "[secret]"}]}
    assert "the word" not in town.messages()
