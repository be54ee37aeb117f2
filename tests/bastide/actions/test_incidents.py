"""Alerts grouped by their cause: what a dead edge explains, what it does not, and whom to call."""

from pathlib import Path

import pytest
import yaml

from bastide.actions.incidents import Incident, incidents_of
from bastide.actions.prometheus import Alert
from inventory.entries import services
from tests.monitors.audit.estates import lab

EDGE = ("HostDown", "page", "host", "velgora-edge")
CASES = Path(__file__).parent / "cases" / "incidents"


def alert(
    name: str, severity: str, label: str, value: str, at: str = "03:00", *, silenced: bool = False
) -> Alert:
    labels = {"severity": severity, label: value, "municipality": value.split("-")[0]}
    by = ("some-silence",) if silenced else ()
    return Alert(name, labels, {}, f"2026-11-28T{at}:00Z", by)


def group(*alerts: Alert, silent: tuple[str, ...] = ()) -> tuple[Incident, ...]:
    return incidents_of(lab(), alerts, silent)


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yml")), ids=lambda case: case.stem)
def test_alerts_are_grouped_by_cause_and_the_worst_is_first(case: Path) -> None:
    told = yaml.safe_load(case.read_text())
    found = group(*(alert(*one) for one in told["alerts"]), silent=tuple(told.get("silent", ())))
    assert [
        {
            "subject": incident.subject,
            "alerts": [one.name for one in incident.alerts],
            "cut_off": list(incident.cut_off),
            "services": [concerned.entry.name for concerned in incident.services],
            "call": [contact.name for _, contact in incident.contacts],
        }
        for incident in found
    ] == told["incidents"]


def test_nothing_fires() -> None:
    assert group(silent=("velgora-app",)) == ()


def test_an_incident_began_with_the_first_of_its_alerts() -> None:
    (incident,) = group(
        alert(*EDGE, "03:10"), alert("UnitFailed", "ticket", "host", "velgora-app", "03:04")
    )
    assert incident.since.isoformat() == "2026-11-28T03:04:00+00:00"


@pytest.mark.parametrize(("severity", "incidents"), [("page", 1), ("ticket", 2)])
def test_an_uplink_explains_what_is_behind_it_only_where_no_other_works(
    severity: str, incidents: int
) -> None:
    lost = alert("UplinkLost", severity, "host", "velgora-edge", "03:10")
    behind = alert("NamesNotFound", "ticket", "host", "velgora-app", "03:04")
    found = group(lost, behind)
    assert len(found) == incidents
    if incidents == 1:
        assert found[0].cause == lost


def test_what_answers_though_its_host_is_told_of_is_said_to_answer() -> None:
    full = alert("FileSystemFull", "page", "host", "velgora-app")
    (incident,) = group(full)
    assert [concerned.answers for concerned in incident.services] == [True]
    (incident,) = group(full, silent=("velgora-permits",))
    assert [concerned.answers for concerned in incident.services] == [False]
    assert "velgora-permits" in incident.explains


def test_silenced_is_what_has_nothing_else() -> None:
    (silenced,) = group(alert(*EDGE, silenced=True))
    assert silenced.silenced
    (told,) = group(
        alert(*EDGE, silenced=True), alert("ControlFailing", "ticket", "host", "velgora-edge")
    )
    assert not told.silenced
    assert told.cause.name == "ControlFailing"


def test_an_alert_of_nothing_in_the_inventory_calls_central() -> None:
    (incident,) = group(alert("Strange", "page", "host", "nowhere-host"))
    assert [tenant.id for tenant, _ in incident.contacts] == ["central"]


def test_the_service_that_citizens_miss_most_comes_first() -> None:
    assert "velgora-permits" in {entry.name for entry in services(lab())}
    ups = alert("DeviceDown", "page", "device", "velgora-ups", "02:00")
    app = alert("HostDown", "page", "host", "velgora-app", "03:00")
    found = group(ups, app, silent=("velgora-app", "velgora-permits", "velgora-ups"))
    assert [incident.subject for incident in found] == ["velgora-app", "velgora-ups"]
