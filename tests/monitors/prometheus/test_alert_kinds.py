"""What alerts are about: each has one kind, and routes by kind tell each once, as amtool says."""

from collections import Counter
from pathlib import Path

import pytest

from inventory.model.notify import AlertKind, Notify, Route
from inventory.own import Own
from monitors.prometheus.alert_kinds import NAMES
from monitors.prometheus.alerts import alerts_of
from monitors.prometheus.operations_watch import ALERTS
from tests.monitors.prometheus.test_alertmanager_config import CHAT, DESK, TOWN, taken_by

ROUTES = (
    Route(to=("desk",)),
    Route(to=("chat",), kinds=(AlertKind.SECURITY, AlertKind.BACKUPS)),
    Route(to=("chat",), kinds=(AlertKind.SECURITY, AlertKind.OWN), municipalities=("velgora",)),
)
NOTIFY = Notify(channels=(DESK, TOWN, CHAT), routes=ROUTES)


def test_each_shipped_alert_is_of_one_kind() -> None:
    told = Counter(name for names in NAMES.values() for name in names.split())
    assert [name for name, times in told.items() if times > 1] == []
    assert set(told) == {alert.name for alert in alerts_of(Own())} - set(ALERTS)
    assert {*NAMES, AlertKind.OWN} == set(AlertKind)


@pytest.mark.parametrize(
    ("alert", "municipality", "takers"),
    [
        ("HostDown", "velgora", ["desk"]),
        ("BackupFailed", "central", ["desk", "chat"]),
        ("CriticalControlFailing", "velgora", ["desk", "chat"]),
        ("RiverHigh", "velgora", ["desk", "chat"]),
        ("RiverHigh", "central", ["desk"]),
        # A name that only begins like another's is another: an estate's own.
        ("HostDownstream", "velgora", ["desk", "chat"]),
    ],
)
def test_an_alert_takes_the_channels_for_its_kind_each_once(
    tmp_path: Path, alert: str, municipality: str, takers: list[str]
) -> None:
    labels = {"alertname": alert, "severity": "page", "municipality": municipality}
    assert taken_by(tmp_path, NOTIFY, **labels) == takers
