"""A stack for each municipality: what is split, what is touched, and what is refused."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.outputs import load_outputs
from tests.bastide.context import environment_of, know_passphrase, new_context
from tests.command import bastide_here
from tests.oracles.programs import PULUMI

pytestmark = pytest.mark.usefixtures("running_provider")
ENGINES = ["embedded"] + (["pulumi"] if PULUMI.executable.exists() else [])
FIRST, SECOND = "gornjilug", "drugilug"


class Town:
    """An estate of two towns whose hosts nobody logs in to: they are provisioned at once."""

    def __init__(self, folder: Path) -> None:
        context = new_context(folder, "127.88.0.")
        know_passphrase(context, "ours", f"ours-{FIRST}", f"ours-{SECOND}")
        self.folder, self.state = context.folder, context.state
        self.environment = environment_of(context)
        self.edit("estate.yml", "manage: full", "manage: watch")
        self.edit("central.yml", "manage: full", "manage: watch")
        added = bastide_here(
            "municipality", "add", "Drugi Lug", "--tier", "village", "--estate", str(self.folder)
        )
        assert added.returncode == 0, added.stderr

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        path.write_text(path.read_text().replace(old, new))

    def wants_several(self) -> None:
        self.edit("estate.yml", "domain:", "stacks: municipality\ndomain:")

    def estate(self) -> Estate:
        return load_estate(self.folder)

    def infra(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return bastide_here("infra", *arguments, **self.environment)

    def changes(self, *arguments: str, engine: str = "embedded") -> dict[str, int]:
        """Run an operation that must succeed; return what it changed."""
        done = self.infra(*arguments, "--engine", engine, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return {k: n for k, n in told["changes"].items() if k not in ("same", "read")}

    def states(self) -> dict[str, bytes]:
        folder = self.state / "pulumi" / ".pulumi" / "stacks" / "bastide"
        return {file.stem: file.read_bytes() for file in sorted(folder.glob("*.json"))}


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setenv("PATH", os.pathsep.join((os.environ["PATH"], str(PULUMI.executable.parent))))
    return Town(tmp_path)


@pytest.fixture(scope="module")
def made_several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a town with several stacks is once it was provisioned: its estate and its state."""
    folder = tmp_path_factory.mktemp("several")
    made = Town(folder)
    made.wants_several()
    made.changes("up")
    return folder


@pytest.fixture
def several(made_several: Path, town: Town, tmp_path: Path) -> Town:
    """A provisioned town with several stacks, a copy of one that was made once."""
    for copied in (town.folder, town.state):
        shutil.rmtree(copied)
        shutil.copytree(made_several / copied.relative_to(tmp_path), copied)
    return town


@pytest.mark.parametrize("engine", ENGINES)
def test_a_single_state_is_split_and_nothing_is_remade(town: Town, engine: str) -> None:
    town.changes("up", engine=engine)
    (before,), outputs = town.states().values(), load_outputs(town.state)
    town.wants_several()

    assert town.changes("up", engine=engine) == {}

    assert set(town.states()) == {"ours", f"ours-{FIRST}", f"ours-{SECOND}"}
    assert load_outputs(town.state) == outputs
    backups = (town.state / "pulumi" / ".pulumi" / "backups" / "bastide" / "ours").glob("*.json")
    assert before in [file.read_bytes() for file in backups]
    central = json.loads(town.states()["ours"])["checkpoint"]["latest"]["resources"]
    assert not any(FIRST in resource["urn"] for resource in central)
    assert town.changes("preview") == {}


def test_one_municipality_is_brought_up_and_no_other_state_is_touched(several: Town) -> None:
    before = several.states()
    several.edit(f"municipalities/{FIRST}.yml", "id: server", "id: archive")
    several.edit(f"municipalities/{FIRST}.yml", "[server]", "[archive]")
    several.edit(f"municipalities/{SECOND}.yml", "id: server", "id: papers")
    several.edit(f"municipalities/{SECOND}.yml", "[server]", "[papers]")

    assert several.changes("up", "--municipality", FIRST) == {"create": 1, "delete": 1}

    after = several.states()
    assert {name for name in after if after[name] != before[name]} == {f"ours-{FIRST}"}
    hosts = load_outputs(several.state).hosts
    assert f"{FIRST}-archive" in hosts
    assert f"{SECOND}-server" in hosts


