"""Where state and caches lie: what the environment says, root's places, or those of XDG."""

import getpass
import os
from pathlib import Path

import pytest

from inventory import paths
from inventory.paths import cache_directory, shipped, state_directory, state_home, user_name

VARIABLES = ("BASTIDE_STATE_HOME", "BASTIDE_CACHE_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An ordinary user whose environment names no folder."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(tmp_path))
    return monkeypatch


def test_an_ordinary_user_has_both_at_home(user: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert state_home() == tmp_path / ".local/state/bastide"
    assert cache_directory() == tmp_path / ".cache/bastide"


def test_a_relative_folder_of_xdg_is_ignored_as_its_specification_says(
    user: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in VARIABLES[2:]:
        user.setenv(name, "somewhere")
    assert state_home() == tmp_path / ".local/state/bastide"
    assert cache_directory() == tmp_path / ".cache/bastide"


def test_xdg_may_say_otherwise(user: pytest.MonkeyPatch, tmp_path: Path) -> None:
    user.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    user.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert state_home() == tmp_path / "state/bastide"
    assert cache_directory() == tmp_path / "cache/bastide"


def test_root_has_the_systems_folders(user: pytest.MonkeyPatch, tmp_path: Path) -> None:
    user.setattr(os, "geteuid", lambda: 0)
    user.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_home() == Path("/var/lib/bastide")
    assert cache_directory() == Path("/var/cache/bastide")


def test_our_own_variables_come_first_and_may_be_relative(
    user: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    user.chdir(tmp_path)
    user.setattr(os, "geteuid", lambda: 0)
    user.setenv("BASTIDE_STATE_HOME", "state")
    user.setenv("BASTIDE_CACHE_HOME", "cache")
    assert state_home() == tmp_path / "state"
    assert cache_directory() == Path("cache")
    assert state_directory("pilot") == tmp_path / "state/pilot"


@pytest.mark.parametrize("error", [KeyError("7"), OSError("no such user")])
def test_a_user_that_no_file_names_is_called_by_number(
    user: pytest.MonkeyPatch, error: Exception
) -> None:
    def nobody() -> str:
        raise error

    user.setattr(getpass, "getuser", nobody)
    user.setattr(os, "getuid", lambda: 4711)
    assert user_name() == "4711"
    user.setattr(getpass, "getuser", lambda: "milica")
    assert user_name() == "milica"


def test_what_is_shipped_lies_in_the_checkout_or_else_in_the_wheel(
    user: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert shipped("runbooks") == Path(__file__).parents[2] / "runbooks"
    assert Path(__file__).parents[2] / "inventory/estates" == paths.SHIPPED_ESTATES
    user.setattr(paths, "CHECKOUT", tmp_path)
    assert shipped("runbooks") == tmp_path / "bastide/_runbooks"
    (tmp_path / "runbooks").write_text("")
    assert shipped("runbooks") == tmp_path / "bastide/_runbooks"
