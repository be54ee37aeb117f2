"""What alerts say of the inventory: services by what they need, municipalities by whom to call."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from monitors.exporter.estate_facts import collect
from tests.monitors.audit.estates import lab
from tests.monitors.exporter.exporter_client import parsed_by_promtool
from tests.monitors.exposed import exposed


def labels_of(name: str) -> list[dict[str, str]]:
    text = exposed(collect(Path(), lab()))
    parsed_by_promtool(text)
    return [
        sample.labels
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]


def test_a_service_needs_its_host_and_the_edge_before_it() -> None:
    permits = {
        labels["needs"]: labels
        for labels in labels_of("bastide_service_needs_info")
        if labels["service"] == "velgora-permits"
    }
    assert permits.keys() == {"velgora-app", "velgora-edge"}
    assert permits["velgora-edge"] == {
        "municipality": "velgora",
        "service": "velgora-permits",
        "title": "Building permits",
        "continuity": "important",
        "needs": "velgora-edge",
    }


def test_each_municipality_and_central_names_whom_to_call() -> None:
    contacts = {
        labels["municipality"]: (labels["title"], labels["contact"])
        for labels in labels_of("bastide_municipality_info")
    }
    assert contacts["velgora"] == ("Velgora", "Mira Dolenc, IT administrator: it@velgora.lab.test")
    assert contacts.keys() == {"central", "velgora", "kastrava", "aynzuhur"}
