"""A cluster's machines: which is ours, where it is, and what is done to it."""

import time
from dataclasses import dataclass
from typing import Any

from infra.errors import failed
from infra.guests.ownership import identity, own_name, taken
from infra.proxmox.api import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Api
from infra.proxmox.failures import ApiError
from infra.proxmox.options import IDENTITY, Config, Options, noted
from infra.proxmox.specs import MachineSpec

# Backups and migrations hold a machine's lock as long as they take.
LOCK_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of ours, on the node where it is now."""

    api: Api
    node: str
    vmid: int

    @property
    def path(self) -> str:
        """Where the API has it."""
        return f"/nodes/{self.node}/qemu/{self.vmid}"

    def config(self) -> Config:
        """Return its options, once nothing else is done with it; InfraError when that lasts."""
        deadline, pause = time.monotonic() + LOCK_SECONDS, FIRST_PAUSE_SECONDS
        while (config := dict(self.api.get(f"{self.path}/config"))).get("lock"):
            if time.monotonic() > deadline:
                raise failed(
                    f"machine {self.vmid} on node {self.node}",
                    expected="one that nothing else is done with",
                    found=f"its lock `{config['lock']}`, for {LOCK_SECONDS:g} s",
                    advice="wait for the task at the bottom of Proxmox's page; if none runs: "
                    f"qm unlock {self.vmid}, at the node",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        return config

    def set(self, options: Options, digest: str | None = None) -> None:
        """Change options; `digest`: only if nobody else has since they were read."""
        changes: Options = {**options, **({"digest": digest} if digest else {})}
        self.do("config", "change of its options", **changes)

    def do(self, what: str, words: str, **params: str | int) -> None:
        """Do something that is a task, and wait for it."""
        self.api.finish(self.api.post(f"{self.path}/{what}", **params), words)

    def resize(self, disk: str, gib: int) -> None:
        """Give a disk more room; what is on it stays."""
        upid = self.api.put(f"{self.path}/resize", disk=disk, size=f"{gib}G")
        self.api.finish(upid, f"growth of {disk}")

    def can_be_kept(self) -> bool:
        """Tell whether the storage of all its disks takes snapshots."""
        return bool(int(self.api.get(f"{self.path}/feature", feature="snapshot")["hasFeature"]))

    def snapshots(self) -> list[str]:
        """Return the names of its snapshots, others' as well; Proxmox counts `current` as one."""
        return [str(row["name"]) for row in self.api.get(f"{self.path}/snapshot")]

    def forget_snapshot(self, name: str) -> None:
        """Remove a snapshot; the machine stays as it is."""
        self.api.finish(self.api.delete(f"{self.path}/snapshot/{name}"), f"removal of {name}")

    def running(self) -> bool:
        """Tell whether it runs."""
        return bool(self.api.get(f"{self.path}/status/current")["status"] == "running")

    def remove(self) -> None:
        """Cut its power and delete it with its disks."""
        if self.running():
            self.do("status/stop", "stop")
        self.api.finish(self.api.delete(self.path, purge=1), "removal")


def find(api: Api, estate: str, spec: MachineSpec) -> Machine | None:
    """Return our machine, wherever it has moved to; InfraError when others have its name."""
    name = own_name(estate, spec.name)
    foreign: list[str] = []
    for row in _named(api, name):
        machine = Machine(api, str(row["node"]), int(row["vmid"]))
        marked = _marked(machine)
        if marked == identity(estate, "machine", spec.name):
            return machine
        foreign += [] if marked is None else [str(machine.vmid)]
    if foreign:
        raise taken("machine", name, spec.url, f"number {', '.join(foreign)}")
    return None


def _named(api: Api, name: str) -> list[dict[str, Any]]:
    rows = api.get("/cluster/resources", type="vm")
    return [row for row in rows if row.get("name") == name and row.get("type", "qemu") == "qemu"]


def _marked(machine: Machine) -> str | None:
    """Return the identity in its notes, nothing when it has none; None when it has just gone."""
    try:
        return noted(machine.api.get(f"{machine.path}/config"), IDENTITY) or ""
    except ApiError as error:
        if error.gone:
            return None
        raise
