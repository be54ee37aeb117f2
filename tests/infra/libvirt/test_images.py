import hashlib
from pathlib import Path
from typing import Any

import pytest

from infra.libvirt.images import COMPLETE, image_volume
from tests.infra.libvirt.node import ESTATE, POOL, Left, write_node
from tests.infra.provider.plugin import Plugin

IMAGE = "bastide:libvirt:Image"
CONTENT = b"QFI\xfb and the rest"
CHECKSUM = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
NAME = image_volume(ESTATE, "velgora", CHECKSUM)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "debian.qcow2"
    file.write_bytes(CONTENT)
    return file


def image(uri: str, source: Path, **change: Any) -> dict[str, Any]:
    named = {"name": "velgora", "pool": "default", "source": str(source), "checksum": CHECKSUM}
    return {"estate": ESTATE, "uri": uri, **named, **change}


def test_an_image_that_is_not_there_is_named(plugin: Plugin, tmp_path: Path) -> None:
    inputs = image(write_node(tmp_path), tmp_path / "nothing.qcow2")
    with pytest.raises(Exception, match="No such file or directory; fetch one there"):
        plugin.create(IMAGE, inputs)


def test_an_image_with_another_content_is_not_uploaded(
    plugin: Plugin, tmp_path: Path, source: Path
) -> None:
    source.write_bytes(b"something else")
    inputs = image(write_node(tmp_path), source)
    with pytest.raises(Exception, match=CHECKSUM):
        plugin.create(IMAGE, inputs)
    assert plugin.read(IMAGE, inputs) == ("", {})


def test_half_of_one_that_a_crash_left_is_replaced(
    plugin: Plugin, tmp_path: Path, source: Path
) -> None:
    inputs = image(write_node(tmp_path, Left(NAME, capacity=5)), source)
    assert plugin.read(IMAGE, inputs) == ("", {})
    outputs = plugin.create(IMAGE, inputs)[1]
    assert outputs["volume"] == NAME
    assert plugin.read(IMAGE, outputs) == ("x", outputs)


def test_half_of_one_that_disks_lie_on_is_left_for_a_person(
    plugin: Plugin, tmp_path: Path, source: Path
) -> None:
    on_it = Left("disk.qcow2", backing=f"{POOL}/{NAME}")
    inputs = image(write_node(tmp_path, Left(NAME), on_it), source)
    with pytest.raises(Exception, match=r"no disk on top of it, found disk\.qcow2"):
        plugin.create(IMAGE, inputs)


def test_one_that_is_there_whole_is_not_read_again(
    plugin: Plugin, tmp_path: Path, source: Path
) -> None:
    uri = write_node(tmp_path, Left(NAME), Left(f"{NAME}.{COMPLETE}", capacity=0))
    source.unlink()
    assert plugin.create(IMAGE, image(uri, source))[1]["volume"] == NAME


def test_it_is_kept_while_disks_lie_on_it_and_deleted_then(
    plugin: Plugin, tmp_path: Path, source: Path
) -> None:
    whole = (Left(NAME), Left(f"{NAME}.{COMPLETE}", capacity=0))
    used = image(write_node(tmp_path, *whole, Left("d", backing=f"{POOL}/{NAME}")), source)
    plugin.delete(IMAGE, used)
    assert plugin.read(IMAGE, used)[0] == "x"
    (tmp_path / "free").mkdir()
    free = image(write_node(tmp_path / "free", *whole), source)
    plugin.delete(IMAGE, free)
    plugin.delete(IMAGE, free)
    assert plugin.read(IMAGE, free) == ("", {})


def test_another_image_is_a_new_one(plugin: Plugin, tmp_path: Path, source: Path) -> None:
    old = image(write_node(tmp_path), source)
    new = old | {"checksum": f"sha256:{'0' * 64}", "source": "/elsewhere"}
    assert list(plugin.diff(IMAGE, old, new).replaces) == ["checksum"]
    assert not plugin.diff(IMAGE, old, old | {"source": "/elsewhere"}).diffs
