"""A runbook filled in with what an alert is about: as text, and as a template of Alertmanager's.

In commands a runbook writes HOST, ADDRESS and the like for what differs from alert to alert; the
words in running text stay as they are.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from inventory.entries import (
    InventoryDevice,
    InventoryHost,
    Tenant,
    machines,
    operations_host,
    services,
    tenants,
)
from inventory.model.estate import Estate
from inventory.model.tenants import Contact

TEMPLATES = "runbooks.tmpl"
"""The file of templates beside alertmanager.yml."""
MAIL = "runbook"
"""The template that writes the runbook of a group of alerts of one name."""
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
    values = _of_estate(estate)
    for entry in machines(estate):
        if entry.name == subject:
            values |= {"HOST": subject, "DEVICE": subject, **_of_machine(entry)}
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


def templates(estate: Estate, pages: Iterable[Path]) -> str:
    """Return templates of Alertmanager: ``MAIL`` writes the runbook of a group of alerts.

    What all alerts of the group have in common is filled in; of what differs the name stays.
    """
    every = tuple(machines(estate))
    known = {entry.name: _of_machine(entry) for entry in every}
    urls = {entry.name: {"URL": entry.service.url} for entry in services(estate)}
    parts = [
        *(_lookup(name, ("device", "host"), known) for name in OF_MACHINES),
        *(_lookup(name, ("service",), urls) for name in OF_SERVICES),
        _define("contacts", _contacts(tenants(estate))),
    ]
    values = _actions() | {name: _literal(value) for name, value in _of_estate(estate).items()}
    choice = ""
    for page in pages:
        text = filled(_literal(page.read_text(encoding="utf-8")), values, _call("contacts"))
        parts.append(_define(f"alerts/{page.stem}", text))
        choice += _when(f'eq .CommonLabels.alertname "{page.stem}"', _call(f"alerts/{page.stem}"))
    return "\n".join((*parts, _define(MAIL, choice))) + "\n"


def _actions() -> dict[str, str]:
    """Return what writes each placeholder's value, or the placeholder where none is known."""
    actions = {name: _call(name) for name in (*OF_MACHINES, *OF_SERVICES)}
    for name, labels in LABELS.items():
        value = _first(labels)
        actions[name] = _when(f'match "{PLAIN}" {value}', _do(value), name)
    return actions


def _lookup(name: str, labels: Iterable[str], known: Mapping[str, Mapping[str, str]]) -> str:
    """Return a template that writes something of what the labels name; flat, since it is long."""
    cases = (
        _when(f'eq $subject "{own}"', _do(f"$value = {json.dumps(values[name])}"))
        for own, values in known.items()
    )
    first = _do(f"$subject := {_first(labels)}") + _do(f'$value := "{name}"')
    return _define(name, first + "".join(cases) + _do("$value"))


def _first(labels: Iterable[str]) -> str:
    """Return what is the first of these that all alerts have in common, or nothing."""
    return f'(or {" ".join(f".CommonLabels.{label}" for label in labels)} "")'


def _contacts(everybody: Iterable[Tenant]) -> str:
    return "".join(
        _when(
            f'eq .CommonLabels.municipality "{tenant.id}"',
            _literal(contact_lines(tenant.content.contacts)),
        )
        for tenant in everybody
    )


def _define(name: str, text: str) -> str:
    start, end = _do(f'define "{name}"'), _do("end")
    return f"{start}{text}{end}"


def _call(name: str) -> str:
    return _do(f'template "{name}" .')


def _when(condition: str, text: str, otherwise: str = "") -> str:
    return f"{_do(f'if {condition}')}{text}{_do('else')}{otherwise}{_do('end')}"


def _do(action: str) -> str:
    return "{{ " + action + " }}"


def _literal(text: str) -> str:
    """Return text that a template writes as it stands."""
    return text.replace("{{", _do('"{{"'))


def _of_machine(entry: InventoryHost | InventoryDevice) -> dict[str, str]:
    machine = entry.host if isinstance(entry, InventoryHost) else entry.device
    address = str(machine.address)
    edge = next(iter(entry.tenant.edges_before(machine)), entry.name)
    return {"ADDRESS": address, "DEVICE_ADDRESS": address, "EDGE": edge}


def _address_of(estate: Estate, name: str) -> dict[str, str]:
    return next((_of_machine(entry) for entry in machines(estate) if entry.name == name), {})


def _of_estate(estate: Estate) -> dict[str, str]:
    values = {"ESTATE": estate.estate}
    if entry := operations_host(estate):
        address = str(entry.host.address)
        values |= {"OPS": entry.name, "OPERATIONS_HOST": entry.name}
        values |= {"OPS_ADDRESS": address, "OPERATIONS_ADDRESS": address}
    return values
