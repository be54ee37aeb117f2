from pathlib import Path
from typing import Any

import pytest

from tests.infra.libvirt.node import ESTATE, write_node
from tests.infra.provider.plugin import Plugin

NETWORK = "bastide:libvirt:Network"


def network(uri: str, **change: Any) -> dict[str, Any]:
    site = {"name": "velgora-hall", "range": "10.9.1.0/24", "gateway": "10.9.1.1"}
    return {"estate": ESTATE, "uri": uri, **site, **change}


def test_a_name_that_others_have_is_refused_and_theirs_is_left(
    plugin: Plugin, tmp_path: Path
) -> None:
    inputs = network(write_node(tmp_path, foreign="velgora-hall"))
    with pytest.raises(Exception, match="one that others made"):
        plugin.create(NETWORK, inputs)
    plugin.delete(NETWORK, inputs)
    with pytest.raises(Exception, match="one that others made"):
        plugin.read(NETWORK, inputs)


def test_one_of_an_older_inventory_is_not_changed_under_machines(
    plugin: Plugin, tmp_path: Path
) -> None:
    inputs = network(write_node(tmp_path))
    plugin.create(NETWORK, inputs)
    with pytest.raises(Exception, match="virsh net-destroy"):
        plugin.create(NETWORK, inputs | {"gateway": "10.9.1.254"})


def test_it_is_made_once_and_adopted_then(plugin: Plugin, tmp_path: Path) -> None:
    inputs = network(write_node(tmp_path))
    identity, outputs = plugin.create(NETWORK, inputs)
    assert (identity, outputs["network"]) == ("town/velgora-hall", "bastide-town-velgora-hall")
    assert outputs["running"]
    assert plugin.create(NETWORK, inputs)[1] == outputs
    assert plugin.read(NETWORK, outputs) == ("x", outputs)


@pytest.mark.parametrize("forward", ["nat", "route", "isolated"])
def test_each_way_out_is_kept(plugin: Plugin, tmp_path: Path, forward: str) -> None:
    inputs = network(write_node(tmp_path), forward=forward)
    outputs = plugin.create(NETWORK, inputs)[1]
    assert plugin.create(NETWORK, inputs)[1] == outputs


def test_an_edge_is_the_gateway_of_a_network_without_one(plugin: Plugin, tmp_path: Path) -> None:
    inputs = network(write_node(tmp_path), gateway=None, forward="isolated")
    outputs = plugin.create(NETWORK, inputs)[1]
    assert plugin.create(NETWORK, inputs)[1] == outputs


def test_deleting_it_twice_is_well_and_it_reads_as_gone(plugin: Plugin, tmp_path: Path) -> None:
    outputs = plugin.create(NETWORK, network(write_node(tmp_path)))[1]
    plugin.delete(NETWORK, outputs)
    plugin.delete(NETWORK, outputs)
    assert plugin.read(NETWORK, outputs) == ("", {})
