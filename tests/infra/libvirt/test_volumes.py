from pathlib import Path
from typing import Any

import pytest

from infra.libvirt.pools import GIB
from infra.libvirt.volumes import data_volume
from tests.infra.libvirt.node import ESTATE, Left, write_node
from tests.infra.provider.plugin import Plugin

VOLUME = "bastide:libvirt:Volume"
NAME = data_volume(ESTATE, "velgora-app-papers")


def volume(uri: str, **change: Any) -> dict[str, Any]:
    disk = {"name": "velgora-app-papers", "pool": "default", "sizeGib": 20}
    return {"estate": ESTATE, "uri": uri, **disk, **change}


def test_a_disk_is_never_made_smaller(plugin: Plugin, tmp_path: Path) -> None:
    uri = write_node(tmp_path, Left(NAME, capacity=100 * GIB))
    with pytest.raises(Exception, match=r"at most 20 GiB, found 100 GiB; .*would be lost"):
        plugin.create(VOLUME, volume(uri))


def test_one_with_data_is_adopted_as_it_is(plugin: Plugin, tmp_path: Path) -> None:
    uri = write_node(tmp_path, Left(NAME, allocation=9 * GIB))
    outputs = plugin.create(VOLUME, volume(uri))[1]
    assert outputs["volume"] == NAME
    assert plugin.read(VOLUME, outputs) == ("x", outputs)


def test_another_size_found_by_a_refresh_is_a_change(plugin: Plugin, tmp_path: Path) -> None:
    uri = write_node(tmp_path, Left(NAME, capacity=10 * GIB))
    found = plugin.read(VOLUME, volume(uri))[1]
    assert found["sizeGib"] == 10
    assert list(plugin.diff(VOLUME, found, volume(uri)).diffs) == ["sizeGib"]
    assert not plugin.diff(VOLUME, found, volume(uri)).replaces


def test_it_is_made_deleted_and_read_as_gone(plugin: Plugin, tmp_path: Path) -> None:
    outputs = plugin.create(VOLUME, volume(write_node(tmp_path)))[1]
    plugin.delete(VOLUME, outputs)
    plugin.delete(VOLUME, outputs)
    assert plugin.read(VOLUME, outputs) == ("", {})
