"""Who configures the machine that they are on is not shut out by it."""

from pathlib import Path
from typing import Any

import pytest

from bastide.actions import this_machine
from bastide.actions.this_machine import refuse_cutting_off
from bastide.support.errors import CommandError, Exit
from inventory.entries import InventoryHost, hosts
from inventory.enums import ConnectionKind, Level
from inventory.load import load_estate
from inventory.model.ssh import Ssh
from inventory.paths import SHIPPED_ESTATES

PILOT = load_estate(SHIPPED_ESTATES / "pilot")
ROOT, MARKO = 0, 1000
NO_STATE = Path("/nonexistent/state")
INSIDE = str(PILOT.central.sites[0].network[5])


@pytest.fixture(autouse=True)
def _root(monkeypatch: pytest.MonkeyPatch) -> None:
    run_as(monkeypatch, ROOT, "root")


def run_as(monkeypatch: pytest.MonkeyPatch, uid: int, name: str) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.setattr(this_machine, "user_name", lambda: name)


def here(**change: Any) -> InventoryHost:
    entry = next(iter(hosts(PILOT)))
    own = {"manage": Level.FULL, "connection": ConnectionKind.LOCAL, **change}
    return InventoryHost(entry.tenant, entry.host.model_copy(update=own))


def refusal(entry: InventoryHost, **environment: str) -> str:
    with pytest.raises(CommandError) as caught:
        refuse_cutting_off([entry], NO_STATE, environment)
    assert caught.value.code is Exit.WRONG_USE
    return str(caught.value)


def test_root_at_the_console_may() -> None:
    refuse_cutting_off([here()], NO_STATE, {})


def test_an_address_that_the_firewall_will_not_let_in_is_refused() -> None:
    refuse_cutting_off([here()], NO_STATE, {"SSH_CONNECTION": f"{INSIDE} 50000 10.0.0.1 22"})
    for outside in ("203.0.113.9", "2001:db8::9"):
        text = refusal(here(), SSH_CONNECTION=f"{outside} 50000 10.0.0.1 22")
        assert f"the firewall would shut out {outside}" in text
        assert "do: add your network to management:" in text


def test_a_user_whom_the_inventory_does_not_name_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_as(monkeypatch, MARKO, "marko")
    assert "ssh: {user: marko" in refusal(here())
    refuse_cutting_off([here(ssh=Ssh(user="marko"))], NO_STATE, {})


def test_whoever_became_root_by_sudo_has_to_be_let_in_afterwards() -> None:
    assert "would let marko" in refusal(here(), SUDO_USER="marko")
    refuse_cutting_off([here(ssh=Ssh(user="marko"))], NO_STATE, {"SUDO_USER": "marko"})


def test_other_machines_and_those_that_are_not_changed_are_no_matter_of_it() -> None:
    outside = {"SSH_CONNECTION": "203.0.113.9 50000 10.0.0.1 22"}
    for change in ({"connection": ConnectionKind.SSH}, {"manage": Level.AUDIT}):
        refuse_cutting_off([here(**change)], NO_STATE, outside)


def test_a_state_of_the_services_on_it_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid)
    refuse_cutting_off([here()], tmp_path, {})
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)
    monkeypatch.setattr(this_machine, "user_name", lambda: "root")
    with pytest.raises(CommandError, match="another user's, such as that of the services"):
        refuse_cutting_off([here(ssh=Ssh(user="root"))], tmp_path, {})
