"""Existing hosts: where they are asked for their host key, and where that is left to others."""

import socket
from pathlib import Path
from typing import Any

import pytest

from infra import ssh_keyscan
from infra.components import existing_hosts
from infra.components.context import BuildContext, Placement
from infra.errors import InfraError
from infra.existing.host import ExistingSpec, verify
from inventory.entries import InventoryHost, hosts
from inventory.enums import ConnectionKind, Level
from inventory.load import load_estate
from inventory.model.ssh import Ssh
from inventory.paths import SHIPPED_ESTATES

PILOT = load_estate(SHIPPED_ESTATES / "pilot")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICIli2MS/jSLosGpGL/cuwQhBlOLOi7tPMNWu/DShkXj"


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> list[ExistingSpec]:
    """What is declared, instead of being handed to an engine."""
    specs: list[ExistingSpec] = []
    monkeypatch.setattr(existing_hosts, "declare", lambda *a: specs.append(a[3]))
    monkeypatch.setattr(existing_hosts, "ResourceOptions", lambda **_: None)
    return specs


def entry(**change: Any) -> InventoryHost:
    first = next(e for e in hosts(PILOT) if e.name == "brezovik-app")
    return InventoryHost(first.tenant, first.host.model_copy(update={"host_key": KEY, **change}))


def declare(host: InventoryHost) -> dict[str, Any]:
    context = BuildContext(Path("/state"), (), None, None, verify=True)
    return dict(existing_hosts.existing_host(host, Placement(None, None), context))  # type: ignore[arg-type]


def test_a_host_that_is_logged_in_to_proves_its_key_at_its_port(
    declared: list[ExistingSpec],
) -> None:
    declare(entry(manage=Level.AUDIT, ssh=Ssh(port=2222)))
    assert (declared[0].verify, declared[0].port) == (True, 2222)


def test_a_host_that_is_logged_in_to_needs_a_key(declared: list[ExistingSpec]) -> None:
    with pytest.raises(InfraError, match="host_key"):
        declare(entry(manage=Level.AUDIT, host_key=None))


NOT_ASKED: dict[str, dict[str, Any]] = {
    "watched": {"manage": Level.WATCH},
    "watched without a key": {"manage": Level.WATCH, "host_key": None},
    "behind a jump host": {"manage": Level.FULL, "ssh": Ssh(jump="brezovik-edge")},
    "this very machine": {
        "manage": Level.FULL,
        "connection": ConnectionKind.LOCAL,
        "host_key": None,
    },
}


@pytest.mark.parametrize("case", NOT_ASKED)
def test_others_are_not_asked(case: str, declared: list[ExistingSpec]) -> None:
    change = {"host_key": KEY, **NOT_ASKED[case]}
    assert declare(entry(**change))["host_key"] == change["host_key"]
    assert not declared[0].verify
    verify(declared[0])


def test_this_very_machine_is_asked_for_its_key_where_it_is_configured(
    declared: list[ExistingSpec], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    central = next(iter(hosts(PILOT)))
    change = {"connection": ConnectionKind.LOCAL, "host_key": None, "manage": Level.FULL}
    here = InventoryHost(central.tenant, central.host.model_copy(update=change))
    file = tmp_path / "key.pub"
    monkeypatch.setattr(ssh_keyscan.own_host_key, "__defaults__", (file,))
    with pytest.raises(InfraError, match="apt-get install openssh-server"):
        declare(here)
    file.write_text(f"{KEY} root@selo\n")
    assert declare(here)["host_key"] == KEY
    assert not declared[-1].verify


def test_the_port_that_does_not_answer_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    spec = ExistingSpec("there", "127.0.0.1", KEY, port)  # type: ignore[arg-type]
    with pytest.raises(InfraError, match=f"port {port}"):
        verify(spec)
