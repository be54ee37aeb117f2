"""Whoever runs Bastide on the machine that it changes: they must be let in afterwards as well.

No login from outside proves the new rules there, as it does on every other host.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path

from bastide.support.errors import CommandError, Exit
from inventory.connections import ROOT, ssh
from inventory.entries import InventoryHost
from inventory.enums import ConnectionKind
from inventory.levels import is_managed
from inventory.logins import logins
from inventory.open_ports import SSH, open_ports
from inventory.paths import user_name


def refuse_cutting_off(
    entries: Iterable[InventoryHost], state: Path, environment: Mapping[str, str] = os.environ
) -> None:
    """Raise CommandError when who runs this on this machine could not log in to it afterwards.

    Nor may they mix their keys with what the services on it keep, or with another user's.
    """
    problems = [
        problem
        for entry in entries
        if entry.host.connection is ConnectionKind.LOCAL and is_managed(entry)
        for problem in (*_problems(entry, environment), *_foreign(state))
    ]
    if problems:
        raise CommandError("\n".join(problems), Exit.WRONG_USE)


def _problems(entry: InventoryHost, environment: Mapping[str, str]) -> Iterator[str]:
    user, declared = user_name(), ssh(entry).user or ROOT
    if os.geteuid() != 0 and user != declared:
        yield _problem(
            f"{entry.name}: this machine is configured by {user}, whom the inventory does not name",
            f"ssh: {{user: {user}, sudo: …}}",
            f"user: {declared}",
            f"write ssh: {{user: {user}, sudo: passwordless}} at the host, or sudo: password with "
            "sudo_password:",
        )
    person, accounts = environment.get("SUDO_USER"), {one.account for one in logins(entry)}
    if person and person not in accounts:
        yield _problem(
            f"{entry.name}: SSH would let {person}, who runs this, in no more",
            "who runs this among administrators:",
            ", ".join(sorted(accounts)),
            f"add {person} to administrators: in estate.yml, with their public key",
        )
    yield from _address(entry, environment)


def _foreign(state: Path) -> Iterator[str]:
    if state.exists() and (owner := state.stat().st_uid) != os.geteuid():
        yield _problem(
            f"{state}: another user's, such as that of the services on this machine",
            f"a folder of {user_name()}",
            f"one of the user with the number {owner}",
            "run this as whoever ran it first here, or name another place: BASTIDE_STATE_HOME",
        )


def _address(entry: InventoryHost, environment: Mapping[str, str]) -> Iterator[str]:
    client = environment.get("SSH_CONNECTION", "").partition(" ")[0]
    networks = [
        source for port in open_ports(entry) if port.name == SSH.name for source in port.sources
    ]
    if client and not any(ip_address(client) in ip_network(network) for network in networks):
        yield _problem(
            f"{entry.name}: the firewall would shut out {client}, from where you are logged in",
            f"an address in one of {', '.join(dict.fromkeys(networks))}",
            client,
            "add your network to management: in estate.yml",
        )


def _problem(what: str, expected: str, found: str, advice: str) -> str:
    return f"{what}\n    expected: {expected}\n    found: {found}\n    do: {advice}"
