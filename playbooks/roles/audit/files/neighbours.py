#!/usr/bin/python3 -IS
"""Looks at the neighbours that neighbours.json beside it names, and prints what answers as JSON.

One connection to a TCP port, closed at once, with nothing sent; to a UDP port the question of the
list that its service answers to anybody. It takes no arguments and reads nothing from its caller.
Format: monitors/audit/facts/neighbours.py in Bastide.
"""

from __future__ import annotations

import contextlib
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
PATIENCE_SECONDS = 0.3
# A datagram that was lost is sent once more.
SENDINGS = 2
LONGEST_DATAGRAM = 1 << 16
# All ports of an address at once: far below the files that a process may have open.
MOST_PORTS = 200


def look(address: str, ports: list[int], datagrams: list[dict[str, Any]]) -> dict[str, Any]:
    """Return which ports of an address took a connection or answered, and how many did not."""
    results, answered = settled(address, ports[:MOST_PORTS], datagrams[:MOST_PORTS])
    opened = sorted(port for port, (result, _) in results.items() if result == 0)
    refused = sum(result == errno.ECONNREFUSED for result, _ in results.values())
    return {
        "address": address,
        "source": next((source for _, source in results.values() if source), None),
        "open": opened,
        "udp": sorted(answered),
        "refused": refused,
        "silent": len(results) - len(opened) - refused,
        "present": bool(opened or refused or answered) or answers_arp(address),
    }


def settled(
    address: str, ports: list[int], datagrams: list[dict[str, Any]]
) -> tuple[dict[int, tuple[int | None, str | None]], set[int]]:
    """Return what came of each connection, and the UDP ports that answered.

    Of a connection: an errno, 0, or None for nothing; and our own address in it.
    """
    poll, answered = select.poll(), set()
    results, waiting = connecting(address, ports, poll)
    asked = questions(address, datagrams, poll)
    for _ in range(SENDINGS):
        for _, link, content in asked.values():
            with contextlib.suppress(OSError):  # the refusal of the one before
                link.send(content)
        end = time.monotonic() + PATIENCE_SECONDS / SENDINGS
        while (waiting or asked) and (left := end - time.monotonic()) > 0:
            for fd, _ in poll.poll(left * 1000):
                poll.unregister(fd)
                if fd in asked:
                    port, link, _ = asked.pop(fd)
                    answered |= {port} if answers(link) else set()
                else:
                    port, link = waiting.pop(fd)
                    failed = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    results[port] = outcome(link, failed)
    for port, link in waiting.values():
        results[port] = outcome(link, None)
    for _, link, _ in asked.values():
        link.close()
    return results, answered


def connecting(
    address: str, ports: list[int], poll: select.poll
) -> tuple[dict[int, tuple[int | None, str | None]], dict[int, tuple[int, socket.socket]]]:
    """Return what came of connections at once, and by descriptor those still to be waited for."""
    results: dict[int, tuple[int | None, str | None]] = {}
    waiting: dict[int, tuple[int, socket.socket]] = {}
    for port in ports:
        link = socket.socket(family(address), socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        result = link.connect_ex((address, port))
        if result == errno.EINPROGRESS:
            waiting[link.fileno()] = port, link
            poll.register(link, select.POLLOUT)
        else:
            results[port] = outcome(link, result)
    return results, waiting


def questions(
    address: str, datagrams: list[dict[str, Any]], poll: select.poll
) -> dict[int, tuple[int, socket.socket, bytes]]:
    """Return by descriptor the port, the socket and the datagram of each question."""
    asked: dict[int, tuple[int, socket.socket, bytes]] = {}
    for each in datagrams:
        link = socket.socket(family(address), socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        if link.connect_ex((address, each["port"])):  # connected: of others nothing is taken
            link.close()
        else:
            asked[link.fileno()] = each["port"], link, bytes.fromhex(each["content"])
            poll.register(link, select.POLLIN)
    return asked


def family(address: str) -> int:
    """Return the family of an address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def answers(link: socket.socket) -> bool:
    """Whether something came back that is no refusal; closes the socket."""
    with link, contextlib.suppress(OSError):
        return bool(link.recv(LONGEST_DATAGRAM))
    return False


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
        {"host": each["host"], **look(address, each["ports"], each["datagrams"])}
        for each in listed
        for address in each["addresses"]
    ]
    sys.stdout.write(json.dumps(seen) + "\n")


if __name__ == "__main__":
    main()
