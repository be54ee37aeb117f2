"""How the official CLI is called and how its events are read; the CLI itself is not at hand."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pulumi.automation.events import EngineEvent

from infra.engine import EngineError, Operation, choose
from infra.engine.api import StepEvent
from infra.engine.embedded.engine import EmbeddedEngine
from infra.engine.official import EventReader, OfficialEngine
from tests.infra.engine.embedded.harness import make

URN = "urn:pulumi:dev::town::toy:index:Site$toy:index:Thing::hall"


def step(kind: str, operation: str) -> EngineEvent:
    metadata = {"op": operation, "urn": URN, "type": "toy:index:Thing"}
    return EngineEvent.from_json({kind: {"metadata": metadata}})


def read(*events: EngineEvent) -> tuple[EventReader, list[StepEvent]]:
    steps: list[StepEvent] = []
    reader = EventReader(steps.append)
    for event in events:
        reader.read(event)
    return reader, steps


def test_a_failed_step_carries_the_errors_that_were_said_of_it() -> None:
    diagnostic = {"severity": "error", "message": "no space left\n", "urn": URN}

    reader, _ = read(
        step("resourcePreEvent", "create"),
        EngineEvent.from_json({"diagnosticEvent": diagnostic}),
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
        EngineEvent.from_json({"summaryEvent": {"resourceChanges": changes}}),
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


# Notes what it is called with, and answers what the SDK insists on.
CLI = """#!/bin/sh
case "$*" in
  version) echo v3.200.0; exit;;
  *output*) echo '{}';;
  *history*) echo '[{"kind": "update", "startTime": "2026-01-01T00:00:00.000Z", "message": "",
    "environment": {}, "config": {}, "result": "succeeded"}]';;
esac
echo "$@" >> "$CALLS"
"""


@pytest.mark.parametrize("operation", [Operation.UP, Operation.REFRESH, Operation.DESTROY])
def test_the_cli_gets_the_settings_that_lie_with_the_state(
    operation: Operation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = make(tmp_path)
    cli = tmp_path / "pulumi"
    cli.write_text(CLI)
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    project = replace(town.project, environment={}, config={"tier": "village"})

    result = OfficialEngine().run(operation, project, lambda event: None)

    assert result.ok, result.failures
    calls = (tmp_path / "calls").read_text().splitlines()
    assert not [call for call in calls if "init" in call.split()]
    (call,) = [call for call in calls if operation.value in call.split()]
    assert f"--config-file {town.settings}" in call
    assert yaml.safe_load(town.settings.read_text())["config"] == {"town:tier": "village"}
    assert list(project.folder.glob("Pulumi.*.yaml")) == []
