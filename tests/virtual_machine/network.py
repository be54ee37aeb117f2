"""The machine's network: a bridge in a namespace of its own, and this machine's link to it."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.strange_town.processes import TownError, run

NAMESPACE = "bastide-vm"
NETWORK = "172.28.10.0/26"
GATEWAY = "172.28.10.1"  # this machine
ADDRESS = "172.28.10.20"
BITS = 26
TAP = "tap0"
WITHIN = ("ip", "netns", "exec", NAMESPACE)
DEVICE = (
    *("-netdev", f"tap,id=lan,ifname={TAP},script=no,downscript=no"),
    *("-device", "virtio-net-pci,netdev=lan,mac=52:54:00:1c:0a:14"),
)


@contextmanager
def laid() -> Iterator[None]:
    """Have the network for as long as the block lasts; what a killed run left goes first."""
    _remove()
    try:
        run("ip", "netns", "add", NAMESPACE)
        _in("link", "add", "lan", "type", "bridge", "forward_delay", "0")
        _in("link", "set", "lan", "up")
        _in("tuntap", "add", TAP, "mode", "tap")
        _in("link", "set", TAP, "master", "lan", "up")
        run(
            *("ip", "link", "add", NAMESPACE, "type", "veth"),
            *("peer", "name", "uplink", "netns", NAMESPACE),
        )
        _in("link", "set", "uplink", "master", "lan", "up")
        run("ip", "address", "add", f"{GATEWAY}/{BITS}", "dev", NAMESPACE)
        run("ip", "link", "set", NAMESPACE, "up")
        yield
    finally:
        _remove()


def _in(*argv: str) -> None:
    run("ip", "-n", NAMESPACE, *argv)


def _remove() -> None:
    with contextlib.suppress(TownError):
        run("ip", "link", "delete", NAMESPACE)
    if Path("/run/netns", NAMESPACE).exists():
        run("ip", "netns", "delete", NAMESPACE)
