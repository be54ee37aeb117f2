"""A repository's password on its host is replaced only by one that was tried."""

import json
from pathlib import Path
from typing import Any

import yaml

from tests.playbooks.ansible import PLAYBOOKS, ROLES, ansible_playbook

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


DRILL = """#!/bin/sh
read -r secret
for word; do
    case $word in
        --host=*) host=${word#*=} ;;
        --plan=*) plan=${word#*=} ;;
        --target=*) target=${word#*=} ;;
    esac
done
echo "{\\"host\\": \\"$host\\", \\"plan\\": \\"$plan\\", \\"ok\\": false, \\"error\\": \\"bad\\","
echo " \\"target\\": \\"$target\\", \\"started\\": \\"2026-11-28T10:00:00.123+00:00\\"}"
exit 1
"""
FORGET = """#!/bin/sh
read -r secret
echo "$1: wrong password" >&2
exit 1
"""
INVENTORY = """
vault:
  hosts:
    vault:
      ansible_connection: local
      bastide_backup_clients: [{name: app, plan: permits}]
all:
  hosts:
    app: {bastide_backups: [{id: permits, keep_within_days: 90, password_file: FOLDER/password}]}
"""


def play_of(playbook: str, folder: Path) -> dict[str, Any]:
    """Return a playbook's own play, with the test's programs and folders in place of the hosts'."""
    text = (PLAYBOOKS / playbook).read_text().replace("/usr/local/sbin", str(folder))
    play: dict[str, Any] = yaml.safe_load(text.replace("/var/lib/bastide/backup", str(folder)))[-1]
    return play | {"hosts": "vault", "connection": "local"}


def output_of(play: dict[str, Any], folder: Path) -> str:
    """Run a play that is to fail, with a password that must not be shown."""
    (folder / "password").write_text("correct horse battery\n")
    for name, text in (("bastide-drill", DRILL), ("bastide-vault-forget", FORGET)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
    (folder / "hosts.yml").write_text(INVENTORY.replace("FOLDER", str(folder)))
    done = ansible_playbook(
        *(folder / "play.yml", "-i", folder / "hosts.yml", "-v"),
        *("-e", "ansible_python_interpreter=/usr/bin/python3", "-e", "retention_act=true"),
        ANSIBLE_INVENTORY_ENABLED="yaml",
    )
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_drill_that_fails_shows_no_password(tmp_path: Path) -> None:
    play = play_of("restore_drill.yml", tmp_path)
    plan: dict[str, object] = {
        "host": "app",
        "plan": "permits",
        "municipality": "velgora",
        "database": "permits",
        "mariadb": "",
        "sqlite": [],
    }
    plan |= {"target_address": "192.0.2.1", "rpo_seconds": 60, "earlier": "{}"}
    # Its copy was not put there: the drill says so, not the attempt to do so before.
    secret = tmp_path / "reader"
    secret.write_text("correct horse of the reader")
    plan |= {"target": "vault", "filled": {"on": "vault", "by": "nothing.service"}, "first": True}
    plan |= {"bucket": {"target": "vault", "secret_key": f"file:{secret}"}}
    plan["password_file"] = str(tmp_path / "password")
    play["tasks"][0] = {"ansible.builtin.set_fact": {"drill_plans": [plan]}}
    play["vars"]["bastide_state"] = str(tmp_path)
    play["vars"]["drill_result_folders"] = [{"host": "vault", "folder": str(tmp_path / "drills")}]
    for task in play["tasks"]:
        if task.get("delegate_to") == "{{ item.host }}" and "drill_done" in str(task["loop"]):
            del task["delegate_to"]  # to the host `app`, which is the test's machine, too
    shown = output_of(play, tmp_path)
    assert "app permits from vault: bad" in shown
    assert "correct horse" not in shown
    assert (tmp_path / "permits.vault.drill.json").exists()
    (saved,) = (tmp_path / "drills").iterdir()
    assert saved.name == "20261128T100000.123Z-app-permits.json"
    assert json.loads(saved.read_text())["error"] == "bad"


def test_retention_that_fails_shows_no_password(tmp_path: Path) -> None:
    shown = output_of(play_of("retention.yml", tmp_path), tmp_path)
    assert "app/permits: wrong password" in shown
    assert "correct horse" not in shown
