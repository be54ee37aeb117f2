"""The lab's ten hosts as SSH servers on loopback, each answering as a test wants it to."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko

from inventory.entries import hosts
from inventory.enums import ProviderName
from inventory.model.estate import Estate
from inventory.model.ssh import Ssh
from inventory.outputs import HostOutput, Outputs, outputs_path
from monitors.audit.run import run_audit
from monitors.outside.document import OutsideView, unseen
from monitors.outside.plan import Plan
from tests.monitors.audit.collect.ssh_server import Serve, line_of, new_key, says, serving
from tests.monitors.audit.estates import lab, packed
from tests.monitors.collection.test_bundle import framed


@dataclass(frozen=True)
class Fleet:
    """An estate on loopback, its state folder, and the key that its hosts hold."""

    estate: Estate
    state: Path
    port: int
    addresses: Mapping[str, str]
    host_key: paramiko.PKey

    def know(self, keys: Mapping[str, paramiko.PKey | None]) -> None:
        """Write outputs with the servers' own key, but for those given: another, or none."""
        every = {name: keys.get(name, self.host_key) for name in self.addresses}
        outputs = Outputs(
            estate=self.estate.estate,
            hosts={
                name: HostOutput(
                    address=self.addresses[name],
                    host_key=line_of(key) if key else None,
                    provider=ProviderName.LAB,
                )
                for name, key in every.items()
            },
        )
        outputs_path(self.state).write_text(outputs.model_dump_json())


def well(name: str, ahead: float = 0) -> Serve:
    """Return a host's part that answers as the recorded fresh host, its clock ahead of ours."""
    return lambda channel: says(framed(packed("fresh", name, time.time() + ahead)))(channel)


def nobody_looks(plan: Plan) -> OutsideView:
    """Stand for the outside view, which costs seconds a host, where a test is about the inside."""
    return unseen(plan.host)


@contextmanager
def fleet(
    folder: Path,
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
        made = Fleet(_at_port(port), state, port, addresses, host_key)
        made.know({})
        yield made


def _at_port(port: int) -> Estate:
    return lab().model_copy(update={"ssh": Ssh(port=port)})


def main(state: str, port: str) -> None:
    """Audit a fleet that another process serves; started as a module, with `python -m`."""
    run_audit(_at_port(int(port)), Path(state), look=nobody_looks)


if __name__ == "__main__":
    main(*sys.argv[1:])
