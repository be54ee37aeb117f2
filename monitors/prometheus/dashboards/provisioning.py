"""The dashboards with what Grafana needs to find them and Prometheus.

Grafana reads all of it when ``GF_PATHS_PROVISIONING`` names the folder ``provisioning``; any part
can as well be imported by hand.
"""

from collections.abc import Iterator
from typing import Any

from inventory.web_login import USER
from monitors.prometheus.dashboards.build import NAMES, text
from monitors.prometheus.prometheus_config import AUTHORITY, PASSWORD_FILE

DASHBOARD_FOLDER = "/etc/bastide/current/grafana/dashboards"
"""Where the operations host keeps the dashboards."""


def dashboards(prometheus: str) -> Iterator[tuple[str, bytes]]:
    """Yield each dashboard's file name and JSON, with the address of the estate's Prometheus."""
    for name in NAMES:
        yield f"{name}.json", text(name, prometheus).encode()


def providers() -> dict[str, Any]:
    """Return Grafana's list of folders with dashboards."""
    provider = {
        "name": "bastide",
        "folder": "Bastide",
        "type": "file",
        "allowUiUpdates": False,
        "options": {"path": DASHBOARD_FOLDER},
    }
    return {"apiVersion": 1, "providers": [provider]}


def datasources(prometheus: str) -> dict[str, Any]:
    """Return Grafana's list of data sources: the estate's Prometheus."""
    source = {
        "name": "Bastide",
        "uid": "bastide",
        "type": "prometheus",
        "access": "proxy",
        "url": prometheus,
        "basicAuth": True,
        "basicAuthUser": USER,
        "jsonData": {"httpMethod": "POST", "timeInterval": "15s", "tlsAuthWithCACert": True},
        # Grafana reads the files; whoever runs it lets its account read the password.
        "secureJsonData": {
            "basicAuthPassword": f"$__file{{{PASSWORD_FILE}}}",
            "tlsCACert": f"$__file{{{AUTHORITY}}}",
        },
    }
    return {"apiVersion": 1, "datasources": [source]}
