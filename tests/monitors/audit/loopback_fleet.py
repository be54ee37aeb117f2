"""The lab's ten hosts as SSH servers on loopback, each answering as a test wants it to."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

from inventory.entries import hosts
from inventory.model import Estate, Host
from monitors.audit import run
from tests.monitors.audit.collect.ssh_server import Serve, known_line, new_key, says, serving
from tests.monitors.audit.collect.test_bundle import framed
from tests.monitors.audit.estates import lab, packed


@dataclass(frozen=True)
class Fleet:
    """An estate on loopback, its state folder, and what would be in its known_hosts."""

    estate: Estate
    state: Path
    port: int
    addresses: Mapping[str, str]
    host_key: paramiko.PKey

    def know(self, keys: Mapping[str, paramiko.PKey | None]) -> None:
        """Write known_hosts with the servers' own key, but for those given: another, or none."""
        lines = [
            known_line(address, self.port, key)
            for name, address in self.addresses.items()
            if (key := keys.get(name, self.host_key))
        ]
        (self.state / "ssh" / "known_hosts").write_text("".join(lines))


def well(name: str, ahead: float = 0) -> Serve:
    """Return a host's part that answers as the recorded fresh host, its clock ahead of ours."""
    return lambda channel: says(framed(packed("fresh", name, time.time() + ahead)))(channel)


@contextmanager
def fleet(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    parts: Mapping[str, Serve] | None = None,
    strangers: frozenset[str] = frozenset(),
) -> Iterator[Fleet]:
    """Serve every host of the lab; those without a part answer well.

    `strangers` do not know the audit key.
    """
    state = folder / "state"
    (state / "ssh").mkdir(parents=True)  # the state folder may be there, on a disk of its own
    host_key, other = new_key(folder / "host"), new_key(folder / "other")
    audit_key = new_key(state / "ssh" / "audit")
    addresses = {p.name: f"127.77.9.{n}" for n, p in enumerate(hosts(lab()), 1)}
    with ExitStack() as servers:
        port = 0
        for name, address in addresses.items():
            part = (parts or {}).get(name) or well(name)
            allowed = other if name in strangers else audit_key
            port = servers.enter_context(serving(host_key, allowed, part, address, port))
        monkeypatch.setattr(run, "SSH_PORT", port)
        made = Fleet(_moved(lab(), addresses), state, port, addresses, host_key)
        made.know({})
        yield made


def _moved(estate: Estate, addresses: Mapping[str, str]) -> Estate:
    """Return the estate with its hosts at other addresses."""

    def moved(tenant: str, there: tuple[Host, ...]) -> tuple[Host, ...]:
        return tuple(
            host.model_copy(update={"address": addresses[f"{tenant}-{host.id}"]}) for host in there
        )

    central = estate.central.model_copy(update={"hosts": moved("central", estate.central.hosts)})
    municipalities = tuple(
        one.model_copy(update={"hosts": moved(one.municipality, one.hosts)})
        for one in estate.municipalities
    )
    return estate.model_copy(update={"central": central, "municipalities": municipalities})


def main(state: str, port: str, *addresses: str) -> None:
    """Audit a fleet that another process serves; started as a module, with `python -m`."""
    run.SSH_PORT = int(port)
    run.run_audit(_moved(lab(), dict(a.split("=") for a in addresses)), Path(state))


if __name__ == "__main__":
    main(*sys.argv[1:])
