"""The state is Pulumi's, is kept with care, and its secrets stay secret."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.engine.api import EngineError, Operation, StepEvent
from infra.engine.embedded.engine import EmbeddedEngine
from infra.engine.stack.backend import StackFiles
from infra.engine.stack.lock import held
from infra.engine.stack.passphrase import open_with
from infra.engine.stack.stack import ensure_stack
from tests.infra.engine.harness import ENGINES, SALT, Harness, make

SECRET = {"content": "1", "secret": "the key of the gate"}


@pytest.fixture
def town(own_town: Harness) -> Harness:
    """A harness on the embedded engine: how it keeps its files is not the official one's way."""
    return own_town


def edit(town: Harness, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the state file as another program might have left it."""
    raw = json.loads(town.checkpoint.read_text())
    change(raw)
    town.checkpoint.write_text(json.dumps(raw))


def test_secrets_are_encrypted_on_disk_and_keep_their_ciphertext(either_town: Harness) -> None:
    town = either_town
    town.wants(hall=SECRET)
    outcome = town.up()
    first = town.resources()["hall"]["outputs"]["secret"]
    town.has(hall={**SECRET, "content": "2"})

    stored = [path.read_text() for path in town.project.backend.rglob("*.json*")]
    assert not [text for text in stored if SECRET["secret"] in text]
    assert first["ciphertext"].startswith("v1:")
    if not town.official:  # it encrypts anew what an update writes
        assert town.resources()["hall"]["outputs"]["secret"] == first
    assert outcome.outputs["hall-secret"] == "[secret]"
    assert SECRET["secret"] not in town.messages()
    assert town.outputs()["hall-secret"] == "[secret]"
    assert town.outputs(show_secrets=True)["hall-secret"] == SECRET["secret"]


def test_outputs_named_secret_by_the_program_are_encrypted(either_town: Harness) -> None:
    town = either_town
    town.wants(hall={"content": "1", "additional_secret_outputs": ["path"]})

    assert town.up().outputs["hall"] == "[secret]"
    assert "ciphertext" in town.resources()["hall"]["outputs"]["path"]


def test_a_wrong_passphrase_is_said_to_be_wrong(either_town: Harness) -> None:
    town = either_town
    town.has(hall=SECRET)
    wrong = replace(town.project, passphrase="guess")

    with pytest.raises(EngineError, match="the passphrase does not open the stack's secrets"):
        ENGINES[town.engine].run(Operation.PREVIEW, wrong, lambda _: None)


def test_the_settings_of_a_lost_state_are_not_in_the_way(town: Harness) -> None:
    town.wants(hall=SECRET)
    mine = replace(town.project, passphrase="another")
    events: list[StepEvent] = []

    made = EmbeddedEngine().run(Operation.UP, mine, events.append)

    assert made.ok
    assert EmbeddedEngine().outputs(mine, show_secrets=True)["hall-secret"] == SECRET["secret"]
    assert yaml.safe_load(town.settings.read_text())["encryptionsalt"] != SALT


def beside_the_program(town: Harness) -> Path:
    """Move the settings to where they used to lie, with a value that is in no other place."""
    former = town.project.folder / town.settings.name
    former.write_text(f"{town.settings.read_text()}config:\n  toy:colour: red\n")
    town.settings.unlink()
    return former


def test_settings_that_lie_beside_the_program_move_to_their_state(town: Harness) -> None:
    town.has(hall=SECRET)
    former = beside_the_program(town)

    assert town.preview().ok
    assert former.exists()
    assert town.up().ok

    assert not former.exists()
    settings = yaml.safe_load(town.settings.read_text())
    assert settings == {"encryptionsalt": SALT, "config": {"toy:colour": "red"}}


def test_settings_beside_the_program_that_are_another_states_stay_there(town: Harness) -> None:
    town.has(hall=SECRET)
    former = beside_the_program(town)
    others = former.read_text().replace(SALT, "v1:of:v1:another:state")
    former.write_text(others)

    assert town.up().changes == {"same": 2}

    assert former.read_text() == others
    assert yaml.safe_load(town.settings.read_text()) == {"encryptionsalt": SALT}


def test_the_official_cli_finds_a_stack_that_is_complete_and_empty(town: Harness) -> None:
    town.settings.unlink()

    ensure_stack(town.project, print)
    ensure_stack(town.project, print)

    salt = town.latest()["secrets_providers"]["state"]["salt"]
    assert yaml.safe_load(town.settings.read_text()) == {"encryptionsalt": salt}
    assert town.latest().get("resources") == []
    assert list(town.project.folder.glob("Pulumi.*.yaml")) == []
    assert not list(town.root.rglob("locks/*/*/*/*.json"))
    town.wants(hall=SECRET)
    assert town.up().changes == {"create": 2}


def test_secret_and_default_configuration_reaches_the_program(tmp_path: Path, plugin: Path) -> None:
    varied = make(tmp_path, "providers", plugin)
    folder = varied.project.folder
    settings = yaml.safe_load(varied.settings.read_text())
    ciphertext = open_with(varied.project.passphrase, settings["encryptionsalt"], "").encrypt
    settings["config"] = {"town:tone": {"secure": ciphertext("", "shrill")}}
    varied.settings.write_text(yaml.safe_dump(settings))
    with (folder / "Pulumi.yaml").open("a") as file:
        file.write("config:\n  tone: low\n  greeting:\n    default: hello\n")

    assert varied.preview().outputs["tone"] == "[secret]"
    assert varied.preview().outputs["greeting"] == "hello"


def test_a_stack_without_state_has_no_outputs(either_town: Harness) -> None:
    assert either_town.outputs() == {}


def test_a_new_stack_gets_a_salt_that_the_official_cli_finds_too(town: Harness) -> None:
    town.wants()
    town.settings.unlink()
    town.project = replace(town.project, config={"tier": "village", "toy:colour": "red"})

    assert town.up().ok

    written = yaml.safe_load(town.settings.read_text())
    salt = town.latest()["secrets_providers"]["state"]["salt"]
    assert written["encryptionsalt"] == salt
    assert written["config"] == {"town:tier": "village", "toy:colour": "red"}


def test_the_state_is_laid_out_as_pulumis_file_backend_has_it(town: Harness) -> None:
    town.has(hall={"content": "1"})
    town.wants(hall={"content": "2"})
    town.up()

    home = town.project.backend / ".pulumi"
    assert (home / "meta.yaml").read_text() == "version: 1\n"
    assert (home / "stacks" / "town" / "dev.json.bak").exists()
    records = sorted((home / "history" / "town" / "dev").glob("*.history.json"))
    assert [json.loads(path.read_text())["result"] for path in records] == ["succeeded"] * 2
    assert len(list((home / "history" / "town" / "dev").glob("*.checkpoint.json"))) == 2
    manifest = town.latest()["manifest"]
    assert set(manifest) == {"time", "magic", "version"}


def test_fields_that_we_do_not_know_are_kept(town: Harness) -> None:
    town.has(hall={"content": "1"}, gate={"content": "2"})

    def add(raw: dict[str, Any]) -> None:
        raw["checkpoint"]["latest"]["metadata"] = {"note": 1}
        for resource in raw["checkpoint"]["latest"]["resources"]:
            resource["taint"] = resource["urn"]

    edit(town, add)
    town.wants(hall={"content": "changed"}, gate={"content": "2"})
    town.up()

    assert town.latest()["metadata"] == {"note": 1}
    resources = town.resources()
    assert all(raw["taint"] == raw["urn"] for raw in resources.values())


def test_state_version_4_is_read_without_features_and_refused_with(town: Harness) -> None:
    town.has(hall={"content": "1"})
    edit(town, lambda raw: raw.update(version=4))
    town.wants(hall={"content": "2"})
    assert town.up().changes == {"same": 1, "update": 1}

    edit(town, lambda raw: raw.update(version=4, features=["views"]))
    with pytest.raises(EngineError, match=r"version 4 with features \['views'\]"):
        town.up()


def test_a_damaged_state_is_refused_by_name(town: Harness) -> None:
    town.has(hall={"content": "1"})
    edit(town, lambda raw: raw["checkpoint"]["latest"]["resources"].reverse())
    with pytest.raises(EngineError, match=r"dev\.json is damaged: .* not (come )?before it"):
        town.up()

    town.checkpoint.write_text("{")
    with pytest.raises(EngineError, match=r"dev\.json is not a Pulumi state file"):
        town.up()


def test_the_unfinished_journal_of_an_official_cli_is_not_passed_over(town: Harness) -> None:
    town.has()
    journal = StackFiles(town.project.backend, "town", "dev").journal
    journal.mkdir(parents=True)
    (journal / "manifest.json").write_text("{}")

    with pytest.raises(EngineError, match="steps of an official pulumi run"):
        town.up()


def test_a_backend_that_cannot_be_written_is_named(town: Harness) -> None:
    town.wants()
    shutil.rmtree(town.project.backend)
    town.project.backend.write_text("a file where the folder should be")

    with pytest.raises(EngineError, match=r"cannot be read or written: .*state"):
        town.up()


def test_a_held_lock_is_respected_and_says_who_holds_it(either_town: Harness) -> None:
    town = either_town
    town.wants(hall={"content": "1"})
    files = StackFiles(town.project.backend, "town", "dev")

    with held(files, lambda _: None), pytest.raises(EngineError) as caught:
        town.up()

    for part in (f"process {os.getpid()}", socket.gethostname(), str(files.locks), "since"):
        assert part in str(caught.value)
    assert town.up().ok


def test_the_lock_of_another_machine_is_respected(town: Harness) -> None:
    town.wants()
    files = StackFiles(town.project.backend, "town", "dev")
    files.locks.mkdir(parents=True)
    lock = {"pid": 1, "username": "u", "hostname": "elsewhere", "timestamp": "2026-01-01T00:00:00Z"}
    (files.locks / "one.json").write_text(json.dumps(lock))

    with pytest.raises(EngineError, match="locked by u@elsewhere, process 1"):
        town.up()
