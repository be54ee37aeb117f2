"""Every playbook parses, and names only roles that are there."""

import re
from pathlib import Path

import pytest

from tests.playbooks.ansible import PLAYBOOKS, ROLES, ansible_playbook

ROLE_NAMED = re.compile(r"^\s+name: ([a-z_]+)$", re.MULTILINE)


def test_ansible_accepts_every_playbook(own_state: Path) -> None:
    playbooks = sorted(PLAYBOOKS.glob("*.yml"))
    # One process for all: most of the time is Ansible's own start.
    done = ansible_playbook("--syntax-check", *playbooks)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^playbook: (.+)$", done.stdout, re.MULTILINE) == [*map(str, playbooks)]


@pytest.mark.parametrize("stage", ["configure", "harden"])
def test_every_role_of_a_stage_is_there(stage: str) -> None:
    named = set(ROLE_NAMED.findall((PLAYBOOKS / f"{stage}.yml").read_text()))
    assert named <= {path.name for path in ROLES.iterdir()}
    assert len(named) >= 4


@pytest.mark.parametrize("path", [PLAYBOOKS, ROLES.parent.parent / "inventory" / "ansible"])
def test_nothing_switches_host_key_checking_off(path: Path) -> None:
    off = re.compile(r"host_key_checking\s*[:=]\s*(no|false|0)|StrictHostKeyChecking[= ]+no", re.I)
    files = [
        f for f in path.rglob("*") if f.is_file() and f.suffix in {".yml", ".cfg", ".j2", ".py", ""}
    ]
    matches = [f for f in files if off.search(f.read_text(encoding="utf-8", errors="replace"))]
    assert matches == []
