"""Who may log in where, and that all who take part use the same names."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import yaml

from inventory.entries import InventoryHost, hosts
from inventory.hostvars import host_variables
from inventory.load import load_estate
from inventory.logins import AUDITOR, BACKUP, DRILL, WITNESS, Login, administrators, logins
from inventory.model.ssh import Administrator, Ssh
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
    backup, drill, _ = logins(host("central-vault"))[2:]

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
    made = [task["system_account"]["name"] for task in tasks if "system_account" in task]

    assert (target["backup_target_user"], target["backup_target_drill_user"]) == (BACKUP, DRILL)
    assert made == [AUDITOR]


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICIli2MS/jSLosGpGL/cuwQhBlOLOi7tPMNWu/DShkXj"
DAY = date(2026, 6, 1)


def with_people(*people: Administrator, ssh: Ssh | None = None) -> InventoryHost:
    first = host("velgora-app")
    estate = first.tenant.estate.model_copy(update={"administrators": people, "ssh": ssh})
    return InventoryHost(replace(first.tenant, estate=estate), first.host)


def person(login: str, until: date | None = None) -> Administrator:
    return Administrator(name="Ana", login=login, keys=(KEY,), contact="ana@town", until=until)


def test_administrators_log_in_with_their_own_keys_and_may_become_root() -> None:
    *_, ana = logins(with_people(person("ana")), DAY)
    assert ana == Login("ana", (), (KEY,), may_become_root=True)


def test_an_administrators_access_ends_after_its_last_day() -> None:
    entry = with_people(person("ana", until=DAY))
    accounts = [[login.account for login in logins(entry, day)] for day in (DAY, date(2026, 6, 2))]
    assert [("ana" in names) for names in accounts] == [True, False]


def test_of_two_with_one_login_the_towns_own_counts() -> None:
    entry = with_people(person("ana"))
    own = person("ana", until=date(2020, 1, 1)).model_copy(update={"name": "Another Ana"})
    content = entry.tenant.content.model_copy(update={"administrators": (own, person("bo"))})
    both = InventoryHost(replace(entry.tenant, content=content), entry.host)
    assert [who.login for who in administrators(both, DAY)] == ["ana", "bo"]


def test_whoever_bastide_logs_in_as_may_and_has_the_estates_key() -> None:
    entry = with_people(person("itadmin"), ssh=Ssh(user="itadmin"))
    names = [login.account for login in logins(entry, DAY)]
    assert names == ["root", "bastide-audit", "itadmin"]
    assert logins(entry, DAY)[2] == Login("itadmin", ("admin",), (KEY,), may_become_root=True)
    elsewhere = with_people(ssh=Ssh(user="itadmin", key="agent"))
    assert logins(elsewhere, DAY)[2] == Login("itadmin", (), (), may_become_root=True)


def test_runs_are_shown_to_the_vault_that_is_the_witness_and_to_no_other_host() -> None:
    estate = load_estate(SHIPPED_ESTATES / "lab")
    for witness, seen in (("central-vault", ["central-vault"]), (None, [])):
        told = estate.model_copy(update={"witness": witness})
        shown = [e.name for e in hosts(told) if WITNESS in {one.account for one in logins(e)}]
        assert shown == seen
    assert yaml.safe_load((ROLES / "witness/defaults/main.yml").read_text())["witness_user"] == (
        WITNESS
    )
