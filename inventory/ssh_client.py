"""The files of OpenSSH's client for an estate: `<state>/ssh/config` and `<state>/ssh/known_hosts`.

`ssh -F <state>/ssh/config HOST` logs in, and Ansible does the same: every host and jump host has
one entry, under the name that its key is pinned to, so that two towns may use the same addresses.
ssh hands `-F` on to its jumps.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from inventory.connections import PORT, Connection, connection
from inventory.entries import hosts
from inventory.files import write_whole
from inventory.model.estate import Estate
from inventory.outputs import Outputs, kept_outputs


def config_path(state: Path) -> Path:
    """Return where the client's configuration is written."""
    return state / "ssh" / "config"


def known_hosts_path(state: Path) -> Path:
    """Return where the pinned host keys are written."""
    return state / "ssh" / "known_hosts"


def write_ssh_files(estate: Estate, state: Path, outputs: Outputs | None = None) -> None:
    """Write both files, each whole and only where it differs; `outputs`: by default those kept."""
    ways = connections(estate, state, outputs or kept_outputs(estate.estate, state))
    for path, text in (
        (known_hosts_path(state), known_hosts(ways)),
        (config_path(state), ssh_config(ways, state)),
    ):
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)


def connections(estate: Estate, state: Path, outputs: Outputs) -> tuple[Connection, ...]:
    """Return the ways in to all hosts and to the jump hosts on the way, once each, by name."""
    ways: dict[str, Connection] = {}
    for entry in hosts(estate):
        for way in _with_jumps(connection(entry, state, outputs)):
            ways.setdefault(way.name, way)
    return tuple(ways[name] for name in sorted(ways))


def known_hosts(ways: Iterable[Connection]) -> str:
    """Return the lines of a known_hosts file: the name, and the addresses that no other has."""
    pinned = [way for way in ways if way.host_key]
    taken = Counter(place for way in pinned for place in _places(way))
    names = ([way.name, *(p for p in _places(way) if taken[p] == 1)] for way in pinned)
    return "".join(f"{','.join(n)} {way.host_key}\n" for n, way in zip(names, pinned, strict=True))


def ssh_config(ways: Iterable[Connection], state: Path) -> str:
    """Return an OpenSSH client configuration with an entry for each way in (ssh_config(5))."""
    blocks = ["\n".join(_entry(way)) for way in ways if not way.local]
    everywhere = (
        "Host *",
        f"  UserKnownHostsFile {_quoted(known_hosts_path(state))}",
        "  GlobalKnownHostsFile none",
        "  StrictHostKeyChecking yes",
        "  UpdateHostKeys no",
        # A password of the login is never asked for: who has no key is told so at once.
        "  PreferredAuthentications publickey",
    )
    return "\n".join((*blocks, *everywhere)) + "\n"


def _entry(way: Connection) -> Iterator[str]:
    yield f"Host {way.name}"
    yield f"  HostName {way.address}"
    yield f"  HostKeyAlias {way.name}"
    yield f"  Port {way.port}"
    yield f"  User {way.user}"
    if way.key is not None:
        yield f"  IdentityFile {_quoted(way.key)}"
        yield "  IdentitiesOnly yes"
    if way.jump is not None:
        yield f"  ProxyJump {way.jump.name}"


def _with_jumps(way: Connection) -> Iterator[Connection]:
    yield way
    if way.jump is not None:
        yield from _with_jumps(way.jump)


def _places(way: Connection) -> tuple[str, ...]:
    """Return the addresses as known_hosts has them (sshd(8))."""
    addresses = (way.address, *way.more_addresses)
    return addresses if way.port == PORT else tuple(f"[{a}]:{way.port}" for a in addresses)


def _quoted(path: Path) -> str:
    """Return a path as one word; a per cent sign would begin a token."""
    return f'"{str(path).replace("%", "%%")}"'
