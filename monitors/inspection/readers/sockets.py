"""What listens and who is connected, from ss(8), with the unit, package and container of each."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from monitors.inspection.model import Listener, Peers
from monitors.inspection.values import bounded, number

USER = re.compile(r'\("([^"]*)",pid=(\d+)')
UNIT = re.compile(r"/([^/]+\.(?:service|socket|scope))(?:/|$)")
CONTAINER = re.compile(r"(?:docker|libpod|cri-containerd|crio)[-/]([0-9a-f]{64})")
MOST_PEERS = 200
LISTEN, UNCONNECTED = "0A", "07"


@dataclass(frozen=True, slots=True)
class Process:
    """What is known of a process by its number."""

    program: str = ""
    unit: str = ""
    container: str = ""


NOBODY = Process()


def read_listeners(sockets: str, processes: str, owners: str) -> tuple[Listener, ...]:
    """Return every listening socket once, in the order of ports."""
    by_pid, packages = _processes(processes), _packages(owners)
    rows = _proc(sockets) if sockets.startswith("proc ") else _listeners(sockets, by_pid, packages)
    unique = dict.fromkeys(bounded(rows))
    return bounded(sorted(unique, key=lambda s: (s.port, s.protocol, s.address)))


def _listeners(
    sockets: str, by_pid: Mapping[str, Process], packages: Mapping[str, str]
) -> Iterator[Listener]:
    for words in map(str.split, sockets.splitlines()):
        if len(words) < 5 or words[0] not in ("tcp", "udp"):
            continue
        address, _, port = words[4].rpartition(":")
        number_of_port = number(port)
        if number_of_port is None or number_of_port > 65535:
            continue
        user = USER.search(" ".join(words[6:]))
        process = by_pid.get(user[2], NOBODY) if user else NOBODY
        yield Listener(
            protocol=words[0],
            address=address.partition("%")[0],
            port=number_of_port,
            process=user[1] if user else "",
            unit=process.unit,
            package=packages.get(process.program) or packages.get(_merged(process.program), ""),
            container=process.container,
        )


def _proc(text: str) -> Iterator[Listener]:
    """Read /proc/net/{tcp,udp}{,6} (proc(5)), where there is no ss; it names no programs."""
    protocol = ""
    for words in map(str.split, text.splitlines()):
        if words[:1] == ["proc"]:
            protocol = words[-1]
        elif len(words) > 3 and words[3] == (LISTEN if protocol.startswith("tcp") else UNCONNECTED):
            address, _, port = words[1].partition(":")
            try:
                yield Listener(
                    protocol=protocol.removesuffix("6"),
                    address=_address(address),
                    port=int(port, 16) & 0xFFFF,
                )
            except ValueError:
                continue


def _address(digits: str) -> str:
    """Return an address from hexadecimal digits, each 32 bits in the host's (little) order."""
    octets = bytes.fromhex(digits)
    words = b"".join(octets[at : at + 4][::-1] for at in range(0, len(octets), 4))
    address = ip_address(words)
    return f"[{address}]" if address.version == 6 else str(address)


def read_peers(connections: str, listeners: tuple[Listener, ...]) -> tuple[Peers, ...]:
    """Return who is connected to the ports that listen; loopback is left out."""
    listening = {s.port for s in listeners if s.protocol == "tcp"}
    peers: dict[int, dict[str, None]] = {}
    for words in map(str.split, connections.splitlines()):
        if len(words) < 4:
            continue
        port = number(words[2].rpartition(":")[2])
        far = words[3].rpartition(":")[0].strip("[]").removeprefix("::ffff:").partition("%")[0]
        if port in listening and far and not far.startswith("127.") and far != "::1":
            peers.setdefault(port, {})[far] = None
    return tuple(
        Peers(port=port, addresses=tuple(sorted(far)[:MOST_PEERS]))
        for port, far in sorted(peers.items())
    )


def _processes(text: str) -> dict[str, Process]:
    """Read blocks of `pid`, `exe` and `cgroup` lines, as COMMANDS asks them."""
    processes: dict[str, Process] = {}
    pid = ""
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == "pid":
            pid = value
            processes[pid] = NOBODY
        elif key == "exe" and pid:
            program = value.removesuffix(" (deleted)")
            processes[pid] = Process(program, processes[pid].unit, processes[pid].container)
        elif key == "cgroup" and pid:
            processes[pid] = _in_cgroup(processes[pid], value)
    return processes


def _in_cgroup(process: Process, line: str) -> Process:
    """Read a line of /proc/PID/cgroup (cgroups(7)): the innermost unit, and a container."""
    path = line.rpartition(":")[2]
    container = CONTAINER.search(path)
    units = UNIT.findall(path)
    unit = process.unit if container or not units else units[-1]
    return Process(process.program, unit, container[1][:12] if container else process.container)


def _packages(owners: str) -> dict[str, str]:
    """Return the package of each path, from lines of `dpkg -S`."""
    rows = (line.rpartition(": ") for line in owners.splitlines())
    return {path: names.partition(",")[0].partition(":")[0] for names, _, path in rows if names}


def _merged(program: str) -> str:
    """Packages may name what merged-/usr has below /usr by its old path."""
    return program.removeprefix("/usr")
