"""A campus that the real Prometheus and Alertmanager watch, with every duration divided by 20."""

import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.model.channels import Channel, Webhook
from inventory.model.notify import Notify
from tests.end_to_end.campus import Campus, estate
from tests.end_to_end.shortened_prometheus import Running, running
from tests.waiting import wait_until

TIMES = 20
MINUTE = 60 / TIMES
# A dead agent is asked again before it is given up: some seconds in the field.
PATIENCE = 12 / TIMES
ENDS_SECONDS = 60.0


@pytest.fixture
def campus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Campus]:
    """A campus of the module's SIZE."""
    campus = Campus(estate(tmp_path, request.module.SIZE), PATIENCE)
    with campus.serving():
        yield campus


@pytest.fixture
def there(campus: Campus, tmp_path: Path) -> Iterator[Running]:
    """Both, watching it; pages go to its duty desk."""
    desk = Channel(id="desk", webhook=Webhook(url=campus.webhook))
    with running(tmp_path, campus.address, Notify(channels=(desk,)), TIMES) as there:
        yield there


def ask(there: Running, expression: str) -> list[dict[str, Any]]:
    query = urllib.parse.urlencode({"query": expression})
    url = f"http://{there.prometheus}/api/v1/query?{query}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        alerts: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return alerts


def value(there: Running, expression: str) -> float:
    """The value of an expression of one sample; 0 when there is none."""
    alerts = ask(there, expression)
    return float(alerts[0]["value"][1]) if alerts else 0.0


def must_become(true: Callable[[], bool], what: str) -> None:
    assert wait_until(true, ENDS_SECONDS, every=0.1), f"never: {what}"


def firing(there: Running, ever: str = "") -> set[str]:
    """What fires now, or has ever fired, the Watchdog aside."""
    alerts = ask(there, f'ALERTS{{alertstate="firing", alertname!="Watchdog"}}{ever}')
    return {f"{s['metric']['alertname']} {s['metric'].get('device', '')}" for s in alerts}
