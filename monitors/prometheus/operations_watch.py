"""The configuration of the vault that watches the operations host's Prometheus and Alertmanager.

It runs the same two programs, on its loopback, and sends through channels of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inventory.authority import authority
from inventory.entries import InventoryHost, operations_host
from inventory.model.estate import Estate
from inventory.model.notify import Notify, OperationsWatch
from inventory.model.tenants import CENTRAL
from inventory.operations_watch import ASKED_PORTS
from monitors.prometheus.alertmanager_config import Contacts, alertmanager
from monitors.prometheus.prometheus_config import (
    ALERTMANAGER,
    BRIDGE_JOB,
    PROMETHEUS,
    STATIC_JOBS,
    protected,
)
from monitors.prometheus.rule_files import WATCH_RULES
from monitors.prometheus.runbook_templates import TEMPLATES, templates

FOLDER = "/etc/bastide/watch"
"""Where the role puts it on the vault."""
ALERTS = ("MonitoringProcessDown", "NothingDelivered", "OperationsSilent", "WatchdogMissing")
# Processes of the operations host that no other host can ask: its own Prometheus says of them.
INNER_JOBS = [
    job.job
    for job in (*STATIC_JOBS, BRIDGE_JOB)
    if job.path == "/metrics" and job.address not in (ALERTMANAGER, PROMETHEUS)
]


def files(
    estate: Estate, contacts: Contacts, runbooks: Path
) -> Iterator[tuple[str, dict[str, Any] | bytes]]:
    """Yield each file's name and content; nothing where no vault watches the operations host."""
    server, notify = operations_host(estate), estate.notify
    if server is None or notify is None or notify.operations_watch is None:
        return
    yield "prometheus.yml", prometheus(estate.estate, server)
    yield "rules.yml", WATCH_RULES.read_bytes()
    yield (
        "alertmanager.yml",
        alertmanager(channels_of_watch(notify, notify.operations_watch), contacts),
    )
    pages = [runbooks / "alerts" / f"{name}.md" for name in ALERTS]
    yield TEMPLATES, templates(estate, pages).encode()


def prometheus(estate_name: str, server: InventoryHost) -> dict[str, Any]:
    """Return prometheus.yml as data: the processes of ``server``, the operations host."""
    protection = protected(server.fqdn, f"{FOLDER}/authority.crt", f"{FOLDER}/password")
    address = {name: authority(server.host.address, port) for port, name in ASKED_PORTS.items()}
    labels = {"municipality": CENTRAL, "host": server.name}
    asked: list[dict[str, Any]] = [
        {"job_name": "prometheus", **protection, **_at(address["prometheus"], labels)},
        {"job_name": "alertmanager", **protection, **_at(address["alertmanager"], labels)},
        {
            "job_name": "operations_processes",
            "metrics_path": "/federate",
            "honor_labels": True,
            "params": {"match[]": [f'up{{job=~"{"|".join(INNER_JOBS)}"}}']},
            **protection,
            **_at(address["prometheus"], labels),
        },
    ]
    return {
        "global": {
            "scrape_interval": "15s",
            "scrape_timeout": "10s",
            "evaluation_interval": "15s",
            "external_labels": {"estate": estate_name},
        },
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [ALERTMANAGER]}]}]},
        "scrape_configs": asked,
    }


def _at(address: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"static_configs": [{"targets": [address], "labels": labels}]}


def channels_of_watch(notify: Notify, watch: OperationsWatch) -> Notify:
    """Return what the vault sends through: every alert by every one of its channels.

    By all at once, so none has a fallback, and no bridge is needed there.
    """
    return Notify(
        channels=tuple(
            channel.model_copy(update={"fallback": None})
            for channel in notify.channels
            if channel.id in watch.to
        )
    )
