"""Ansible as an administrator runs it, for the tests of playbooks."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.playbooks.module_process import run_in_process

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
ROLES = PLAYBOOKS / "roles"
LONGEST_SECONDS = 900


def run_module(name: str, /, **arguments: Any) -> dict[str, Any]:
    """Run one of our modules alone, as Ansible starts it on a host; return what it answers."""
    return run_in_process(PLAYBOOKS / "library" / f"{name}.py", arguments)


def ansible_playbook(
    *arguments: str | Path, estate: str = "lab", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run plain `ansible-playbook` in the playbooks' folder to its end; `environment` is added."""
    return subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), *map(str, arguments)],
        cwd=PLAYBOOKS,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "BASTIDE_ESTATE": estate,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=LONGEST_SECONDS,
    )
