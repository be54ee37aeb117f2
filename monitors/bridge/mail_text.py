"""How a message reads by mail: in full, with the runbook; word for word as Alertmanager's own."""

from datetime import datetime

from inventory.entries import tenants
from inventory.model.estate import Estate
from inventory.paths import shipped
from monitors.bridge.message import Message, Told
from monitors.bridge.wording import Text
from monitors.runbook_text import contact_lines, filled, values_of
from monitors.text import escaped_line


def mail_text(estate: Estate, message: Message) -> Text:
    """Return a mail: what is wrong, since when, how to silence and take it, and its runbook."""
    common = message.common_labels
    word = common.get("severity", "").title() if message.firing else "Resolved"
    number = f" ({len(message.alerts)})" if len(message.alerts) > 1 else ""
    title = f"{word}: {common.get('municipality', '')}: {message.name}{number}"
    parts = [_told(alert) for alert in message.alerts]
    if message.firing:
        parts.append(_what_to_do(estate, message))
    return Text(escaped_line(title), "\n".join(parts), "")


def _told(alert: Told) -> str:
    ends = "" if alert.firing or alert.ended is None else f", until {_time(alert.ended)}"
    lines = [
        ("" if alert.firing else "Resolved: ") + alert.summary,
        alert.annotations.get("description", ""),
        f"Since {_time(alert.started)}{ends}",
        f"What to do: {link}" if (link := alert.annotations.get("runbook_url")) else "",
    ]
    return "".join(f"{escaped_line(line)}\n" for line in lines if line)


def _what_to_do(estate: Estate, message: Message) -> str:
    labels = message.common_labels
    service = labels.get("service") if labels.get("host") else None
    subject = labels.get("device") or service or labels.get("host") or message.municipality
    lines = (
        f"Silence: bastide silence {subject} --for 2h --why REASON",
        f"I have it: bastide ack {message.name} --by NAME",
    )
    said = "".join(f"{escaped_line(line)}\n" for line in lines)
    return f"{said}\n{_runbook(estate, message)}"


def _runbook(estate: Estate, message: Message) -> str:
    """Return the runbook, filled in with what all alerts have in common."""
    labels = message.common_labels
    folders = (shipped("runbooks"), estate.own.runbook_folder)
    pages = {page.stem: page for f in folders for page in (f / "alerts").glob("[!.]*.md")}
    if message.name not in pages:
        return ""
    contacts = next(
        (t.content.contacts for t in tenants(estate) if t.id == labels.get("municipality")), ()
    )
    values = values_of(estate, labels.get("device") or labels.get("host", ""), labels)
    markdown = pages[message.name].read_text(encoding="utf-8")
    return filled(markdown, values, contact_lines(contacts))


def _time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M %Z}"
