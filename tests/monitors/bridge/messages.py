"""Messages as Alertmanager posts them."""

import json
from typing import Any

from monitors.bridge.message import Message, parsed

GROUP = '{}:{alertname="HostDown", municipality="velgora"}'
STARTED = "2027-01-16T22:04:05.123456789Z"
RUNBOOK = "http://10.0.0.10:9090/user/alerts/HostDown.html"


def alert(host: str, summary: str, *, status: str = "firing", **labels: str) -> dict[str, Any]:
    shared = {"alertname": "HostDown", "severity": "page", "municipality": "velgora"}
    return {
        "status": status,
        "labels": {**shared, **({"host": host} if host else {}), **labels},
        "annotations": {"summary": summary, "runbook_url": RUNBOOK},
        "startsAt": STARTED,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://ops:9090/graph",
        "fingerprint": f"{host}{sorted(labels.items())}",
    }


def posted(*alerts: dict[str, Any]) -> bytes:
    return json.dumps(
        {"version": "4", "status": "firing", "groupKey": GROUP, "alerts": alerts}
    ).encode()


def message(*alerts: dict[str, Any]) -> Message:
    return parsed(posted(*alerts))


DOWN = message(alert("velgora-edge", "velgora-edge does not answer"))
