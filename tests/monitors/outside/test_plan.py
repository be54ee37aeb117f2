"""What is looked at, as the inventory has it."""

from pathlib import Path
from typing import Any

import pytest

from inventory.entries import InventoryHost, hosts
from inventory.enums import CertificateTrust, ConnectionKind, Level
from inventory.model.ssh import Ssh
from inventory.outputs import Outputs
from monitors.outside.plan import STRANGER, Plan, plan_of
from monitors.outside.tables import PRINTERS
from tests.monitors.audit.estates import lab

STATE = Path("/nowhere")


def entry(name: str, **changes: Any) -> InventoryHost:
    (found,) = (each for each in hosts(lab()) if each.name == name)
    return InventoryHost(found.tenant, found.host.model_copy(update=changes))


def planned(name: str, *, asked_recently: bool = False, **changes: Any) -> Plan:
    outputs = Outputs(estate="lab")
    return plan_of(entry(name, **changes), STATE, outputs, asked_recently=asked_recently)


def test_all_addresses_names_and_accounts_of_a_host() -> None:
    plan = planned("velgora-edge", more_addresses=("fd77:1::1", "fe80::1"))
    assert plan.addresses == ("10.77.1.1", "fd77:1::1", "10.77.255.11")
    assert plan.names == ("edge.velgora.lab.test",)
    assert plan.accounts == ("root", "bastide-audit", STRANGER)
    assert plan.unasked == ()
    assert 161 in plan.udp_ports


def test_declared_ports_and_those_that_should_be_closed_are_tried() -> None:
    plan = planned("velgora-app", ssh=Ssh(port=2222))
    assert plan.ssh_ports == (2222, 22)
    assert {22, 80, 443, 2222, 3306, 9100} <= set(plan.tcp_ports)
    # A printer prints what is sent there: only an exporter that is declared is asked.
    assert PRINTERS & set(plan.tcp_ports) == {9100}


def test_an_account_that_a_host_may_not_have_is_asked_for_seldom() -> None:
    managed = planned("velgora-app", asked_recently=True)
    assert managed.accounts == ("root", "bastide-audit")
    assert [account for account, _ in managed.unasked] == [STRANGER]
    # Where nothing is installed only the way in is known to be there.
    read = planned("velgora-app", manage=Level.AUDIT, ssh=Ssh(user="itadmin"))
    assert read.accounts == ("itadmin", "root", STRANGER)
    again = planned("velgora-app", asked_recently=True, manage=Level.AUDIT, ssh=Ssh(user="itadmin"))
    assert again.accounts == ("itadmin",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"connection": ConnectionKind.LOCAL}, "runs on this host"),
        ({"ssh": Ssh(jump="velgora-edge")}, "reached through root@10.77.1.1"),
    ],
)
def test_a_host_of_which_nothing_can_be_seen(changes: dict[str, Any], reason: str) -> None:
    plan = planned("velgora-app", **changes)
    assert reason in plan.impossible
    assert plan.addresses == ()


def test_a_service_that_may_show_any_certificate() -> None:
    assert not planned("velgora-app").any_certificate
    host = entry("velgora-app")
    (service,) = host.tenant.content.services
    free = service.model_copy(update={"certificate": CertificateTrust.ANY})
    estate = lab()
    towns = tuple(
        town.model_copy(update={"services": (free,)}) if town.municipality == "velgora" else town
        for town in estate.municipalities
    )
    other = estate.model_copy(update={"municipalities": towns})
    (changed,) = (each for each in hosts(other) if each.name == "velgora-app")
    assert plan_of(changed, STATE, Outputs(estate="lab")).any_certificate
