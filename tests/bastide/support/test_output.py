"""Tables: whole where they are piped, folded in a terminal, and never read as markup."""

import io
import re
from contextlib import redirect_stdout

import pytest

from bastide.support.output import print_table, row

NAME = "a-municipality-with-a-very-long-name-" * 5 + "app"
ADDRESS = "2001:db8:85a3::8a2e:370:7334"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")


def printed(output: io.StringIO, *cells: str, title: str | None = None) -> str:
    with redirect_stdout(output):
        print_table(("host", "address"), [row(*cells)], title=title)
    return output.getvalue()


@pytest.mark.usefixtures("narrow")
def test_names_and_addresses_are_whole_and_on_one_line_where_they_are_piped() -> None:
    (line,) = (
        line for line in printed(io.StringIO(), NAME, ADDRESS).splitlines() if ADDRESS in line
    )
    assert NAME in line


@pytest.mark.usefixtures("narrow")
def test_a_terminal_folds_and_cuts_nothing() -> None:
    text = printed(Terminal(), NAME, ADDRESS)
    assert "…" not in text
    assert len(text.splitlines()) > 5
    first_column = [re.split("[│┃]", line)[1].strip() for line in text.splitlines() if "│" in line]
    assert "".join(first_column) == NAME


@pytest.mark.parametrize("cell", ["[bold]x", "[/bold]", "[Errno 2] gone", "a [link=x]b[/link]"])
def test_brackets_are_text(cell: str) -> None:
    assert cell in printed(io.StringIO(), cell, ADDRESS, title=cell)
    assert printed(io.StringIO(), cell, ADDRESS, title=cell).count(cell) == 2
