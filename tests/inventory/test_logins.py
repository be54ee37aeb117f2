"""Who may log in where, and that all who take part use the same names."""

from pathlib import Path

import yaml

from inventory.entries import InventoryHost, hosts
from inventory.hostvars import host_variables
from inventory.load import load_estate
from inventory.logins import AUDITOR, BACKUP, DRILL, Login, logins
from inventory.outputs import Outputs
from inventory.paths import SHIPPED_ESTATES

ROLES = Path(__file__).resolve().parents[2] / "playbooks" / "roles"


def host(name: str) -> InventoryHost:
    estate = load_estate(SHIPPED_ESTATES / "lab")
    return next(entry for entry in hosts(estate) if entry.name == name)


def test_nobody_but_the_administrator_and_the_auditor_logs_in_to_an_ordinary_host() -> None:
    assert logins(host("velgora-app")) == (
        Login("root", ("admin",)),
        Login("bastide-audit", ("audit",)),
    )


def test_a_vault_lets_in_every_client_and_every_scratch_machine_too() -> None:
    backup, drill = logins(host("central-vault"))[2:]

    assert backup.account == BACKUP
    assert "backup/velgora-app-permits" in backup.keys
    assert len(backup.keys) == 4
    assert drill == Login(DRILL, ("backup/central-scratch-drill",))


def test_playbooks_are_given_the_public_keys_and_never_a_private_one() -> None:
    variables = host_variables(host("central-vault"), Path("/e"), Path("/s"), Outputs(estate="lab"))

    keys = [key for login in variables["bastide_logins"] for key in login["keys"]]
    assert keys[:2] == ["/s/ssh/admin.pub", "/s/ssh/audit.pub"]
    assert all(key.endswith(".pub") for key in keys)


def test_the_roles_that_make_the_accounts_use_these_names() -> None:
    target = yaml.safe_load((ROLES / "backup_target/defaults/main.yml").read_text())
    tasks = yaml.safe_load((ROLES / "audit/tasks/main.yml").read_text())
    made = [
        task["ansible.builtin.user"]["name"] for task in tasks if "ansible.builtin.user" in task
    ]

    assert (target["backup_target_user"], target["backup_target_drill_user"]) == (BACKUP, DRILL)
    assert made == [AUDITOR]
