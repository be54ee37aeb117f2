"""An estate's own playbooks are asked only where they leave check mode alone."""

from pathlib import Path

import pytest

from bastide.actions.check_mode import doubts
from inventory.own import own_files

DOUBT = "the estate's own playbooks, since {} sets check_mode and might change something even now"


def own_tasks(folder: Path, *lines: str, playbook: bool = True) -> tuple[str, ...]:
    tasks = folder / "roles" / "ours" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text("\n".join(("- name: Do it", *lines, "")))
    if playbook:
        (folder / "playbooks").mkdir()
        (folder / "playbooks" / "configure.yml").write_text("- hosts: managed\n  roles: [ours]\n")
    return doubts(own_files(folder))


@pytest.mark.parametrize("line", ["  check_mode: false", '  "check_mode": no', "  check_mode : 0"])
def test_a_task_that_sets_check_mode_is_named(line: str, tmp_path: Path) -> None:
    assert own_tasks(tmp_path, line) == (DOUBT.format("roles/ours/tasks/main.yml"),)


def test_one_that_only_asks_for_it_is_not(tmp_path: Path) -> None:
    assert own_tasks(tmp_path, "  when: not ansible_check_mode", "  # check mode: none") == ()


def test_roles_that_no_playbook_of_the_estate_uses_do_not_count(tmp_path: Path) -> None:
    assert own_tasks(tmp_path, "  check_mode: false", playbook=False) == ()
