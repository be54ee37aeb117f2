"""What an administrator is told when a hypervisor cannot be used."""

from pathlib import Path
from typing import Any

import pytest

from infra.libvirt import binding
from infra.libvirt.failures import ADVICE, ELSE, _explained
from infra.libvirt.hypervisor import _without_terminal
from tests.infra.libvirt.node import ESTATE, write_node
from tests.infra.provider.plugin import Plugin

VOLUME = "bastide:libvirt:Volume"


def volume(uri: str, **change: Any) -> dict[str, Any]:
    return {"estate": ESTATE, "name": "d", "uri": uri, "pool": "default", "sizeGib": 1, **change}


UNREACHABLE = {
    "no such host": ("qemu+tcp://127.0.0.1:9/system", "refused"),
    "no daemon": ("qemu+unix:///system?socket=/nowhere/sock", "systemctl start"),
    "no such driver": ("teapot:///system", "teapot"),
    "no such file": ("test:///nowhere/node.xml", "nowhere"),
}


@pytest.mark.parametrize("case", UNREACHABLE)
def test_a_hypervisor_that_does_not_answer_is_named_with_what_to_do(
    plugin: Plugin, case: str
) -> None:
    uri, words = UNREACHABLE[case]
    with pytest.raises(Exception, match="hypervisor") as raised:
        plugin.create(VOLUME, volume(uri))
    assert uri in str(raised.value)
    assert words in str(raised.value)
    assert "Traceback" not in str(raised.value)


def test_an_account_without_rights_is_told_which_group_it_needs() -> None:
    message = "Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied"
    assert "group libvirt" in str(_explained("hypervisor", "qemu:///system", message))


def test_every_other_failure_names_the_log() -> None:
    assert ELSE in str(_explained("machine x", "qemu:///system", "internal error: teapot"))
    assert all(piece == piece.lower() for piece, _ in ADVICE)


def test_a_pool_that_is_not_there_is_answered_with_those_that_are(
    plugin: Plugin, tmp_path: Path
) -> None:
    with pytest.raises(Exception, match="there: default, lvm"):
        plugin.create(VOLUME, volume(write_node(tmp_path), pool="fast"))


def test_a_pool_that_keeps_no_files_is_refused(plugin: Plugin, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="type logical"):
        plugin.create(VOLUME, volume(write_node(tmp_path), pool="lvm"))


def test_a_missing_binding_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "DEBIAN", "/nowhere")
    monkeypatch.setattr(binding, "PARTS", ("libvirtmod_of_nobody",))
    with pytest.raises(Exception, match="apt-get install python3-libvirt"):
        binding._debian()


def test_a_connection_over_ssh_never_asks_at_this_terminal() -> None:
    assert _without_terminal("qemu+ssh://h/system") == "qemu+ssh://h/system?no_tty=1"
    assert _without_terminal("qemu+ssh://h/system?keyfile=/k").endswith("?keyfile=/k&no_tty=1")
    assert _without_terminal("qemu:///system") == "qemu:///system"
