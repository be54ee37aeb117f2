"""Runbooks as templates of Alertmanager's: it fills them in for the mail of a group of alerts."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from inventory.entries import Tenant, machines, services, tenants
from inventory.model.estate import Estate
from monitors.runbook_text import (
    LABELS,
    OF_MACHINES,
    OF_SERVICES,
    PLAIN,
    contact_lines,
    filled,
    of_estate,
    of_machine,
)

TEMPLATES = "runbooks.tmpl"
"""The file of templates beside alertmanager.yml."""
MAIL = "runbook"
"""The template that writes the runbook of a group of alerts of one name."""


def templates(estate: Estate, pages: Iterable[Path]) -> str:
    """Return templates of Alertmanager: ``MAIL`` writes the runbook of a group of alerts.

    What all alerts of the group have in common is filled in; of what differs the name stays.
    """
    every = tuple(machines(estate))
    known = {entry.name: of_machine(entry) for entry in every}
    urls = {entry.name: {"URL": entry.service.url} for entry in services(estate)}
    parts = [
        *(_lookup(name, ("device", "host"), known) for name in OF_MACHINES),
        *(_lookup(name, ("service",), urls) for name in OF_SERVICES),
        _define("contacts", _contacts(tenants(estate))),
    ]
    values = _actions() | {name: _literal(value) for name, value in of_estate(estate).items()}
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
