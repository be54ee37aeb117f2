"""What mends a finding on a host, as far as Bastide may: never a command that would not set it."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from inventory.enums import Level
from monitors.audit.model.results import Outcome
from monitors.audit.reports.model import ControlLine, HostReport, Line

Kind = Literal["accepted", "unknown", "read", "service", "by_hand", "command", "role"]
# What is proved by something that was done, and not by a setting: the role sets only when.
DONE_BY = {
    "BKP-01": "bastide backup run --host {host}",
    "BKP-03": "bastide backup drill --host {host}",
    "UPD-02": "bastide patch run --host {host}",
    "UPD-03": "bastide patch run --host {host}",
}
# No role puts these right: whoever looks into it decides.
LOOKED_INTO = frozenset({"INT-02"})
# Roles of services, whose own files are left alone below level full.
SERVICE_ROLES = frozenset(
    {
        *("backup_target", "database", "edge", "file_server", "log_receiver", "monitoring"),
        *("resolver", "scratch", "snmp_agent", "web"),
    }
)
# What the central team does without a decision of others.
CENTRAL: frozenset[Kind] = frozenset({"command", "role"})


class Remedy(NamedTuple):
    """A kind of remedy, on which hosts, and the commands where it is one of commands."""

    kind: Kind
    hosts: tuple[str, ...]
    commands: tuple[str, ...] = ()


def kind_of(host: HostReport, line: Line, control: ControlLine) -> Kind:
    """Return what mends a line that does not pass."""
    if line.waived:
        return "accepted"
    if line.outcome is Outcome.ERROR:
        return "unknown"
    if host.level in (Level.AUDIT, Level.WATCH):
        return "read"
    if line.control in DONE_BY:
        return "command"
    if control.role is None or line.control in LOOKED_INTO:
        return "by_hand"
    if host.level is Level.BASELINE and control.role in SERVICE_ROLES:
        return "service"
    return "role"


def remedies(found: Sequence[tuple[HostReport, Line]], control: ControlLine) -> Iterator[Remedy]:
    """Yield what mends one control on some hosts, a remedy a kind, in the order of the hosts."""
    hosts: dict[Kind, list[str]] = {}
    for host, line in found:
        hosts.setdefault(kind_of(host, line, control), []).append(host.host)
    for kind, names in hosts.items():
        commands = [DONE_BY[control.id].format(host=n) for n in names] if kind == "command" else []
        yield Remedy(kind, tuple(names), tuple(commands))
