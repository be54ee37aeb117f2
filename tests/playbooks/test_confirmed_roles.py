"""The roles' changes under a timer: a way back that needs nothing of what it takes away."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[2] / "playbooks" / "roles"
BACK = ("undo", "last_resort")


def changes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each change of the roles' tasks, with its role."""
    for file in sorted(ROLES.glob("*/tasks/*.yml")):
        for task in yaml.safe_load(file.read_text(encoding="utf-8")):
            if "commit_confirmed" in task:
                yield file.parents[1].name, task["commit_confirmed"]


CHANGES = [pytest.param(*change, id=f"{change[0]}-{change[1]['name']}") for change in changes()]


def installed(role: str, change: dict[str, Any]) -> Iterator[str]:
    """Yield the paths that a change writes, as far as the task names them."""
    named = change.get("files", ())
    for item in named if isinstance(named, list) else ():  # a text: those of a setting
        tree = ROLES / role / "files" / str(item.get("src", ""))
        if str(item.get("src", "")).endswith("/"):
            yield from (f"/{path.relative_to(tree)}" for path in tree.rglob("*") if path.is_file())
        else:
            yield item["dest"]


def expanded(role: str, value: Any) -> str:
    """Return a value as text, with the role's variables that it names beside it.

    What the controller reads of the role's own tree is no path on the host.
    """
    variables: dict[str, Any] = {}
    for name in ("defaults", "vars"):
        file = ROLES / role / name / "main.yml"
        variables |= (yaml.safe_load(file.read_text("utf-8")) or {}) if file.exists() else {}
    text = yaml.safe_dump(value, width=10_000)
    named = (yaml.safe_dump(variables[name], width=10_000) for name in variables if name in text)
    return "".join((text, *named)).replace("tree/", "tree:")


def test_there_are_changes_under_a_timer() -> None:
    names = {change["name"] for _, change in changes()}
    assert {
        "ssh",
        "accounts",
        "firewall",
        "edge",
        "names",
        "web",
        "database",
        "file-server",
    } <= names


@pytest.mark.parametrize(("role", "change"), CHANGES)
def test_the_way_back_runs_no_program_that_it_takes_away(role: str, change: dict[str, Any]) -> None:
    back = expanded(role, [change.get(key, []) for key in BACK])
    programs = [path for path in installed(role, change) if "/libexec/" in path or "/bin/" in path]
    assert not [path for path in programs if path in back]


@pytest.mark.parametrize(("role", "change"), CHANGES)
def test_each_change_says_how_what_is_put_back_takes_effect(
    role: str, change: dict[str, Any]
) -> None:
    assert change.get("undo"), role


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("ssh", ["rm", "--force", "/etc/ssh/sshd_config.d/00-bastide.conf"]),
        ("firewall", ["nft", "delete", "table", "inet", "bastide"]),
    ],
)
def test_the_last_resort_takes_away_what_is_ours(name: str, ours: list[str]) -> None:
    (change,) = (change for _, change in changes() if change["name"] == name)
    assert change["last_resort"][0] == ours
