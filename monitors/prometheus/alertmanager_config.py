"""alertmanager.yml: who is notified of an alert, and how alerts are grouped into few messages."""

from dataclasses import dataclass
from typing import Any

DUTY = "duty"
NOT_NOTIFIED = "curious"
WATCHDOG = "watchdog"
# Well under the patience of any dead man's switch, which then needs no tuning of its own.
WATCHDOG_REPEAT = "5m"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail relay that takes mail from the operations host without a password."""

    to: str
    sender: str
    relay: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where alerts leave the operations host. Nothing given: they stay in Alertmanager's own list.

    ``webhook`` and ``watchdog`` are URLs that accept Alertmanager's webhook JSON; ``watchdog`` is
    an outside dead man's switch that raises the alarm when it hears nothing.
    """

    webhook: str | None = None
    mail: Mail | None = None
    watchdog: str | None = None


def alertmanager(delivery: Delivery) -> dict[str, Any]:
    """Return alertmanager.yml as data.

    One message per municipality and kind of alert; pages come back every 4 hours, tickets daily.
    ``info`` notifies nobody: it stays in Alertmanager's list.
    """
    return {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": DUTY,
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
                {"matchers": ['severity="page"'], "receiver": DUTY, "repeat_interval": "4h"},
                {"matchers": ['severity="info"'], "receiver": NOT_NOTIFIED},
            ],
        },
        "receivers": [_duty(delivery), _watchdog(delivery), {"name": NOT_NOTIFIED}],
    }


def _duty(delivery: Delivery) -> dict[str, Any]:
    receiver: dict[str, Any] = {"name": DUTY}
    if delivery.webhook:
        receiver["webhook_configs"] = [{"url": delivery.webhook, "send_resolved": True}]
    if delivery.mail:
        mail = delivery.mail
        receiver["email_configs"] = [
            {"to": mail.to, "from": mail.sender, "smarthost": mail.relay, "send_resolved": True}
        ]
    return receiver


def _watchdog(delivery: Delivery) -> dict[str, Any]:
    receiver: dict[str, Any] = {"name": WATCHDOG}
    if delivery.watchdog:
        receiver["webhook_configs"] = [{"url": delivery.watchdog, "send_resolved": False}]
    return receiver
