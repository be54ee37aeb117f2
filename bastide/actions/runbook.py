"""The runbook of an alert, filled in with where it fires, and whom to call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bastide.actions import prometheus
from bastide.actions.incidents import subject_of
from bastide.actions.status import apis
from bastide.actions.status_output import since
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.entries import Tenant, devices, hosts, services, tenants
from inventory.model.tenants import CENTRAL
from inventory.outputs import OutputsError
from inventory.paths import shipped
from monitors.runbook_text import contact_lines, filled, linked, values_of
from monitors.text import escaped_line
from monitors.web_api import ApiError


@dataclass(frozen=True, slots=True)
class Runbook:
    """A page, what it was filled in for, and whether that fires; `note`: why this is not known."""

    name: str
    subject: str
    tenant: Tenant | None
    firing: tuple[prometheus.Alert, ...]
    note: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        contacts = self.tenant.content.contacts if self.tenant else ()
        return {
            "name": self.name,
            "subject": self.subject,
            "municipality": self.tenant.id if self.tenant else "",
            "contacts": [contact.model_dump() for contact in contacts],
            "firing": [alert.as_json() for alert in self.firing],
            "note": self.note,
            "text": self.text,
        }


def pages(context: EstateContext) -> dict[str, Path]:
    """Return every page, ours and the estate's own, by its name."""
    folders = (shipped("runbooks"), context.estate.own.runbook_folder)
    return {page.stem: page for folder in folders for page in sorted(folder.rglob("[!.]*.md"))}


def read(context: EstateContext, name: str, subject: str | None) -> Runbook:
    """Return a page for an alert or procedure; CommandError for an unknown name or subject.

    Without a subject: that at which the alert fires, if it does at one only.
    """
    there = pages(context)
    if name not in there:
        raise _unknown("runbook", name, there)
    firing, note = _firing(context, name)
    where = sorted({subject_of(alert) for alert in firing})
    owners = _owners(context)
    if subject is not None and subject not in (*owners, *where):
        raise _unknown("host, device or service", subject, owners)
    if subject is None and len(where) == 1:
        subject = where[0]
    markdown = there[name].read_text(encoding="utf-8")
    if subject is not None:
        here = tuple(a for a in firing if subject in (subject_of(a), a.labels.get("host")))
        return _filled(context, name, markdown, subject, here, note)
    head = (
        f"It fires at {', '.join(where)}: name one, and the page is filled in." if where else note
    )
    return Runbook(name, "", None, firing, head, _headed(linked(markdown), head))


def _filled(
    context: EstateContext,
    name: str,
    markdown: str,
    subject: str,
    firing: tuple[prometheus.Alert, ...],
    note: str,
) -> Runbook:
    """Return a page filled in with what all alerts that fire at the subject have in common."""
    labels = dict(firing[0].labels) if firing else {}
    for alert in firing[1:]:
        labels = dict(labels.items() & alert.labels.items())
    owners = _owners(context)
    tenant = owners.get(subject) or owners.get(labels.get("municipality", "")) or owners[CENTRAL]
    contacts = contact_lines(tenant.content.contacts)
    text = filled(markdown, values_of(context.estate, subject, labels), contacts)
    head = "\n".join(map(_told, firing)) or note or f"{name} does not fire at {subject} now."
    return Runbook(name, subject, tenant, firing, note, _headed(text, head))


def _firing(context: EstateContext, name: str) -> tuple[tuple[prometheus.Alert, ...], str]:
    """Return where an alert fires; a page must be had when nobody can be asked, too."""
    try:
        found = prometheus.alerts(apis(context)[1], silenced=True)
    except (ApiError, CommandError, OutputsError) as error:
        return (), f"Whether it fires is not known: {str(error).splitlines()[0]}"
    return tuple(alert for alert in found if alert.name == name), ""


def _told(alert: prometheus.Alert) -> str:
    begun = f"Since {since(alert.started, datetime.now(UTC))}. " if alert.started else ""
    description = alert.annotations.get("description", "")
    return escaped_line(f"**{alert.summary}.** {begun}{description}")


def _headed(text: str, head: str) -> str:
    """Return a page with what is true now below its title."""
    title, newline, rest = text.partition("\n")
    return f"{title}\n\n{head}\n{rest}" if head else f"{title}{newline}{rest}"


def _owners(context: EstateContext) -> dict[str, Tenant]:
    estate = context.estate
    return {
        **{tenant.id: tenant for tenant in tenants(estate)},
        **{entry.name: entry.tenant for entry in hosts(estate)},
        **{entry.name: entry.tenant for entry in devices(estate)},
        **{entry.name: entry.tenant for entry in services(estate)},
    }


def _unknown(what: str, name: str, known: Mapping[str, object]) -> CommandError:
    near = get_close_matches(name, known) or sorted(known)
    return CommandError(f"no {what} {name!r}; expected one of: {', '.join(near)}", Exit.WRONG_USE)
