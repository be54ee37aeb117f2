"""What roles copy to hosts is what git has, and nothing that a tool left beside it."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks.ansible import PLAYBOOKS, ROLES

ROLE_NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())
COPIED = (":(glob)roles/*/files/**", ":(glob)roles/*/templates/**")


def test_no_tools_leavings_are_copied_to_hosts() -> None:
    ignored = subprocess.run(
        ["git", "ls-files", "-oi", "--exclude-standard", "--", *COPIED],
        cwd=PLAYBOOKS,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert ignored == [], "remove these: they would be copied to every host of the role"


def copied_folders(tasks: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the `src` of every copy, with the loop's items put in where they are written out."""
    for task in flat(tasks):
        source = str(task.get("ansible.builtin.copy", {}).get("src", ""))
        items = task.get("loop") if isinstance(task.get("loop"), list) else []
        written = [item for item in items or [] if isinstance(item, dict)]
        for item in written or [{}]:
            path = source
            for key, value in item.items():
                path = path.replace("{{ item." + key + " }}", str(value))
            yield path


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_no_folder_with_a_single_file_is_copied_as_a_folder(role: str) -> None:
    """Ansible then tells of the folder and not of the file, and no handler hears of a change."""
    for file in (ROLES / role).glob("tasks/*.yml"):
        for source in copied_folders(yaml.safe_load(file.read_text()) or []):
            folder: Path = ROLES / role / "files" / source
            if source and "{{" not in source and folder.is_dir():
                assert sum(path.is_file() for path in folder.rglob("*")) > 1, f"{file}: {source}"


def test_what_a_template_lists_has_an_order() -> None:
    """Ansible's set filters give another order in every process: a file would change each run."""
    unordered = re.compile(
        r"{{[^{}]*\|\s*(?:difference|intersect|union|symmetric_difference)\((?:(?!\| sort)[^{}])*}}"
    )
    for file in ROLES.glob("*/templates/**/*"):
        if file.is_file():
            match = unordered.search(file.read_text())
            assert not match, f"{file}: add `| sort` to {match[0]}"


def installed(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the items of every install_files that are written out."""
    for task in flat(tasks):
        items = task.get("install_files", {}).get("files", [])
        yield from items if isinstance(items, list) else []


@pytest.mark.parametrize(
    ("role", "handler", "own"),
    [
        ("logging", "Restart the journal", "/etc/systemd/journald.conf.d/"),
        ("hardening", "Re-execute systemd", "/etc/systemd/"),
        ("backup_target", "Reload sshd", "/etc/ssh/sshd_config.d/"),
    ],
)
def test_a_handler_runs_for_its_own_files_only(role: str, handler: str, own: str) -> None:
    tasks = flat(yaml.safe_load((ROLES / role / "tasks/main.yml").read_text()))
    notifying = [task for task in tasks if handler in task.get("notify", "")]
    assert notifying
    assert all(item["dest"].startswith(own) for item in installed(notifying))


def flat(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield tasks, those of blocks in their block's place."""
    for task in tasks:
        yield from flat(task["block"]) if "block" in task else [task]


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_every_file_and_template_that_a_role_installs_is_there(role: str) -> None:
    for file in (ROLES / role).glob("tasks/*.yml"):
        for item in installed(yaml.safe_load(file.read_text()) or []):
            for key, folder in (("src", "files"), ("template", "templates")):
                if key in item and "{{" not in item[key]:
                    assert (ROLES / role / folder / item[key]).exists(), f"{file}: {item[key]}"


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_every_file_and_template_of_a_role_is_used(role: str) -> None:
    text = "".join(path.read_text() for path in (ROLES / role).rglob("*.yml"))
    for folder in ("files", "templates"):
        for path in (ROLES / role / folder).rglob("*"):
            relative = path.relative_to(ROLES / role / folder)
            whole = [f"{parent}/" for parent in relative.parents if parent.name]
            used = any(str(name) in text for name in (relative, *whole)) or included(role, path)
            assert path.is_dir() or used, path


def included(role: str, path: Path) -> bool:
    """Whether another template of the role includes this one."""
    templates = (ROLES / role / "templates").rglob("*.j2")
    return any(f"include '{path.name}'" in template.read_text() for template in templates)
