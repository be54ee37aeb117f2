"""A runbook filled in with what an alert is about.

In commands a runbook writes HOST, ADDRESS and the like for what differs from alert to alert; the
words in running text stay as they are.
"""

import re
from collections.abc import Iterable, Mapping

from inventory.entries import (
    InventoryDevice,
    InventoryHost,
    machines,
    operations_host,
    services,
)
from inventory.model.estate import Estate
from inventory.model.tenants import Contact

# What a placeholder stands for in an alert's labels: the first that it has.
LABELS: Mapping[str, tuple[str, ...]] = {
    "HOST": ("host", "device"),
    "DEVICE": ("device", "host"),
    "MOUNTPOINT": ("mountpoint",),
    "UNIT": ("name",),
    "PLAN": ("plan",),
    "SERVICE": ("service",),
    "JOURNEY": ("journey",),
    "PORT": ("port",),
    "PEER_ADDRESS": ("bgpPeerRemoteAddr",),
}
# Of a machine, by its name; of a service; of the estate.
OF_MACHINES = ("ADDRESS", "DEVICE_ADDRESS", "EDGE")
OF_SERVICES = ("URL",)
OF_ESTATE = ("ESTATE", "OPS", "OPERATIONS_HOST", "OPS_ADDRESS", "OPERATIONS_ADDRESS")
PLACEHOLDERS = (*LABELS, *OF_MACHINES, *OF_SERVICES, *OF_ESTATE)
# Labels come from hosts: what a shell could take for more than a word is not put into commands.
PLAIN = r"^[A-Za-z0-9_./:@%+=,-]+$"

CODE = re.compile(r"^ {4,}.*$|`[^`]+`", re.MULTILINE)
PLACEHOLDER = re.compile(rf"(?<![\w$-])({'|'.join(PLACEHOLDERS)})(?![\w-])")
LINK = re.compile(r"\[([^\]]+)\]\((?:[^)#:\s]*/)?([^)#:\s/]+)\.md\)")
REHEARSAL = re.compile(r"^## Rehearse.*\Z", re.MULTILINE | re.DOTALL)
ESCALATE = "## Escalate\n"


def filled(markdown: str, values: Mapping[str, str], contacts: str) -> str:
    """Return a runbook with its placeholders filled in and ``contacts`` where it says to escalate.

    What no value is known of stays. Rehearsals in the lab are left out: this is no rehearsal.
    Links name the command that shows the page.
    """

    def with_values(code: re.Match[str]) -> str:
        return PLACEHOLDER.sub(lambda name: values.get(name[1], name[1]), code[0])

    text = REHEARSAL.sub("", linked(markdown)).rstrip() + "\n"
    return CODE.sub(with_values, text).replace(ESCALATE, f"{ESCALATE}\n{contacts}", 1)


def linked(markdown: str) -> str:
    """Return a runbook whose links are the commands that show the pages."""
    return LINK.sub(r"\1 (`bastide runbook \2`)", markdown)


def values_of(estate: Estate, subject: str, labels: Mapping[str, str]) -> dict[str, str]:
    """Return what the placeholders stand for where ``subject`` has an alert with these labels."""
    values = of_estate(estate)
    for entry in machines(estate):
        if entry.name == subject:
            values |= {"HOST": subject, "DEVICE": subject, **of_machine(entry)}
    for service in services(estate):
        if service.name == subject:
            values |= {"URL": service.service.url, "HOST": service.hosts[0]}
            values |= _address_of(estate, service.hosts[0])
    for placeholder, names in LABELS.items():
        value = next(filter(None, (labels.get(name) for name in names)), "")
        if re.fullmatch(PLAIN, value):
            values[placeholder] = value
    return values


def contact_lines(contacts: Iterable[Contact]) -> str:
    """Return contacts as a list in Markdown."""
    return "".join(f"- {line}\n" for line in map(contact_line, contacts))


def contact_line(contact: Contact) -> str:
    """Return a contact for people to read: name, duty, and how to reach them."""
    ways = ", ".join(filter(None, (contact.phone, contact.email)))
    return f"{contact.name}, {contact.duty}: {ways or 'neither telephone nor mail is known'}"


def of_machine(entry: InventoryHost | InventoryDevice) -> dict[str, str]:
    """Return what placeholders stand for at a host or device."""
    machine = entry.host if isinstance(entry, InventoryHost) else entry.device
    address = str(machine.address)
    edge = next(iter(entry.tenant.edges_before(machine)), entry.name)
    return {"ADDRESS": address, "DEVICE_ADDRESS": address, "EDGE": edge}


def _address_of(estate: Estate, name: str) -> dict[str, str]:
    return next((of_machine(entry) for entry in machines(estate) if entry.name == name), {})


def of_estate(estate: Estate) -> dict[str, str]:
    """Return what placeholders stand for everywhere in an estate."""
    values = {"ESTATE": estate.estate}
    if entry := operations_host(estate):
        address = str(entry.host.address)
        values |= {"OPS": entry.name, "OPERATIONS_HOST": entry.name}
        values |= {"OPS_ADDRESS": address, "OPERATIONS_ADDRESS": address}
    return values
