"""`bastide init`: a new estate, and never over an old one."""

from pathlib import Path

import pytest

from tests.command import bastide_here


def test_it_says_what_to_do_next(tmp_path: Path) -> None:
    done = bastide_here("init", str(tmp_path / "ours"))
    assert done.returncode == 0
    assert "bastide municipality add NAME" in done.stdout
    assert f"bastide inventory check --estate {tmp_path / 'ours'}" in done.stdout


def test_an_existing_estate_is_never_overwritten(tmp_path: Path) -> None:
    assert bastide_here("init", str(tmp_path / "ours")).returncode == 0
    again = bastide_here("init", str(tmp_path / "ours"), "--name", "another")
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert "another" not in (tmp_path / "ours" / "estate.yml").read_text()


@pytest.mark.parametrize("name", ["", "A", "1st", "our-estate", "x" * 32, "näh"])
def test_a_name_that_no_estate_may_have_is_refused_before_anything_is_written(
    name: str, tmp_path: Path
) -> None:
    done = bastide_here("init", str(tmp_path / "ours"), "--name", name)
    assert done.returncode == 2
    assert "give one with --name" in done.stderr
    assert not (tmp_path / "ours").exists()
