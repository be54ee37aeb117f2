import os
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from infra.lab import machine
from infra.lab.layout import Lab, lab_of
from infra.lab.teardown import teardown
from infra.ssh_keys import new_key_pair
from tests.infra.provider.plugin import Plugin, running

pytestmark = pytest.mark.root

ESTATE = f"p{os.getpid()}"
RANGE = IPv4Network(f"10.{200 + os.getpid() % 50}.0.0/16")
LAN = IPv4Network(f"{RANGE[0]}/24")
BACKBONE = {"estate": ESTATE, "range": str(RANGE), "uplink": f"{RANGE[254 * 256]}/30"}
NETWORK = {"estate": ESTATE, "name": "central", "range": str(LAN), "gateway": str(LAN[1])}
MACHINE = {
    "estate": ESTATE,
    "name": "host",
    "interfaces": [
        {
            "name": "lan0",
            "network": "central",
            "address": f"{LAN[10]}/24",
            "gateway": str(LAN[1]),
        }
    ],
    "authorizedKeys": [new_key_pair().public],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def lab(home: Path) -> Lab:
    return lab_of(ESTATE, home / ESTATE)


@pytest.fixture(scope="module")
def own(home: Path, lab: Lab) -> Iterator[Plugin]:
    """A provider with a state of its own, and a backbone, image and network made by it."""
    with running(BASTIDE_STATE_HOME=str(home)) as plugin:
        try:
            plugin.create("bastide:lab:Backbone", BACKBONE)
            plugin.create("bastide:lab:Image", {"estate": ESTATE})
            plugin.create("bastide:lab:Network", NETWORK)
            yield plugin
        finally:
            list(teardown(ESTATE, lab.state.parent))


@pytest.fixture
def host(own: Plugin) -> dict[str, Any]:
    """The outputs of a machine that runs."""
    outputs: dict[str, Any] = own.create("bastide:lab:Machine", MACHINE)[1]
    return outputs


def existing(host: dict[str, Any], **change: Any) -> dict[str, Any]:
    declared = {"name": "there", "address": host["address"], "hostKey": host["hostKey"]}
    return {"estate": ESTATE, **declared, **change}


def test_a_preview_makes_nothing(own: Plugin, lab: Lab) -> None:
    identity, outputs = own.create("bastide:lab:Machine", MACHINE | {"name": "idea"}, preview=True)
    assert identity == ""
    assert outputs["name"] == "idea"
    assert machine.find(lab, "idea") is None


def test_creating_it_again_adopts_it(own: Plugin, host: dict[str, Any]) -> None:
    assert own.create("bastide:lab:Machine", MACHINE) == (f"{ESTATE}/host", host)


def test_a_dead_machine_is_read_as_such_and_an_update_revives_it(
    own: Plugin, host: dict[str, Any], lab: Lab
) -> None:
    machine.stop(lab, "host", graceful=False)
    identity, outputs = own.read("bastide:lab:Machine", host)
    assert (identity, outputs["running"]) == ("x", False)
    assert own.update("bastide:lab:Machine", outputs, MACHINE) == host
    assert machine.running(lab, "host")


def test_deleting_what_is_gone_is_well_and_it_reads_as_gone(
    own: Plugin, host: dict[str, Any]
) -> None:
    own.delete("bastide:lab:Machine", host)
    own.delete("bastide:lab:Machine", host)
    assert own.read("bastide:lab:Machine", host) == ("", {})


def test_an_existing_host_proves_its_key(own: Plugin, host: dict[str, Any]) -> None:
    declared = existing(host)
    assert own.create("bastide:existing:Machine", declared)[0] == f"{ESTATE}/there"
    assert own.read("bastide:existing:Machine", declared)[0] == "x"


def test_an_existing_host_with_another_key_is_refused(own: Plugin, host: dict[str, Any]) -> None:
    other = new_key_pair().public
    with pytest.raises(Exception, match="declared host key") as raised:
        own.create("bastide:existing:Machine", existing(host, hostKey=other))
    assert other in str(raised.value)
    assert host["hostKey"] in str(raised.value)


def test_an_existing_host_that_does_not_answer_is_refused(
    own: Plugin, host: dict[str, Any]
) -> None:
    with pytest.raises(Exception, match="port 22"):
        own.create("bastide:existing:Machine", existing(host, address=str(LAN[77])))


def test_an_existing_host_is_not_asked_without_verify(own: Plugin, host: dict[str, Any]) -> None:
    silent = existing(host, address="192.0.2.1", verify=False)
    assert own.create("bastide:existing:Machine", silent)[0]
    own.delete("bastide:existing:Machine", silent)
