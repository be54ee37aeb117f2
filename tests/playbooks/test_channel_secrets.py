"""Passwords and tokens on hosts that send alerts: what the estate names is there, nothing else."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.playbooks.ansible import ROLES, ansible_playbook

pytestmark = pytest.mark.root

TASKS = ROLES / "monitoring" / "tasks"
COPIED = ("Find secrets that were copied so", "Remove those that nothing refers to any more")


def play(folder: Path, tasks: Sequence[object], *options: str, **variables: object) -> str:
    """Run tasks of the role on this machine; returns what Ansible printed."""
    given = {"ansible_python_interpreter": sys.executable, **variables}
    plays = [{"hosts": "localhost", "gather_facts": False, "vars": given, "tasks": tasks}]
    file = folder / "play.yml"
    file.write_text(yaml.safe_dump(plays))
    done = ansible_playbook(file, "-i", "localhost,", "-c", "local", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]: Skipped" not in done.stderr
    return done.stdout


def channels(folder: Path, readers: dict[str, str], *options: str) -> set[str]:
    """Converge channels, by the account that reads each one's token; returns the files there."""
    (folder / "secrets").mkdir(exist_ok=True, mode=0o700)
    (folder / "secrets" / "token").write_text("9f8e7d")
    secrets = [
        {"channel": channel, "reader": reader, "reference": "generated:token"}
        for channel, reader in readers.items()
    ]
    play(
        folder,
        [{"ansible.builtin.import_tasks": str(TASKS / "channel_secrets.yml")}],
        *options,
        bastide_state=str(folder),
        bastide_notify_secrets=secrets,
        channel_folders={name: str(folder / "on_host" / name) for name in ("root", "daemon")},
    )
    there = (folder / "on_host").rglob("*")
    return {str(file.relative_to(folder / "on_host")) for file in there if file.is_file()}


def test_a_channels_token_goes_with_its_channel_and_moves_with_its_reader(tmp_path: Path) -> None:
    both = {"duty": "root", "chat": "daemon"}
    assert channels(tmp_path, both, "--check") == set()
    assert channels(tmp_path, both) == {"root/duty", "daemon/chat"}
    assert channels(tmp_path, {"duty": "daemon"}) == {"daemon/duty"}
    assert channels(tmp_path, {}) == set()


def test_a_copied_secret_goes_with_its_last_reference_and_no_other_does(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for name in ("_env.KEPT", "_env.GONE", "_vault.devices.gone", "restic-velgora-app"):
        (tmp_path / "secrets" / name).touch()
    tasks = [t for t in yaml.safe_load((TASKS / "main.yml").read_text()) if t["name"] in COPIED]
    kept = [{"reference": "env:KEPT", "to": "secrets/_env.KEPT"}]
    play(tmp_path, tasks, monitoring_state=str(tmp_path), bastide_poller_handed=kept)
    left = {file.name for file in (tmp_path / "secrets").iterdir()}
    assert left == {"_env.KEPT", "restic-velgora-app"}
