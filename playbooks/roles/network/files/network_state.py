"""Says what addresses, routes and interfaces a host has, and puts them back.

`network_state running` prints them as JSON. `network_state settle` waits until they change no more:
whatever loads the files may go on after it has answered. `network_state restore FILE` makes them
what they were, whatever wrote them meanwhile: interfaces that were made are taken away, of the
others addresses, routes and rules are added and removed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

# What the kernel says of a route's state or age is no part of what `ip route add` takes.
STATES = ("linkdown", "dead", "offload", "trap", "rt_offload")
COUNTED = ("expires",)
FAMILIES = ("-4", "-6")
# Those of containers and virtual machines come and go: they are none of the change's.
FOREIGN_KINDS = ("veth",)
FOREIGN_NAMES = ("br-", "cni", "docker", "podman", "virbr")
LIFETIMES = ("valid", "preferred")
# Twice at most, since commit_confirmed ends a command after 30 s; a lease may not come at all.
SETTLE_SECONDS = 12.0
QUIET_SECONDS = 3.0
POLL_SECONDS = 0.5
BUSY = ("pending", "initialized", "configuring")
GIVEN_UP = ("failed",)


def ip(*words: str) -> str:
    """Run ip(8) and return what it printed; CalledProcessError when it refuses."""
    return subprocess.run(("ip", *words), check=True, capture_output=True, text=True).stdout


def running() -> dict[str, Any]:
    """Return interfaces with their state, addresses with their lifetimes, routes and rules."""
    links = json.loads(ip("-details", "-json", "address", "show"))
    ours = [link for link in links if link and not _is_foreign(link)]
    names = {link["ifname"] for link in ours}
    return {
        "links": {link["ifname"]: "UP" in link["flags"] for link in ours},
        "addresses": dict(pair for link in ours for pair in _addresses(link)),
        "routes": {family: _routes(family, names) for family in FAMILIES},
        "rules": {family: ip(family, "rule", "show").splitlines() for family in FAMILIES},
    }


def _is_foreign(link: dict[str, Any]) -> bool:
    kind = link.get("linkinfo", {}).get("info_kind")
    # A whole host in a container has such a link as its own, as the lab's have.
    has_peer_inside = kind in FOREIGN_KINDS and "link" in link
    return has_peer_inside or str(link["ifname"]).startswith(FOREIGN_NAMES)


def _addresses(link: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield what `ip address add` takes for each that is not the kernel's, and for how long."""
    for one in link.get("addr_info", ()):
        if one["scope"] == "link" and one["family"] == "inet6":
            continue
        own = f"{one['local']}/{one['prefixlen']}"
        words = [own, "scope", one["scope"], "dev", link["ifname"]]
        if "address" in one:
            words[:1] = [one["local"], "peer", f"{one['address']}/{one['prefixlen']}"]
        if "broadcast" in one:
            words += ["broadcast", one["broadcast"]]
        limits = [(f"{name}_lft", one.get(f"{name}_life_time")) for name in LIFETIMES]
        lasting = [str(word) for pair in limits for word in pair] if one.get("dynamic") else []
        yield " ".join(words), lasting


def _routes(family: str, names: set[str]) -> list[str]:
    """Return the routes of all tables but the kernel's own, those without a gateway first."""
    lines = ip(family, "-oneline", "route", "show", "table", "all").splitlines()
    routes = [list(_lasting(line.split())) for line in lines]
    ours = [r for r in routes if _after(r, "table") != "local" and _after(r, "dev") in (*names, "")]
    return [" ".join(route) for route in sorted(ours, key=lambda r: ("via" in r, r))]


def _after(route: list[str], word: str) -> str:
    return route[route.index(word) + 1] if word in route else ""


def _lasting(words: Sequence[str]) -> Iterator[str]:
    counted = False
    for word in words:
        if not counted and word not in (*STATES, *COUNTED):
            yield word
        counted = word in COUNTED


def settle() -> None:
    """Wait until all is done; an interface that systemd-networkd has given up gets a new start.

    It would have no lease renewed and no later file heeded, whatever addresses it has.
    """
    wait()
    if given_up := in_state(GIVEN_UP):
        # One that fails again is as its file has it.
        subprocess.run(("networkctl", "reconfigure", *given_up), check=False, capture_output=True)
        wait()


def wait() -> None:
    """Wait until nothing has changed for a while and systemd-networkd is done, or for so long."""
    end = time.monotonic() + SETTLE_SECONDS
    seen, since = running(), time.monotonic()
    while time.monotonic() < end and (in_state(BUSY) or time.monotonic() - since < QUIET_SECONDS):
        time.sleep(POLL_SECONDS)
        now = running()
        if now != seen:
            seen, since = now, time.monotonic()


def in_state(states: Collection[str]) -> list[str]:
    """Return the interfaces that systemd-networkd, where it runs, has in one of its states."""
    command = ("networkctl", "--no-legend", "--no-pager", "list")
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    rows = (line.split() for line in done.stdout.splitlines())
    return [row[1] for row in rows if len(row) > 2 and row[-1] in states]


def restore(before: dict[str, Any]) -> list[str]:
    """Make all as it was; return what could not be done."""
    problems: list[str] = []
    for words in _steps(before):
        try:
            ip(*words)
        except subprocess.CalledProcessError as error:
            problems.append(f"ip {' '.join(words)}: {error.stderr.strip()}")
    return problems


def _steps(before: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield what ip(8) has to do; each part is compared once the parts before it are done."""
    yield from _interfaces(before, running())
    yield from _of_interfaces(before, running())
    now = running()
    for family in FAMILIES:
        yield from _lines(family, before, now)


def _interfaces(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name in _only(now["links"], before["links"]):
        yield ("link", "delete", name)
    for name, is_up in before["links"].items():
        if now["links"].get(name, is_up) != is_up:
            yield ("link", "set", name, "up" if is_up else "down")


def _of_interfaces(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    # Added first: the other addresses of a network go with the one that was its first.
    for address in _only(before["addresses"], now["addresses"]):
        yield ("address", "add", *address.split(), *before["addresses"][address])
    for address in _only(now["addresses"], before["addresses"]):
        yield ("address", "delete", *address.split())


def _lines(family: str, before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for route in _only(now["routes"][family], before["routes"][family]):
        yield (family, "route", "delete", *route.split())
    for route in _only(before["routes"][family], now["routes"][family]):
        yield (family, "route", "append", *route.split())
    for rule in _only(now["rules"][family], before["rules"][family]):
        yield (family, "rule", "delete", *_rule(rule))
    for rule in _only(before["rules"][family], now["rules"][family]):
        yield (family, "rule", "add", *_rule(rule))


def _only(these: Collection[str], those: Collection[str]) -> list[str]:
    return [one for one in these if one not in those]


def _rule(line: str) -> list[str]:
    """Return what `ip rule add` takes for a line of `ip rule show`, such as `99:  from all …`."""
    priority, _, words = line.partition(":")
    return ["priority", priority, *words.split()]


def main() -> None:
    """Print what there is, wait for it, or put it back."""
    if sys.argv[1] == "running":
        print(json.dumps(running()))
    elif sys.argv[1] == "settle":
        settle()
    elif problems := restore(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))):
        sys.exit("; ".join(problems))


if __name__ == "__main__":
    main()
