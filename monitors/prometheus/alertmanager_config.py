"""alertmanager.yml: who is notified of an alert, and how alerts are grouped into few messages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inventory.model.channels import NOBODY, WATCHDOG, Channel, Mail, Webhook
from inventory.model.notify import TEST, AlertKind, Notify, Route, Severity
from monitors.bridge import LISTEN
from monitors.prometheus.alert_kinds import Towns, matchers, shares
from monitors.prometheus.runbook_templates import TEMPLATES

# Well under the patience of any dead man's switch, which then needs no tuning of its own.
WATCHDOG_REPEAT = "5m"
REPEAT = {Severity.PAGE: "4h", Severity.TICKET: "1d"}
SECRETS = "/etc/bastide/notify"
"""The folder of the operations host with a file for each channel's password or token."""
SUBJECT = (
    '{{ if eq .Status "resolved" }}Resolved{{ else }}{{ .CommonLabels.severity | title }}{{ end }}'
    ": "
    "{{ .CommonLabels.municipality }}: {{ .CommonLabels.alertname }}"
    "{{ if gt (len .Alerts) 1 }} ({{ len .Alerts }}){{ end }}"
)
TEXT = """\
{{ range .Alerts }}{{ if eq .Status "resolved" }}Resolved: {{ end }}{{ .Annotations.summary }}
{{ with .Annotations.description }}{{ . }}
{{ end }}Since {{ .StartsAt.Format "2006-01-02 15:04 MST" }}\
{{ if eq .Status "resolved" }}, until {{ .EndsAt.Format "2006-01-02 15:04 MST" }}{{ end }}
{{ with .Annotations.runbook_url }}What to do: {{ . }}
{{ end }}
{{ end }}{{ if eq .Status "firing" }}\
Silence: bastide silence {{ with .CommonLabels }}{{ or .device (and .host .service) .host \
.municipality }}{{ end }} --for 2h --why REASON
I have it: bastide ack {{ .CommonLabels.alertname }} --by NAME

{{ template "runbook" . }}{{ end }}"""

Contacts = Mapping[str, Sequence[str]]
"""The addresses of each municipality's contacts."""


def alertmanager(notify: Notify | None, contacts: Contacts) -> dict[str, Any]:
    """Return alertmanager.yml as data; without channels, alerts stay in Alertmanager's own list.

    One message per municipality and kind of alert; pages come back every 4 hours, tickets daily.
    ``info`` notifies nobody.
    """
    return {
        "global": {"resolve_timeout": "5m"},
        "templates": [TEMPLATES],
        "route": {
            "receiver": NOBODY,
            "group_by": ["municipality", "alertname"],
            "group_wait": "10s",
            "group_interval": "1m",
            "repeat_interval": "1d",
            "routes": [
                {
                    "matchers": ['alertname="Watchdog"'],
                    "receiver": WATCHDOG,
                    "group_by": ["municipality"],
                    "group_interval": WATCHDOG_REPEAT,
                    "repeat_interval": WATCHDOG_REPEAT,
                },
                _test(notify, contacts),
                {"matchers": ['severity="info"'], "receiver": NOBODY},
                *(_routes(notify, contacts) if notify else ()),
            ],
        },
        "receivers": [
            {"name": NOBODY},
            _watchdog(notify.watchdog if notify else None),
            *(_receivers(notify, contacts) if notify else ()),
        ],
    }


def channels_of(notify: Notify, municipality: str, severity: Severity) -> dict[str, int]:
    """Return the channels that take a municipality's alerts of a severity.

    Each with the minutes after which it has what nobody acknowledged; 0: at once.
    """
    taking: dict[str, int] = {}
    for route in notify.effective_routes:
        if severity in route.severity and municipality in (route.municipalities or (municipality,)):
            for channel in route.to:
                delay = route.after_minutes or 0
                taking[channel] = min(delay, taking.get(channel, delay))
    return taking


def kinds_of(
    notify: Notify, municipality: str, severity: Severity, channel: str
) -> tuple[AlertKind, ...]:
    """Return the kinds of a municipality's alerts of a severity that a channel takes."""
    taking = [
        route
        for route in notify.effective_routes
        if channel in route.to
        and severity in route.severity
        and municipality in (route.municipalities or (municipality,))
    ]
    return tuple(kind for kind in AlertKind if any(route.is_about(kind) for route in taking))


