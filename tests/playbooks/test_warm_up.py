"""Tasks share what they load, and run on any processor."""

import os
import re
from pathlib import Path

import pytest

from bastide.actions.ansible import mitogen
from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook

FILTER = """
import gc
import os
import re
from pathlib import Path

with Path("LOG").open("a") as file:
    file.write(f"{os.getpid()}\\n")


class FilterModule:
    def filters(self):
        return {"unchanged": lambda value: value, "frozen": lambda _: gc.get_freeze_count() > 0}
"""
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Use a filter
      ansible.builtin.debug:
        msg: "{{ 'any' | unchanged }}"
    - name: Use it again
      ansible.builtin.debug:
        msg: "{{ 'any' | unchanged }}"
    - name: Show whether what was loaded is left out of the search for garbage
      ansible.builtin.debug:
        msg: "frozen {{ 'any' | frozen }}"
    - name: Read which processors a program may use
      ansible.builtin.command:
        argv:
          - "{{ ansible_playbook_python }}"
          - -c
          - import os; print(sorted(os.sched_getaffinity(0)))
      register: processors
    - name: Show the processors of tasks and of programs
      ansible.builtin.debug:
        msg: "tasks {{ lookup('ansible.builtin.pipe', 'nproc') }}, programs {{ processors.stdout }}"
"""


@pytest.mark.parametrize("strategy", [{}, mitogen()], ids=["linear", "mitogen_linear"])
def test_filters_are_loaded_once_for_all_tasks(tmp_path: Path, strategy: dict[str, str]) -> None:
    log, filters = tmp_path / "log", tmp_path / "filters"
    filters.mkdir()
    (filters / "logged.py").write_text(FILTER.replace("LOG", str(log)))
    (tmp_path / "play.yml").write_text(PLAY)
    done = ansible_playbook(
        tmp_path / "play.yml",
        *("-i", "localhost,"),
        ANSIBLE_FILTER_PLUGINS=str(filters),
        **strategy,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(log.read_text().splitlines()) == 1
    assert "frozen True" in done.stdout
    processors = sorted(os.sched_getaffinity(0))
    assert f"tasks {len(processors)}, programs {processors}" in done.stdout


MODULE = """
import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.UTILITY import *

AnsibleModule({}).exit_json(msg=f"process {os.getpid()}")
"""
TWICE = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Look at the process
      UTILITY:
      loop: [first, second]
      register: looks
    - name: Show it
      ansible.builtin.debug:
        msg: "{{ looks.results | map(attribute='msg') | join(' ') }}"
"""


@pytest.mark.skipif(not mitogen(), reason="without Mitogen each module has a process anyway")
@pytest.mark.parametrize(("utility", "processes"), [("run_records", 1), ("others", 2)])
def test_modules_with_our_utilities_share_one_process_on_a_host(
    utility: str, processes: int, tmp_path: Path
) -> None:
    utilities, modules = tmp_path / "module_utils", tmp_path / "library"
    utilities.mkdir()
    modules.mkdir()
    (utilities / "others.py").write_text("")
    (modules / f"{utility}.py").write_text(MODULE.replace("UTILITY", utility))
    (tmp_path / "play.yml").write_text(TWICE.replace("UTILITY", utility))
    done = ansible_playbook(
        tmp_path / "play.yml",
        *("-i", "localhost,"),
        ANSIBLE_MODULE_UTILS=f"{utilities}:{PLAYBOOKS / 'module_utils'}",
        **mitogen(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    numbers = re.findall(r"process (\d+)", done.stdout)
    assert len(numbers) == 2
    assert len(set(numbers)) == processes
