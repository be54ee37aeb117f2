"""The exporter in a process of its own, over an estate of simulated switches."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.bench.processes import python, started
from tests.bench.switches import COMMUNITY, PORT, USER

ESTATE = Path(__file__).resolve().parents[1] / "monitors" / "exporter" / "cases" / "estate"
MUNICIPALITY = "fleet"
# What `bastide monitor serve` runs; the agents' port is not the command's to choose.
EXPORTER = """
import sys
from pathlib import Path
from aiohttp import web
from monitors.exporter.app import Exporter
from monitors.exporter.estate_watcher import EstateWatcher
from monitors.snmp.poller import Poller
estate, state, port, snmp_port = sys.argv[1:]
exporter = Exporter(EstateWatcher(Path(estate)), Path(state), Poller(Path(state)), int(snmp_port))
web.run_app(exporter.application(), host="127.0.0.1", port=int(port), access_log=None, print=None)
"""


@dataclass(frozen=True, slots=True)
class Exporter:
    """A running exporter: its address, its process, its targets by version."""

    address: str
    process: int
    v2c: tuple[str, ...]
    v3: tuple[str, ...]

    def url(self, target: str, profile: str = "") -> str:
        """Where one target's metrics are."""
        chosen = f"&profile={profile}" if profile else ""
        return f"{self.address}/snmp?target={target}{chosen}"


@contextmanager
def exporter(folder: Path, addresses: list[str]) -> Iterator[Exporter]:
    """Run the exporter while the context is open: every other device is polled with SNMPv3."""
    state = folder / "state"
    (state / "secrets").mkdir(parents=True)
    (state / "secrets" / "snmp-auth").write_text(USER.auth)
    (state / "secrets" / "snmp-priv").write_text(USER.priv)
    (state / "secrets" / "community").write_text(COMMUNITY)
    _write_estate(folder / "estate", addresses)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    arguments = [str(folder / "estate"), str(state), str(port), str(PORT)]
    with started(python("-c", EXPORTER, *arguments)) as process:
        names = [f"{MUNICIPALITY}-{_id(at)}" for at in range(len(addresses))]
        v2c, v3 = tuple(names[::2]), tuple(names[1::2])
        yield Exporter(f"http://127.0.0.1:{port}", process.pid, v2c, v3)


def _id(at: int) -> str:
    return f"switch{at + 1}"


def _write_estate(folder: Path, addresses: list[str]) -> None:
    shutil.copytree(ESTATE, folder)
    v2c = {"version": "2c", "community": "generated:community"}
    devices = [
        {"id": _id(at), "kind": "switch", "site": "rack", "address": address, "ports": 48}
        | ({} if at % 2 else {"snmp": v2c})
        for at, address in enumerate(addresses)
    ]
    site = {"id": "rack", "name": "Rack", "network": "127.20.0.0/16", "gateway": "127.20.255.254"}
    fleet = {
        "municipality": MUNICIPALITY,
        "name": "Fleet",
        "tier": "city",
        "country": "XX",
        "contacts": [{"name": "Duty desk", "duty": "operations"}],
        "sites": [site],
        "devices": devices,
    }
    (folder / "municipalities" / f"{MUNICIPALITY}.yml").write_text(yaml.safe_dump(fleet))
