"""The town's two networks: `front`, which this machine is on, and `inside`, which it is not."""

import contextlib
import json
from pathlib import Path

from tests.strange_town.layout import FRONT, INSIDE, OUTSIDE, OUTSIDE_6, HostPlan, Ids, in_range
from tests.strange_town.processes import TownError, run

NAMESPACES = Path("/run/netns")


def lay(ids: Ids, number: int) -> None:
    """Make both bridges, in a namespace of their own, and this machine's link to the front."""
    run("ip", "netns", "add", ids.core)
    for network in (FRONT, INSIDE):
        bridge = ("type", "bridge", "forward_delay", "0")
        run("ip", "-n", ids.core, "link", "add", f"town-{network}", *bridge)
        run("ip", "-n", ids.core, "link", "set", f"town-{network}", "up")
    run(
        *("ip", "link", "add", ids.uplink, "type", "veth"),
        *("peer", "name", "uplink", "netns", ids.core),
    )
    run("ip", "-n", ids.core, "link", "set", "uplink", "master", f"town-{FRONT}", "up")
    run("ip", "address", "add", in_range(OUTSIDE, number), "dev", ids.uplink)
    run("ip", "address", "add", in_range(OUTSIDE_6, number), "dev", ids.uplink, "nodad")
    run("ip", "link", "set", ids.uplink, "up")
    # Not through this machine's own gateway to whoever may answer there.
    run("ip", "route", "add", "unreachable", inside(number))


def plug_in(ids: Ids, plan: HostPlan) -> None:
    """Give a host a fresh namespace with a link to each of its networks."""
    unplug(ids, plan)
    namespace = ids.namespace(plan.name)
    run("ip", "netns", "add", namespace)
    run("ip", "-n", namespace, "link", "set", "lo", "up")
    for link in plan.links:
        port = f"{plan.name}-{link.interface}"
        run(
            *("ip", "-n", ids.core, "link", "add", port, "type", "veth"),
            *("peer", "name", link.interface, "netns", namespace),
        )
        master = ("master", f"town-{link.network}", "up")
        run("ip", "-n", ids.core, "link", "set", port, *master)


def unplug(ids: Ids, plan: HostPlan) -> None:
    """Remove a host's links and namespace; no error when they are not there."""
    for link in plan.links:
        with contextlib.suppress(TownError):
            run("ip", "-n", ids.core, "link", "delete", f"{plan.name}-{link.interface}")
    _remove(ids.namespace(plan.name))


def take_up(ids: Ids, number: int, plans: tuple[HostPlan, ...]) -> None:
    """Remove all that `lay` and `plug_in` made; no error when it is not there."""
    for plan in plans:
        _remove(ids.namespace(plan.name))
    for gone in (
        ("link", "delete", ids.uplink),
        ("route", "delete", "unreachable", inside(number)),
    ):
        with contextlib.suppress(TownError):
            run("ip", *gone)
    _remove(ids.core)


def _remove(namespace: str) -> None:
    if (NAMESPACES / namespace).exists():
        run("ip", "netns", "delete", namespace)


def inside(number: int) -> str:
    """Return the network behind the jump host."""
    return f"172.27.{number}.64/26"


def in_use(number: int) -> bool:
    """Tell whether this machine has a route into a range already."""
    routes = json.loads(run("ip", "-json", "route", "show") or "[]")
    return any(route["dst"].startswith(f"172.27.{number}.") for route in routes)