def _routes(notify: Notify, contacts: Contacts) -> Iterator[dict[str, Any]]:
    """Yield a route for each channel, severity and delay; an alert goes on to the next one, too."""
    channels = {channel.id: channel for channel in notify.channels}
    for severity in Severity:
        taking: dict[tuple[str, int | None], list[Route]] = {}
        for route in notify.effective_routes:
            for name in route.to if severity in route.severity else ():
                taking.setdefault((name, route.after_minutes), []).append(route)
        for (name, delay), routes in taking.items():
            shared = {"continue": True, "repeat_interval": REPEAT[severity], **_waiting(delay)}
            for towns, kinds in shares(routes):
                of = [f'severity="{severity}"', *_of_municipalities(towns), *matchers(kinds)]
                for receiver, more in takers(notify, channels[name], contacts):
                    yield {"matchers": [*of, *more], "receiver": receiver, **shared}


def _of_municipalities(towns: Towns) -> list[str]:
    return [] if towns is None else [f'municipality=~"{"|".join(sorted(towns))}"']


def _waiting(delay: int | None) -> dict[str, Any]:
    """Return how an escalation waits: Alertmanager sends no group that is silenced by then.

    Each alert by itself: one that joins a group would be sent when the group is.
    """
    return {} if delay is None else {"group_by": ["..."], "group_wait": f"{delay}m"}


def _test(notify: Notify | None, contacts: Contacts) -> dict[str, Any]:
    """Return the route of tests: at once, each by itself, to the channel that it names."""
    return {
        "matchers": [f'alertname="{TEST}"'],
        "receiver": NOBODY,
        "group_by": ["..."],
        "group_wait": "0s",
        "routes": [
            {
                "matchers": [f'channel="{channel.id}"', *more],
                "receiver": receiver,
                "continue": True,
            }
            for channel in (notify.channels if notify else ())
            for receiver, more in (takers(notify, channel, contacts) if notify else ())
        ],
    }


def takers(notify: Notify, channel: Channel, contacts: Contacts) -> Iterator[tuple[str, list[str]]]:
    """Yield a channel's receivers, each with what an alert must be for it."""
    mail = None if notify.is_bridged(channel) else channel.mail
    if mail is None or mail.to:
        yield channel.id, []
    if mail and mail.contacts:
        for town, addresses in contacts.items():
            if addresses:
                yield f"{channel.id}/{town}", [f'municipality="{town}"']


def _receivers(notify: Notify, contacts: Contacts) -> Iterator[dict[str, Any]]:
    for channel in notify.channels:
        secret = f"{SECRETS}/{channel.id}" if channel.secret else None
        if notify.is_bridged(channel):
            yield {"name": channel.id, "webhook_configs": [_bridge(channel.id)]}
            continue
        if channel.webhook:
            yield {"name": channel.id, "webhook_configs": [_webhook(channel.webhook, secret)]}
        if channel.mail and channel.mail.to:
            yield {
                "name": channel.id,
                "email_configs": [_mail(channel.mail, channel.mail.to, secret)],
            }
        if channel.mail and channel.mail.contacts:
            for town, addresses in contacts.items():
                if addresses:
                    config = _mail(channel.mail, addresses, secret)
                    yield {"name": f"{channel.id}/{town}", "email_configs": [config]}


def _webhook(webhook: Webhook, secret: str | None) -> dict[str, Any]:
    login = {"http_config": {"authorization": {"credentials_file": secret}}} if secret else {}
    return {"url": webhook.url, "send_resolved": True, **login}


def _bridge(channel: str) -> dict[str, Any]:
    return {"url": f"http://{LISTEN}/channels/{channel}", "send_resolved": True}


def _mail(mail: Mail, to: Sequence[str], secret: str | None) -> dict[str, Any]:
    login = {"auth_username": mail.user, "auth_password_file": secret} if secret else {}
    return {
        "to": ", ".join(to),
        "from": mail.sender,
        "smarthost": mail.server,
        "require_tls": mail.tls,
        "send_resolved": True,
        "headers": {"Subject": SUBJECT},
        "text": TEXT,
        "html": "",
        **login,
    }


def _watchdog(url: str | None) -> dict[str, Any]:
    hook = {"webhook_configs": [{"url": url, "send_resolved": False}]} if url else {}
    return {"name": WATCHDOG, **hook}