def test_a_municipality_that_left_the_inventory_is_taken_away_by_itself(town: Town) -> None:
    town.wants_several()
    town.changes("up")
    before = town.states()
    (town.folder / "municipalities" / f"{SECOND}.yml").unlink()

    gone = town.changes("up")

    assert set(gone) == {"delete"}
    after = town.states()
    assert f"{SECOND}-server" not in after[f"ours-{SECOND}"].decode()
    assert after["ours"] == before["ours"]
    assert town.changes("up") == {}


def test_a_new_estate_begins_with_several(town: Town) -> None:
    town.wants_several()

    seen = town.infra("preview", "--engine", "embedded")
    assert seen.returncode == 0, seen.stderr
    assert f"{FIRST}: is previewed once central is provisioned" in seen.stderr
    alone = town.infra("up", "--municipality", FIRST, "--engine", "embedded")
    assert alone.returncode != 0
    assert "unknown stack" in alone.stderr

    assert town.changes("up")["create"] > 0
    assert town.changes("preview") == {}
    assert town.infra("drift", "--engine", "embedded").returncode == 0


def test_all_is_taken_away_and_central_last(several: Town) -> None:
    assert set(several.changes("destroy", "--yes")) == {"delete"}
    assert not any(b"bastide:existing:Machine" in state for state in several.states().values())


def test_while_the_state_is_one_a_preview_says_how_it_is_split(town: Town) -> None:
    town.changes("up")
    town.wants_several()
    before = town.states()

    refused = town.infra("preview")
    assert refused.returncode == 2
    assert "bastide infra split" in refused.stderr
    assert town.infra("drift", "--engine", "embedded").returncode == 0
    assert town.states() == before

    done = town.infra("split")
    assert done.returncode == 0
    assert f"moved to the state of ours-{FIRST}; nothing is remade" in done.stdout
    assert town.changes("preview") == {}
    assert "nothing to split" in town.infra("split").stdout


def test_several_are_not_joined_to_one(several: Town) -> None:
    several.edit("estate.yml", "stacks: municipality", "stacks: estate")
    before = several.states()

    refused = several.infra("up", "--engine", "embedded")

    assert refused.returncode == 2
    assert f"{SECOND}, {FIRST} have stacks of their own" in refused.stderr
    assert several.states() == before


def test_one_municipality_wants_a_stack_of_its_own_and_an_id_that_is_one(town: Town) -> None:
    single = town.infra("up", "--municipality", FIRST, "--engine", "embedded")
    assert single.returncode == 2
    assert "the estate has one stack for all of it" in single.stderr
    town.wants_several()
    unknown = town.infra("up", "--municipality", "atlantis", "--engine", "embedded")
    assert unknown.returncode == 2
    assert f"expected: one of central, {SECOND}, {FIRST}" in unknown.stderr


def test_a_target_is_brought_up_alone_and_wants_its_stack_named(town: Town) -> None:
    town.changes("up", "--target", f"{FIRST}-server")
    hosts = load_outputs(town.state).hosts
    assert town.changes("preview", "--target", f"{FIRST}-server") == {}
    assert f"{FIRST}-server" in hosts
    made = json.loads(town.states()["ours"])["checkpoint"]["latest"]["resources"]
    assert not any(f"{SECOND}-server" in resource["urn"] for resource in made)
    town.wants_several()
    alone = town.infra("refresh", "--target", f"{FIRST}-server", "--engine", "embedded")
    assert alone.returncode == 0, alone.stderr
    assert town.infra("split").returncode == 0
    several = town.infra("refresh", "--target", f"{FIRST}-server", "--engine", "embedded")
    assert several.returncode == 2
    assert "expected: --municipality" in several.stderr
    assert town.changes("refresh", "--municipality", FIRST, "--target", f"{FIRST}-server") == {}
