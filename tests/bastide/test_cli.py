"""Errors become messages and exit statuses."""

import subprocess
from pathlib import Path

import pytest

from tests.bastide.estates import new_estate
from tests.command import BASTIDE, bastide, bastide_here, environment
from tests.running import running


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is in no estate."""
    monkeypatch.delenv("BASTIDE_ESTATE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_outside_an_estate_the_lab_is_not_taken_and_those_that_could_be_meant_are_named(
    nowhere: Path,
) -> None:
    bastide_here("init", "ours")
    done = bastide_here("inventory", "show")
    assert done.returncode == 2
    assert f"{nowhere}: is in no estate, and none was named" in done.stderr
    assert "name one: ./ours, lab, pilot" in done.stderr
    assert done.stdout == ""


def test_in_an_estates_folder_or_below_it_that_estate_is_meant(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bastide_here("init", "ours")
    for folder in ("ours", "ours/municipalities"):
        monkeypatch.chdir(nowhere / folder)
        done = bastide_here("inventory", "check")
        assert "ours/central.yml" in done.stderr


def test_a_name_that_is_no_estate_is_looked_for_here(nowhere: Path) -> None:
    done = bastide_here("inventory", "check", "--estate", "nothing")
    assert done.returncode == 2
    assert f"{nowhere}/nothing/estate.yml: there is no estate here" in done.stderr


def test_a_mistyped_command_is_wrong_use_and_answered_with_what_is_near() -> None:
    done = bastide_here("inventori")
    assert done.returncode == 2
    assert "Did you mean 'inventory'?" in done.stderr


@pytest.mark.parametrize("arguments", [("infra", "preview"), ("playbook", "run", "backup")])
def test_a_state_folder_that_cannot_be_made_is_a_message(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    home = tmp_path / "file" / "state"
    estate = new_estate(tmp_path / "ours")
    done = bastide_here(*arguments, BASTIDE_STATE_HOME=str(home), BASTIDE_ESTATE=str(estate))
    assert done.returncode == 3
    assert f"{tmp_path / 'file'}: " in done.stderr
    assert "choose another with BASTIDE_STATE_HOME" in done.stderr


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    done = bastide_here("init", str(tmp_path / ("x" * 300)), "--name", "ours")
    assert done.returncode == 3
    assert "File name too long" in done.stderr
    assert "BASTIDE_STATE_HOME" not in done.stderr


def test_an_argument_with_nul_in_it_is_wrong_use() -> None:
    assert bastide_here("init", "a\0b").returncode == 2


def test_the_process_exits_with_the_status_and_no_traceback() -> None:
    assert bastide("--version").returncode == 0
    done = bastide("inventory", "check", "--estate", "/nowhere")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_no_error() -> None:
    with running(
        subprocess.Popen(
            [str(BASTIDE), "inventory", "schema"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
