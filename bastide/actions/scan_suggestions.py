"""What to do about an address that answers and is not in the inventory: a line to run or paste."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from inventory.connections import PORT, merged
from inventory.entries import Tenant
from inventory.model.estate import Estate
from monitors.scan.ports import WINDOWS
from monitors.scan.tcp import PortReply
from monitors.snmp.discover.agents import AnsweringAgent
from monitors.snmp.discover.inventory_yaml import (
    answering,
    device_lines,
    file_of,
    taken_ids,
)


class Kind(StrEnum):
    """What a suggestion is."""

    ADOPT = "adopt"
    DEVICE = "device"
    WINDOWS = "windows"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A command to run, or lines to paste below a key of a file of the estate."""

    kind: Kind
    lines: tuple[str, ...]
    where: str = ""


@dataclass(slots=True)
class Suggester:
    """Makes suggestions for one site; ids that it has given are not given again."""

    estate: Estate
    tenant: Tenant
    site: str
    taken: set[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        """Take the ids that there are."""
        self.taken = taken_ids(self.estate)

    def suggest(
        self, address: str, ports: Sequence[PortReply], agent: AnsweringAgent | None
    ) -> Suggestion | None:
        """Return what to do; None where nothing that answers can be adopted or polled.

        A server may run an SNMP agent as well: it is a device where its own words say so.
        """
        device = self._device(address, agent)
        server = self._server(address, ports)
        if device and (device.lines[0].startswith("  - ") or server is None):
            return device
        return server

    def _server(self, address: str, ports: Sequence[PortReply]) -> Suggestion | None:
        with_ssh = [reply.port for reply in ports if reply.ssh and reply.ssh.version]
        if with_ssh:
            return self._adopt(address, with_ssh)
        return self._windows(address) if WINDOWS & {reply.port for reply in ports} else None

    def _adopt(self, address: str, with_ssh: Sequence[int]) -> Suggestion:
        usual = merged(None, self.tenant.content.ssh, self.estate.ssh).port or PORT
        command = f"bastide host adopt {address} --municipality {self.tenant.id}"
        if usual not in with_ssh:
            command += f" --port {with_ssh[0]}"
        return Suggestion(Kind.ADOPT, (command,))

    def _device(self, address: str, agent: AnsweringAgent | None) -> Suggestion | None:
        if agent is None or agent.observed is None:
            return None
        addition = answering(self.tenant.id, self.site, address, agent.observed, self.taken)
        return Suggestion(
            Kind.DEVICE, tuple(device_lines(self.estate, addition)), self._below("devices")
        )

    def _windows(self, address: str) -> Suggestion:
        own_id = f"windows-{address.replace('.', '-').replace(':', '-')}"
        lines = (
            f"  - id: {own_id} # a guess: remote desktop or WinRM answers",
            "    system: windows",
            f"    site: {self.site}",
            f'    address: "{address}"',
            "    manage: watch",
        )
        return Suggestion(Kind.WINDOWS, lines, self._below("hosts"))

    def _below(self, key: str) -> str:
        return f"{file_of(self.tenant.id)}, below `{key}:`"
