"""Commands are imported when they are used; what is missing, or mistyped, is said."""

import sys
from pathlib import Path

import click
import pytest
from click.exceptions import NoSuchCommand

from bastide.support.errors import CommandError, Exit
from bastide.support.lazy_group import Lazy, LazyGroup

GROUP = LazyGroup(
    "tests",
    {
        "status": Lazy("bastide.commands.status:status", "Show what is wrong."),
        "needs": Lazy("needs_what_is_not_there:command", "Need."),
        "hand": click.Command("hand", callback=lambda: 7),
    },
)


def run(*arguments: str) -> object:
    return GROUP.main(list(arguments), prog_name="tests", standalone_mode=False)


def test_commands_keep_the_order_of_the_table() -> None:
    assert GROUP.list_commands(click.Context(GROUP)) == ["status", "needs", "hand"]


def test_help_imports_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run("--help")
    assert "needs   Need.\n" in capsys.readouterr().out
    assert "needs_what_is_not_there" not in sys.modules


def test_a_command_may_stand_in_the_table_itself() -> None:
    assert run("hand") == 7


@pytest.mark.parametrize(("typed", "near"), [("stauts", "status"), ("hnad", "hand")])
def test_a_mistyped_command_is_answered_with_what_is_near(typed: str, near: str) -> None:
    with pytest.raises(NoSuchCommand) as caught:
        run(typed)
    assert caught.value.format_message() == f"No such command '{typed}'. Did you mean '{near}'?"


def test_a_command_whose_library_is_missing_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needs_what_is_not_there.py").write_text("import a_library_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(
        CommandError, match=r"needs a_library_that_is_not_there; pip install"
    ) as caught:
        run("needs", "--any", "argument")
    assert caught.value.code is Exit.WRONG_USE


def test_a_module_of_our_own_that_is_missing_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needs_what_is_not_there.py").write_text("import bastide.not_there\n")
    sys.modules.pop("needs_what_is_not_there", None)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match=r"bastide\.not_there"):
        run("needs")
