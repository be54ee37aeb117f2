"""The lab's own roles make what the product no longer knows: the permit register and the papers."""

import re
from pathlib import Path

from bastide.actions.own_files import checked
from bastide.actions.own_playbooks import playbook_files
from inventory.load import find_estate, load_estate
from monitors.audit.collect.backends import answering_host
from monitors.audit.judge.command_list import EVERYTHING
from monitors.audit.judge.runner import run_check
from monitors.audit.model.results import Outcome
from monitors.collection.bundle import Answer
from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook

LAB = load_estate(find_estate("lab"))
UNIT = """ActiveState=active
User=permits
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
CapabilityBoundingSet=
"""


def test_ansible_accepts_its_playbook_with_its_roles(own_state: Path) -> None:
    roles = f"{PLAYBOOKS / 'roles'}:{LAB.own.folder / 'roles'}"
    (_, theirs) = playbook_files(LAB.own, "configure")
    done = ansible_playbook("--syntax-check", theirs, ANSIBLE_ROLES_PATH=roles)
    assert done.returncode == 0, done.stderr
    tasks = ansible_playbook("--list-tasks", theirs, ANSIBLE_ROLES_PATH=roles).stdout
    assert "permits : Start and enable the permit register" in tasks
    assert "papers : Copy the first papers into the common share" in tasks


def test_what_it_brings_is_held_to_what_ours_is() -> None:
    assert checked(LAB.own).controls["PERMIT-01"].own


def test_the_product_knows_no_register() -> None:
    folders = (PLAYBOOKS, PLAYBOOKS.parent / "monitors")
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    named = [p for p in files if re.search(r"permits\.(service|socket|py)|/opt/permits", _text(p))]
    assert named == []


def _text(path: Path) -> str:
    return "" if path.suffix == ".pyc" else path.read_text(encoding="utf-8", errors="replace")


def judged(unit: str) -> tuple[Outcome, str]:
    control = checked(LAB.own).controls["PERMIT-01"]
    host, _ = answering_host("velgora-app", lambda _: Answer(0, unit))
    return run_check(control, host, EVERYTHING, LAB.own.checks)


def test_an_unconfined_register_fails_its_own_control() -> None:
    assert judged("User=\nActiveState=active\n") == (Outcome.FAIL, "runs as root")
    loose = UNIT.replace("strict", "full")
    assert judged(loose) == (Outcome.FAIL, "permits.service: ProtectSystem is full")
    assert judged(UNIT) == (Outcome.PASS, "")
