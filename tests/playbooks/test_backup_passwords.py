"""A repository's password on its host is replaced only by one that was tried."""

from pathlib import Path
from typing import Any

import yaml

from tests.playbooks.ansible import ROLES, ansible_playbook

TASKS = ROLES / "backup_client" / "tasks" / "main.yml"


def password_tasks(folder: Path) -> list[dict[str, Any]]:
    """Return the role's own tasks, with the test's folder and program in place of the host's."""
    (text,) = (
        yaml.safe_dump(task)
        for task in yaml.safe_load(TASKS.read_text())
        if task["name"] == "Install passwords that open what is there"
    )
    text = text.replace("/etc/bastide/backup", str(folder))
    text = text.replace("/usr/local/sbin/bastide-backup approve", str(folder / "approve"))
    tasks: list[dict[str, Any]] = [yaml.safe_load(text)]
    return tasks


def test_a_refused_password_is_told_by_its_plan_and_replaces_none(tmp_path: Path) -> None:
    for plan in ("shares", "scans"):
        (tmp_path / plan).mkdir()
        (tmp_path / plan / "password").write_text("the old one")
        (tmp_path / f"{plan}.new").write_text(f"the secret of {plan}")
    approve = tmp_path / "approve"
    approve.write_text('#!/bin/sh\n[ "$1" = shares ] || { echo "does not open it" >&2; exit 1; }\n')
    approve.chmod(0o755)
    plans = [{"id": p, "password_file": f"{tmp_path / p}.new"} for p in ("shares", "scans")]
    play = {
        **{"hosts": "localhost", "connection": "local", "gather_facts": False},
        **{"vars": {"bastide_backups": plans}, "tasks": password_tasks(tmp_path)},
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))

    done = ansible_playbook(tmp_path / "play.yml", "-i", "localhost,", "-vvv")

    assert done.returncode == 2
    assert f"{tmp_path}/scans/password" in done.stdout + done.stderr
    assert "does not open it" in done.stdout + done.stderr
    assert "the secret of" not in done.stdout + done.stderr
    assert (tmp_path / "scans" / "password").read_text() == "the old one"
    assert (tmp_path / "shares" / "password").read_text() == "the secret of shares"
