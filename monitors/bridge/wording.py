"""How a message reads: one line for SMS, a few for a chat.

Labels and summaries come from hosts and devices: what does not print is written as an escape.
"""

from dataclasses import dataclass

from monitors.bridge.message import Message, Told
from monitors.bridge.short_message import cut
from monitors.text import escaped_line

# More than these are counted: the rest is in `bastide status`.
MOST_ALERTS = 8
LONGEST_SUMMARY = 200


@dataclass(frozen=True, slots=True)
class Text:
    """A message for a chat."""

    title: str
    body: str
    link: str


def line(message: Message) -> str:
    """Return it in one short message: how bad, where, what."""
    alerts = message.firing or message.alerts
    if len(alerts) == 1:
        return cut(escaped_line(f"{_word(message)} {_with_subject(alerts[0])}"))
    subjects = ", ".join(dict.fromkeys(alert.subject for alert in alerts))
    where = "" if subjects == message.municipality else f" {message.municipality}"
    return cut(escaped_line(f"{_word(message)}{where} {len(alerts)} {message.name}: {subjects}"))


def text(message: Message) -> Text:
    """Return it for a chat: what is wrong, since when, what to do, and how to say who has it."""
    number = f" ({len(message.alerts)})" if len(message.alerts) > 1 else ""
    title = f"{_word(message)} {message.municipality}: {message.name}{number}"
    lines = [_summary(alert) for alert in message.alerts[:MOST_ALERTS]]
    if (more := len(message.alerts) - MOST_ALERTS) > 0:
        lines.append(f"and {more} more (bastide status)")
    link = message.alerts[0].annotations.get("runbook_url", "")
    if message.firing and not message.is_test:
        begun = min(alert.started for alert in message.firing)
        lines.append(f"Since {begun:%Y-%m-%d %H:%M %Z}")
        lines += [f"What to do: {link}"] if link else []
        lines.append(f"I have it: bastide ack {message.name} --by NAME")
    return Text(escaped_line(title), "\n".join(map(escaped_line, lines)), link)


def _word(message: Message) -> str:
    if message.is_test:
        return "TEST" if message.firing else "TEST ENDED"
    return message.severity.value.upper() if message.firing else "ENDED"


def _with_subject(alert: Told) -> str:
    """Return what is wrong with the subject first."""
    begins = alert.summary.startswith(alert.subject)
    return alert.summary if begins else f"{alert.subject}: {alert.summary}"


def _summary(alert: Told) -> str:
    summary = alert.summary
    if len(summary) > LONGEST_SUMMARY:
        summary = summary[:LONGEST_SUMMARY].rpartition(" ")[0] + " ..."
    return summary if alert.firing else f"Ended: {summary}"
