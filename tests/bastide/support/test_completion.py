"""What the shell is offered: commands, estates, playbooks, and the names of an estate."""

import pytest
from click.shell_completion import ShellComplete

from bastide.cli import cli
from tests.command import bastide


def completed(typed: list[str], incomplete: str) -> list[str]:
    items = ShellComplete(cli, {}, "bastide", "_BASTIDE_COMPLETE").get_completions(
        typed, incomplete
    )
    return [item.value for item in items if item.type == "plain"]


@pytest.fixture(autouse=True)
def no_estate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASTIDE_ESTATE", raising=False)


@pytest.mark.parametrize(
    ("typed", "incomplete", "names"),
    [
        ([], "inv", ["inventory"]),
        (["audit"], "re", ["replay", "report"]),
        (["status", "--estate"], "pi", ["pilot"]),
        (
            ["audit", "run", "--estate", "lab", "--host"],
            "kastrava",
            ["kastrava-edge", "kastrava-app"],
        ),
        (["host", "scan", "--estate", "lab"], "10.77.1.", ["10.77.1.0/24"]),
        (["snmp", "poll", "--estate", "lab"], "velgora-sw", ["velgora-switch"]),
        (["backup", "drill", "--estate", "lab", "--plan"], "sh", ["shares"]),
        (["backup", "drill", "--estate", "lab", "--plan"], "per", ["permits"]),
        (["lab", "stop", "--estate", "lab"], "central-v", ["central-vault"]),
        (["playbook", "run"], "rest", ["restore_drill"]),
        (["playbook", "run", "harden", "--estate", "lab", "--limit"], "ayn", None),
    ],
)
def test_names_are_offered(typed: list[str], incomplete: str, names: list[str] | None) -> None:
    offered = completed(typed, incomplete)
    assert offered
    assert all(name.startswith(incomplete) for name in offered)
    if names is not None:
        assert offered == names


def test_the_estate_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASTIDE_ESTATE", "lab")
    assert completed(["audit", "run", "--host"], "velgora-f") == ["velgora-files"]


def test_without_an_estate_no_name_is_offered_and_nothing_fails() -> None:
    assert completed(["audit", "run", "--estate", "/nowhere", "--host"], "") == []


def test_an_unknown_command_offers_nothing() -> None:
    assert completed(["nonsense"], "") == list(completed([], ""))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_script(shell: str) -> None:
    done = bastide(_BASTIDE_COMPLETE=f"{shell}_source")
    assert done.returncode == 0
    assert "_BASTIDE_COMPLETE" in done.stdout
