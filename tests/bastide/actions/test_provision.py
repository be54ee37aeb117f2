"""Provisioning: the real program under the embedded engine, and how its steps are shown."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bastide.actions import drift, provision
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from infra.engine import EngineResult, Operation, StepEvent
from tests.bastide.context import new_context
from tests.oracles.programs import PULUMI


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    return new_context(tmp_path_factory.mktemp("provision"), "127.83.0.")


def shown(*events: StepEvent) -> str:
    output = io.StringIO()
    progress = Progress(Console(file=output, width=200))
    for event in events:
        provision.show_step(progress, event)
    return output.getvalue()


def step(operation: str, phase: str, message: str = "") -> StepEvent:
    return StepEvent("urn", "type", "town-app", operation, phase, message, 1.25)


@pytest.mark.usefixtures("running_provider")
def test_a_preview_declares_every_host_and_makes_credentials_once(context: EstateContext) -> None:
    (context.state / "ssh" / "admin").unlink()
    events: list[StepEvent] = []
    result = provision.run(context, Operation.PREVIEW, "embedded", events.append)
    again: list[StepEvent] = []
    provision.run(context, Operation.PREVIEW, "embedded", again.append)

    assert result.ok
    assert result.changes["create"] > 0
    assert (context.state / "ssh" / "admin").exists()
    assert any("credentials made in" in event.message for event in events)
    assert not any("credentials made in" in event.message for event in again)


@pytest.mark.skipif(
    not PULUMI.executable.exists(), reason="make oracles could not build the CLI here"
)
def test_the_official_engine_declares_the_same(
    context: EstateContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join((os.environ["PATH"], str(PULUMI.executable.parent))))
    embedded = provision.run(context, Operation.PREVIEW, "embedded", lambda event: None)

    official = provision.run(context, Operation.PREVIEW, "pulumi", lambda event: None)

    assert official.ok, official.failures
    assert official.changes == embedded.changes


def test_nobody_else_may_read_the_state_folder(tmp_path: Path) -> None:
    context = new_context(tmp_path, "127.83.1.")
    fresh = EstateContext(context.folder, context.estate, tmp_path / "fresh" / "state")
    provision.project(fresh)
    assert fresh.state.stat().st_mode & 0o077 == 0
    assert fresh.state.parent.stat().st_mode & 0o077 == 0


def test_an_engine_that_is_not_there_is_wrong_use(
    context: EstateContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(CommandError, match="pulumi") as caught:
        provision.run(context, Operation.PREVIEW, "pulumi", lambda event: None)
    assert caught.value.code is Exit.WRONG_USE


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[EstateContext, EngineResult]:
    """An estate whose hosts do not answer, and what bringing it up came to."""
    context = new_context(tmp_path_factory.mktemp("failed"), "127.84.0.")
    (context.state / "outputs.json").unlink()
    return context, provision.run(context, Operation.UP, "embedded", lambda event: None)


@pytest.fixture
def mark(context: EstateContext) -> Iterator[Path]:
    """The file that says where the state was moved to."""
    file = context.state / "pulumi" / "moved-to"
    file.parent.mkdir(exist_ok=True)
    yield file
    file.unlink()


@pytest.mark.parametrize("operation", list(Operation))
def test_the_embedded_engine_does_not_go_on_with_a_state_that_was_left_behind(
    context: EstateContext, mark: Path, operation: Operation
) -> None:
    mark.write_text("postgres://team:a-password@db.town.test/state\n")
    with pytest.raises(CommandError, match="install the pulumi CLI") as refused:
        provision.run(context, operation, "embedded", lambda _: None)
    assert refused.value.code is Exit.WRONG_USE
    assert "a-password" not in str(refused.value)
    with pytest.raises(CommandError, match="install the pulumi CLI"):
        drift.look(context, "embedded")


@pytest.mark.parametrize("text", ["", "the other machine", "https://state.town.test", "s3:bucket"])
def test_what_is_the_url_of_no_backend_is_refused(
    context: EstateContext, mark: Path, text: str
) -> None:
    mark.write_text(text)
    with pytest.raises(CommandError, match="URL of no backend") as refused:
        provision.run(context, Operation.UP, "pulumi", lambda _: None)
    assert refused.value.code is Exit.WRONG_USE


@pytest.mark.skipif(
    not PULUMI.executable.exists(), reason="make oracles could not build the CLI here"
)
def test_the_official_engine_works_on_a_state_that_was_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join((os.environ["PATH"], str(PULUMI.executable.parent))))
    context = new_context(tmp_path, "127.85.0.")
    place = tmp_path / "place"
    place.mkdir()
    folder = context.state / "pulumi"
    folder.mkdir(exist_ok=True)
    (folder / "moved-to").write_text(f"{place.as_uri()}\n")

    previewed = provision.run(context, Operation.PREVIEW, "auto", lambda _: None)
    assert previewed.ok, previewed.failures
    assert previewed.changes["create"] > 0
    provision.run(context, Operation.UP, "auto", lambda _: None)  # no host of it answers
    assert list((place / ".pulumi" / "stacks" / "bastide").glob("*.json"))
    assert not (folder / ".pulumi").exists()
    assert provision.run(context, Operation.DESTROY, "auto", lambda _: None).ok


@pytest.mark.usefixtures("running_provider")
def test_hosts_that_do_not_answer_fail_and_no_outputs_are_written(
    failed: tuple[EstateContext, EngineResult],
) -> None:
    context, result = failed
    assert not result.ok
    assert result.failures
    assert not (context.state / "outputs.json").exists()


def test_a_wrong_passphrase_could_not_check(failed: tuple[EstateContext, EngineResult]) -> None:
    context, _ = failed
    (context.state / "secrets" / "pulumi-passphrase").write_text("another")
    with pytest.raises(CommandError) as caught:
        provision.run(context, Operation.REFRESH, "embedded", lambda event: None)
    assert caught.value.code is Exit.COULD_NOT_CHECK


def test_what_changed_is_shown_and_what_did_not_is_not() -> None:
    text = shown(step("create", "finished"), step("same", "finished"), step("read", "finished"))
    assert text.split() == ["ok", "town-app", "created", "1.2", "s"]


@pytest.mark.parametrize("phase", ["failed", "skipped"])
def test_a_step_that_was_not_done_is_marked_with_its_reason(phase: str) -> None:
    text = shown(step("same", phase, "no route to host"))
    assert f"!! town-app           same {phase}: no route to host" in text


def test_what_the_program_says_is_shown() -> None:
    assert "3 credentials made" in shown(step("", "diagnostic", "3 credentials made"))


@pytest.mark.parametrize(
    ("changes", "failures", "text"),
    [
        ({}, 0, "nothing to do"),
        ({"same": 0}, 0, "nothing to do"),
        ({"same": 3, "create": 2, "delete": 0}, 0, "2 create, 3 same"),
        ({"create": 1}, 2, "1 create; 2 failed"),
    ],
)
def test_a_result_is_a_line(changes: dict[str, int], failures: int, text: str) -> None:
    failed = (step("create", "failed"),) * failures
    assert provision.describe(EngineResult(changes, {}, failed, not failures)) == text
