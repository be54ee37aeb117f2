"""A month of incidents with maintenance windows in it: one message per cause, and none in a window.

Prometheus' rules are judged over the month's series as they are shipped, every 15 s; their alerts
then go through the shipped configuration of a real Alertmanager with every duration divided by 300.
Hours in which nothing happens are left out of both; windows are laid by the exporter's own code.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path

import pytest
import yaml

from inventory.model.channels import Channel, Webhook
from inventory.model.notify import Notify
from monitors.maintenance.endings import PATIENCE, Endings
from monitors.maintenance.silences import Silences
from monitors.prometheus.alertmanager_config import alertmanager as shipped
from monitors.web_api import WebApi
from tests.alertmanager_server import Desk, alertmanager
from tests.end_to_end.month import (
    BEGINS,
    END,
    Incident,
    Replay,
    estate,
    incidents,
    promtool_test,
)
from tests.end_to_end.month import silences as month_silences
from tests.end_to_end.shortened_prometheus import shortened
from tests.rules.rule_files import GO_SETTINGS

TIMES = 300
START = timedelta(seconds=3)
LOOKS_SECONDS = 0.2
STATES: dict[str, list[str]] = {
    "never": [],
    "at_once": ["firing", "resolved"],
    "late": ["firing", "resolved"],
    "end_late": ["firing", "resolved"],
}


def test_the_rules_tell_each_cause_once_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "month_test.yml"
    file.write_text(yaml.safe_dump(promtool_test(estate(), incidents(), tmp_path)))
    assert shutil.which("promtool"), "promtool is in Debian's package prometheus"
    done = subprocess.run(
        ["promtool", "test", "rules", file], capture_output=True, text=True, env=GO_SETTINGS
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def month(folder: Path, desk: Desk) -> Iterator[WebApi]:
    """A real Alertmanager with the shipped configuration in quick time."""
    notify = Notify(
        channels=(Channel(id="desk", webhook=Webhook(url=f"http://127.0.0.1:{desk.port}/")),)
    )
    config = shortened(shipped(notify, {}), TIMES)
    with alertmanager(folder, config=config | {"templates": []}) as api:
        yield api


def given(api: WebApi, incident: Incident, begun: datetime, ended: datetime | None) -> None:
    """Give an alert as Prometheus does when it begins and when it ends."""
    alert = {
        "labels": dict(incident.labels),
        "startsAt": begun.isoformat(),
        "endsAt": (ended or begun + timedelta(hours=1)).isoformat(),
    }
    api.json("/api/v2/alerts", [alert])


@dataclass(frozen=True)
class Played:
    """The month as it was played here, and when it began."""

    replay: Replay
    began: datetime

    def here(self, moment: datetime) -> datetime:
        """When a time of the month is, or was, here."""
        return self.began + self.replay.at(moment) / TIMES


def played(desk: Desk, folder: Path) -> Played:
    """Play the month."""
    happened = incidents()
    with month(folder, desk) as api:
        play = Played(Replay(happened), datetime.now(UTC) + START)
        for silence in month_silences(estate()):
            start, end = play.here(silence.start), play.here(silence.end)
            if start < end:
                Silences(api).add(replace(silence, start=start, end=end))
        events = [(play.here(i.begin + BEGINS / 2), i) for i in happened]
        events += [(play.here(i.end), i) for i in happened]
        happen(api, sorted(events, key=itemgetter(0)), play.here(END))
    return play


def happen(api: WebApi, events: list[tuple[datetime, Incident]], end: datetime) -> None:
    """Give each alert when it begins and ends, and look in between as the exporter does."""
    silences, endings = Silences(api), Endings(patience=PATIENCE / TIMES)
    begun: dict[int, datetime] = {}
    while (now := datetime.now(UTC)) < end:
        while events and events[0][0] <= now:
            _, incident = events.pop(0)
            is_over = id(incident) in begun
            given(api, incident, begun.setdefault(id(incident), now), now if is_over else None)
        endings.look(silences, silences.list(), now)
        time.sleep(LOOKS_SECONDS)


def told(desk: Desk, play: Played, incident: Incident) -> list[tuple[datetime, str]]:
    """What the desk was told of an incident, and when: until the next one of the same labels."""
    same = [
        i.begin for i in incidents() if i.labels == incident.labels and i.begin > incident.begin
    ]
    until = play.here(min(same, default=END))
    return [
        (arrived, message["status"])
        for arrived, message in desk.messages
        if incident.labels.items() <= message["commonLabels"].items()
        and play.here(incident.begin) <= arrived
        and (not same or arrived < until)
    ]


@pytest.mark.timeout(420)
def test_one_message_per_cause_none_in_a_window_and_one_of_what_outlives_it(tmp_path: Path) -> None:
    desk = Desk()
    with desk.open():
        play = played(desk, tmp_path)
    for incident in incidents():
        messages = told(desk, play, incident)
        assert [status for _, status in messages] == STATES[incident.told], (incident, messages)
        if incident.window_end:
            first, last = (arrived for arrived, _ in messages)
            late = first if incident.told == "late" else last
            assert late >= play.here(incident.window_end)
    assert len(desk.messages) == sum(len(STATES[i.told]) for i in incidents())
