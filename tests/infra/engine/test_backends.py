"""A state moved to another backend, as docs/pulumi.md says it, and worked on there."""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from infra.engine import EngineError, Operation
from infra.engine.official import states
from infra.engine.official.command_line import environment
from tests.infra.engine import harness
from tests.oracles.object_store import REGION, ObjectStore
from tests.oracles.programs import PULUMI, VERSITYGW

pytestmark = [
    pytest.mark.skipif(
        not (PULUMI.executable.exists() and VERSITYGW.executable.exists()),
        reason="make oracles could not build the CLI and an S3 server here",
    ),
    pytest.mark.usefixtures("official_cli"),
]
PAGE = Path(__file__).parents[3] / "docs/pulumi.md"
BLOCK = re.compile(r"## A state that several machines share.*?```sh\n(.*?)```", re.S)
SECRET = "the word of the gate"


@dataclass(frozen=True, slots=True)
class Backend:
    """Where the state is moved to, and how the CLI logs in there."""

    url: str
    login: Mapping[str, str]


@contextmanager
def s3(folder: Path) -> Iterator[Backend]:
    """Serve a bucket."""
    store = ObjectStore(folder)
    try:
        assert store.ask(store.root, "PUT", "/bastide-state").status == 200
        options = f"region={REGION}&endpoint={store.endpoint}&s3ForcePathStyle=true"
        login = {**store.root.environment, "AWS_CA_BUNDLE": str(store.certificate)}
        yield Backend(f"s3://bastide-state?{options}", login)
    finally:
        store.stop()


@contextmanager
def files(folder: Path) -> Iterator[Backend]:
    """Offer another folder."""
    yield Backend(folder.as_uri(), {})


class Team:
    """A town whose state is moved with the commands of the documentation."""

    def __init__(self, town: harness.Harness, backend: Backend) -> None:
        self.town, self.backend = town, backend
        given = environment(town.project)
        path = f"{PULUMI.executable.parent}:{given['PATH']}"
        self.given = {**given, **backend.login, "PATH": path}
        (town.root / "word").write_text(town.project.passphrase)

    def move(self) -> None:
        """Run the page's block, with this town's names and folders."""
        block = BLOCK.search(PAGE.read_text())
        assert block
        text = block[1]
        for said, here in (
            ("/var/lib/bastide/lab/secrets/pulumi-passphrase", str(self.town.root / "word")),
            ("/var/lib/bastide/lab/pulumi/Pulumi.lab.yaml", str(self.town.settings)),
            ("/var/lib/bastide/lab/pulumi", str(self.town.project.backend)),
            ("infra/Pulumi.yaml", str(self.town.project.folder / "Pulumi.yaml")),
            ("s3://bastide-state\n", f"'{self.backend.url}'\n"),
            ("Pulumi.lab.yaml", f"Pulumi.{self.town.project.stack}.yaml"),
            (" lab", f" {self.town.project.stack}"),
        ):
            assert said in text or said.startswith("Pulumi.lab")
            text = text.replace(said, here)
        self._run(["sh", "-ec", text], _without(self.given, "PULUMI_CONFIG_PASSPHRASE"))

    def pulumi(self, *given: str) -> str:
        """Call the CLI on the moved state, and return what it printed."""
        moved = {**self.given, "PULUMI_BACKEND_URL": self.backend.url}
        return self._run(["pulumi", *given], moved)

    def _run(self, command: list[str], given: Mapping[str, str]) -> str:
        done = subprocess.run(
            command,
            cwd=self.town.project.folder,
            env=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


Place = Callable[[Path], AbstractContextManager[Backend]]


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> Callable[[harness.Harness, Backend], None]:
    """Have the official engine work on the state at its new place from now on."""

    def move(town: harness.Harness, backend: Backend) -> None:
        for name, value in backend.login.items():
            monkeypatch.setenv(name, value)
        town.engine = "official"
        town.project = replace(town.project, state_url=backend.url)

    return move


@pytest.mark.parametrize("place", [files, s3])
def test_a_moved_state_makes_nothing_anew_and_is_worked_on_at_its_new_place(
    place: Place,
    own_town: harness.Harness,
    tmp_path: Path,
    moves: Callable[[harness.Harness, Backend], None],
) -> None:
    town = own_town
    town.wants(hall={"content": "a"}, gate={"content": "b", "secret": SECRET})
    assert town.up().ok
    made, former = town.things(), town.checkpoint.read_text()
    town.log()
    folder = tmp_path / "place"
    folder.mkdir()
    with place(folder) as backend:
        team = Team(town, backend)
        team.move()
        moves(town, backend)

        assert town.preview().changes == {"same": 3}
        town.wants(hall={"content": "other"}, gate={"content": "b", "secret": SECRET})
        changed = town.up()
        assert changed.changes == {"same": 2, "update": 1}
        assert changed.outputs["gate-secret"] == "[secret]"
        assert town.log() == ["update hall@here"]
        (town.root / "home" / "things" / "gate@here").unlink()
        assert town.run(Operation.DRIFT).changes["delete"] == 1
        assert town.refresh().ok
        contents = [raw.get("inputs", {}).get("content") for raw in states.recorded(town.project)]
        assert "other" in contents
        assert "b" not in contents
        assert town.things() == made - {"gate@here"}
        with pytest.raises(EngineError, match=r"install the pulumi CLI .* or bring the state back"):
            harness.ENGINES["embedded"].run(Operation.UP, town.project, lambda _: None)
        assert not any(SECRET.encode() in file.read_bytes() for file in written(folder))
        assert town.destroy().ok
    assert town.things() == set()
    assert town.checkpoint.read_text() == former
    assert (town.project.backend / "moved-to").read_text().strip() == backend.url


def test_a_stack_that_is_not_there_yet_is_previewed_and_then_made_there(
    own_town: harness.Harness,
    tmp_path: Path,
    moves: Callable[[harness.Harness, Backend], None],
) -> None:
    folder = tmp_path / "place"
    folder.mkdir()
    own_town.wants(hall={"content": "a"})
    with s3(folder) as backend:
        moves(own_town, backend)
        assert own_town.preview().changes == {"create": 2}
        assert states.names(own_town.project) == ()
        assert own_town.refresh().ok  # it makes the stack, of which nothing is there
        assert own_town.up().ok
        assert states.names(own_town.project) == ("dev",)
        assert own_town.outputs() == {"hall": "things/hall@here"}
    assert not own_town.checkpoint.exists()
    assert not (own_town.project.folder / own_town.settings.name).exists()


def test_a_run_of_another_machine_is_waited_for_and_a_closed_door_is_told(
    own_town: harness.Harness,
    tmp_path: Path,
    moves: Callable[[harness.Harness, Backend], None],
) -> None:
    own_town.wants(hall={"content": "a"})
    folder = tmp_path / "place"
    folder.mkdir()
    with files(folder) as backend:
        moves(own_town, backend)
        assert own_town.up().ok
        lock = folder / ".pulumi/locks/organization/town/dev/another.json"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text(
            '{"pid": 1, "username": "ana", "hostname": "desk", "timestamp": "2026-11-29T09:00:00Z"}'
        )
        with pytest.raises(EngineError, match="ana@desk"):
            own_town.up()
        assert own_town.preview().ok
    own_town.project = replace(own_town.project, state_url=(tmp_path / "nowhere").as_uri())
    with pytest.raises(EngineError, match="nowhere"):
        own_town.up()


def _without(given: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in given.items() if key != name}


def written(folder: Path) -> list[Path]:
    """Return all that lies at a place."""
    return [file for file in folder.rglob("*") if file.is_file()]
