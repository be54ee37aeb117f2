"""Interfaces, addresses and routes, from `ip -j`; names and time servers, from their files."""

import json
from collections.abc import Iterator
from typing import Any

from inventory.scalars import is_address
from monitors.inspection.model import Clock, Interface, Names, Route
from monitors.inspection.values import bounded, sections


def read_interfaces(addresses: str, advertisements: str = "") -> tuple[Interface, ...]:
    """Return the interfaces but for loopback; without ip(8), all addresses as of one without name.

    `hostname -I` prints the addresses in one line then. `advertisements` says, as grep(1) does,
    at which interfaces the kernel heeds routers: elsewhere a program of the host may.
    """
    heeding = set(_heeding(advertisements))
    if addresses and not addresses.lstrip().startswith("["):
        own = tuple(filter(is_address, addresses.split()))
        return (Interface(name="", addresses=own),) if own else ()
    return bounded(
        Interface(
            name=str(row.get("ifname", "")),
            mac=str(row.get("address", "")),
            addresses=tuple(map(_with_length, _objects(row.get("addr_info")))),
            advertised=tuple(
                _with_length(address)
                for address in _objects(row.get("addr_info"))
                if row.get("ifname") in heeding and _is_advertised(address)
            ),
        )
        for row in documents(addresses)
        if row.get("ifname") != "lo"
    )


def _with_length(address: dict[str, Any]) -> str:
    return f"{address.get('local', '')}/{address.get('prefixlen', '')}"


def _is_advertised(address: dict[str, Any]) -> bool:
    scope = address.get("family"), address.get("scope")
    return scope == ("inet6", "global") and address.get("dynamic") is True


def _heeding(advertisements: str) -> Iterator[str]:
    for line in advertisements.splitlines():
        path, _, value = line.rpartition(":")
        if path and value.strip() in ("1", "2"):
            yield path.removesuffix("/accept_ra")


def read_routes(routes: str) -> tuple[Route, ...]:
    """Return the routes of both families; those of the link alone are left out."""
    return bounded(
        Route(
            to=str(row.get("dst", "")),
            via=str(row.get("gateway", "")),
            interface=str(row.get("dev", "")),
        )
        for row in documents(routes)
        if not str(row.get("dst", "")).startswith("fe80:")
    )


def read_names(resolver: str) -> Names:
    """Return /etc/resolv.conf and /etc/hosts; names of loopback are no names of its own."""
    servers: list[str] = []
    search: list[str] = []
    own: list[str] = []
    for file, lines in sections(resolver):
        for word, *rest in filter(None, map(str.split, lines)):
            if file == "/etc/hosts":
                own += [] if word.startswith(("127.", "::1", "ff0", "fe0")) else [word, *rest]
            elif word == "nameserver":
                servers += rest[:1]
            elif word in ("search", "domain"):
                search += rest
    return Names(servers=bounded(servers), search=bounded(search), own=bounded(own))


def read_clock(time: str) -> Clock:
    """Return the zone and the time servers that chrony, timesyncd or ntpd are told."""
    servers: list[str] = []
    zone = ""
    for line in time.splitlines():
        key, _, value = line.strip().partition(" ")
        if key in ("server", "pool", "peer") and value:
            servers.append(value.split()[0])
        elif line.startswith(("NTP=", "FallbackNTP=")):
            servers += line.partition("=")[2].split()
        elif key == "localtime":
            zone = value.rpartition("zoneinfo/")[2]
    return Clock(zone=zone, servers=bounded(dict.fromkeys(servers)))


def documents(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of JSON arrays that stand one a line, as ip(8) prints them."""
    for line in text.splitlines():
        try:
            yield from _objects(json.loads(line))
        except (ValueError, RecursionError):
            continue


def _objects(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
