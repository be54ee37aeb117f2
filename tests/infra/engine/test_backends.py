"""A state moved to another backend, as docs/pulumi.md says it, and worked on there by the CLI."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.engine import Operation
from infra.engine.official.command_line import arguments, environment
from infra.engine.official.language_host import LanguageHost, serving
from infra.engine.stack.settings import read_project
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

    def operate(self, operation: Operation) -> str:
        """Run the program on the moved state, as `pulumi up` does with a language host."""
        project = self.town.project
        host = LanguageHost(
            read_project(project.folder), project.folder, self.given, lambda _: None
        )
        with serving(host) as client:
            return self.pulumi(*arguments(operation, project, client, self.town.root / "events"))

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


@pytest.mark.parametrize("place", [files, s3])
def test_a_moved_state_makes_nothing_anew_and_is_worked_on_at_its_new_place(
    place: object, own_town: harness.Harness, tmp_path: Path
) -> None:
    own_town.wants(hall={"content": "a"}, gate={"content": "b", "secret": SECRET})
    assert own_town.up().ok
    made, former = own_town.things(), own_town.checkpoint.read_text()
    own_town.log()
    folder = tmp_path / "place"
    folder.mkdir()
    with place(folder) as backend:  # type: ignore[operator]
        team = Team(own_town, backend)
        team.move()

        assert "3 unchanged" in team.operate(Operation.PREVIEW)

        own_town.wants(hall={"content": "other"}, gate={"content": "b", "secret": SECRET})
        team.operate(Operation.UP)
        moved = json.loads(team.pulumi("stack", "export", f"--stack={own_town.project.stack}"))
    assert own_town.things() == made
    assert own_town.checkpoint.read_text() == former
    assert (own_town.project.backend / "moved-to").read_text().strip() == backend.url
    contents = [raw.get("inputs", {}).get("content") for raw in moved["deployment"]["resources"]]
    assert "other" in contents
    assert not any(SECRET.encode() in file.read_bytes() for file in written(folder))


def _without(given: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in given.items() if key != name}


def written(folder: Path) -> list[Path]:
    """Return all that lies at a place."""
    return [file for file in folder.rglob("*") if file.is_file()]
