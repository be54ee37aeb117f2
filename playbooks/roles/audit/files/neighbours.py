#!/usr/bin/python3 -IS
"""Looks at the neighbours that neighbours.json beside it names, and prints what answers as JSON.

One connection to a TCP port, closed at once; nothing is sent, nothing is tried. It takes no
arguments and reads nothing from its caller. Format: monitors/audit/facts/neighbours.py in Bastide.
"""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import sys
import time
from typing import Any

LIST = "neighbours.json"
ARP = "/proc/net/arp"
ARP_COMPLETE = 0x2
# A site's own network answers in milliseconds; what says nothing for so long is filtered.
PATIENCE_SECONDS = 0.5
# All ports of an address at once: far below the files that a process may have open.
MOST_PORTS = 200


def look(address: str, ports: list[int]) -> dict[str, Any]:
    """Return which ports of an address took a connection, and how many did not."""
    results = settled(address, ports[:MOST_PORTS])
    opened = sorted(port for port, (result, _) in results.items() if result == 0)
    refused = sum(result == errno.ECONNREFUSED for result, _ in results.values())
    return {
        "address": address,
        "source": next((source for _, source in results.values() if source), None),
        "open": opened,
        "refused": refused,
        "silent": len(results) - len(opened) - refused,
        "present": bool(opened or refused) or answers_arp(address),
    }


def settled(address: str, ports: list[int]) -> dict[int, tuple[int | None, str | None]]:
    """Return what came of each connection: an errno, 0, or None; and our own address in it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    results: dict[int, tuple[int | None, str | None]] = {}
    waiting: dict[int, tuple[int, socket.socket]] = {}
    poll = select.poll()
    for port in ports:
        link = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        result = link.connect_ex((address, port))
        if result == errno.EINPROGRESS:
            waiting[link.fileno()] = port, link
            poll.register(link, select.POLLOUT)
        else:
            results[port] = outcome(link, result)
    end = time.monotonic() + PATIENCE_SECONDS
    while waiting and (left := end - time.monotonic()) > 0:
        for fd, _ in poll.poll(left * 1000):
            port, link = waiting.pop(fd)
            poll.unregister(fd)
            results[port] = outcome(link, link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    for port, link in waiting.values():
        results[port] = outcome(link, None)
    return results


def outcome(link: socket.socket, result: int | None) -> tuple[int | None, str | None]:
    """Return what came of a connection and its own address, and close it."""
    source = str(link.getsockname()[0])
    link.close()
    return result, source if source not in ("0.0.0.0", "::") else None  # noqa: S104


def answers_arp(address: str) -> bool:
    """Say whether a machine of the network has just said that it has an address (RFC 826)."""
    try:
        with open(ARP, encoding="ascii") as file:
            rows = [line.split() for line in file]
    except OSError:
        return False
    return any(
        row[0] == address and int(row[2], 16) & ARP_COMPLETE for row in rows[1:] if len(row) > 2
    )


def main() -> None:
    """Look at every address of the list and print one JSON list."""
    folder = os.path.dirname(os.path.realpath(__file__))
    with open(os.path.join(folder, LIST), "rb") as file:
        listed = json.load(file)
    seen = [
        {"host": each["host"], **look(address, each["ports"])}
        for each in listed
        for address in each["addresses"]
    ]
    sys.stdout.write(json.dumps(seen) + "\n")


if __name__ == "__main__":
    main()
