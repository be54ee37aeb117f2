"""Ansible as an administrator runs it, for the tests of playbooks."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
ROLES = PLAYBOOKS / "roles"
LONGEST_SECONDS = 900
# A module finds what is shared beside those of Ansible, as where Ansible packs both.
START = """
import runpy, sys
import ansible.module_utils
folder, module = sys.argv[1:]
sys.argv = [module]
ansible.module_utils.__path__.append(folder)
runpy.run_path(module, run_name="__main__")
"""


def run_module(name: str, /, **arguments: Any) -> dict[str, Any]:
    """Run one of our modules alone, as Ansible starts it on a host; return what it answers."""
    module = PLAYBOOKS / "library" / f"{name}.py"
    done = subprocess.run(
        [sys.executable, "-B", "-c", START, PLAYBOOKS / "module_utils", module],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


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
