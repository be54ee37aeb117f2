"""alertmanager.yml: who is notified of an alert, and how alerts are grouped into few messages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

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
                for taker in takers(notify, channels[name], contacts):
                    of_it = [*of, *taker.matchers]
                    yield {"matchers": of_it, "receiver": taker.receiver, **shared}


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
                "matchers": [f'channel="{channel.id}"', *taker.matchers],
                "receiver": taker.receiver,
                "continue": True,
            }
            for channel in (notify.channels if notify else ())
            for taker in (takers(notify, channel, contacts) if notify else ())
        ],
    }


class Taker(NamedTuple):
    """A receiver of a channel: what an alert must be for it, and whom it mails, if it does."""

    receiver: str
    matchers: list[str]
    addresses: tuple[str, ...] = ()


def takers(notify: Notify, channel: Channel, contacts: Contacts) -> Iterator[Taker]:
    """Yield a channel's receivers; no address has a mail twice."""
    mail = None if notify.is_bridged(channel) else channel.mail
    if mail is None:
        yield Taker(channel.id, [])
        return
    if mail.to:
        yield Taker(channel.id, [], mail.to)
    for town, addresses in contacts.items() if mail.contacts else ():
        if others := tuple(address for address in addresses if address not in mail.to):
            yield Taker(f"{channel.id}/{town}", [f'municipality="{town}"'], others)


def _receivers(notify: Notify, contacts: Contacts) -> Iterator[dict[str, Any]]:
    for channel in notify.channels:
        for taker in takers(notify, channel, contacts):
            yield {"name": taker.receiver, **_sends(notify, channel, taker.addresses)}


def _sends(notify: Notify, channel: Channel, addresses: Sequence[str]) -> dict[str, Any]:
    """Return what a receiver sends by.

    A mail to each address by itself: of one to several Alertmanager gives up all when the server
    refuses one.
    """
    secret = f"{SECRETS}/{channel.id}" if channel.secret else None
    if notify.is_bridged(channel):
        return {"webhook_configs": [_bridge(channel.id)]}
    if channel.webhook:
        return {"webhook_configs": [_webhook(channel.webhook, secret)]}
    mail = channel.mail
    return {"email_configs": [_mail(mail, to, secret) for to in addresses if mail]}


def _webhook(webhook: Webhook, secret: str | None) -> dict[str, Any]:
    login = {"http_config": {"authorization": {"credentials_file": secret}}} if secret else {}
    return {"url": webhook.url, "send_resolved": True, **login}


def _bridge(channel: str) -> dict[str, Any]:
    return {"url": f"http://{LISTEN}/channels/{channel}", "send_resolved": True}


def _mail(mail: Mail, to: str, secret: str | None) -> dict[str, Any]:
    login = {"auth_username": mail.user, "auth_password_file": secret} if secret else {}
    return {
        "to": to,
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
