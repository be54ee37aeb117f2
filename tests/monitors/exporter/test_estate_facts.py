"""What rules join: ways, services by what they need, municipalities by whom to call."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from inventory.model.estate import Estate
from monitors.exporter.estate_facts import collect
from tests.monitors.audit.estates import lab
from tests.monitors.exporter.exporter_client import parsed_by_promtool
from tests.monitors.exposed import exposed


def labels_of(name: str, estate: Estate | None = None) -> list[dict[str, str]]:
    text = exposed(collect(Path(), estate or lab()))
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
        "continuity": "B",
        "needs": "velgora-edge",
        "other_ways": "no",
    }


def test_every_host_that_a_service_depends_on_is_named() -> None:
    *others, town = lab().municipalities
    permits, *more = town.services
    on_two = permits.model_copy(update={"hosts": ("app", "files")})
    changed = town.model_copy(update={"services": (on_two, *more)})
    estate = lab().model_copy(update={"municipalities": (*others, changed)})
    found = [
        (labels["service"], labels["host"])
        for labels in labels_of("bastide_service_host_info", estate)
        if labels["municipality"] == "velgora"
    ]
    assert found[:2] == [("velgora-permits", "velgora-app"), ("velgora-permits", "velgora-files")]


def with_two_switches() -> Estate:
    """The lab, whose permit register is reached through two switches, one of which has two ways."""
    *others, town = lab().municipalities
    edge, app, *more = town.hosts
    assert (town.municipality, app.id) == ("velgora", "app")
    switches = [
        town.devices[0].model_copy(update={"id": "one", "parent": ("velgora-edge",)}),
        town.devices[0].model_copy(update={"id": "two", "parent": ("velgora-edge", "velgora-one")}),
    ]
    app = app.model_copy(update={"parent": ("velgora-one", "velgora-two")})
    changed = town.model_copy(update={"hosts": (edge, app, *more), "devices": tuple(switches)})
    return lab().model_copy(update={"municipalities": (*others, changed)})


def test_what_a_service_can_do_without_is_told_apart() -> None:
    needs = {
        labels["needs"]: labels["other_ways"]
        for labels in labels_of("bastide_service_needs_info", with_two_switches())
        if labels["service"] == "velgora-permits"
    }
    assert needs == {
        "velgora-app": "no",
        "velgora-edge": "no",
        "velgora-one": "yes",
        "velgora-two": "yes",
    }


def test_all_that_something_is_reached_through_is_told_the_parents_apart() -> None:
    through = {
        labels["parent"]: (labels["direct"], labels["municipality"])
        for labels in labels_of("bastide_reached_through_info", with_two_switches())
        if labels["name"] == "velgora-app"
    }
    assert through == {
        "velgora-one": ("yes", "velgora"),
        "velgora-two": ("yes", "velgora"),
        "velgora-edge": ("no", "velgora"),
    }


def test_what_is_reached_directly_is_reached_through_nothing() -> None:
    names = {labels["name"] for labels in labels_of("bastide_reached_through_info")}
    assert "velgora-app" in names
    assert "velgora-edge" not in names


def test_each_municipality_and_central_names_whom_to_call() -> None:
    contacts = {
        labels["municipality"]: (labels["title"], labels["contact"])
        for labels in labels_of("bastide_municipality_info")
    }
    assert contacts["velgora"] == ("Velgora", "Mira Dolenc, IT administrator: it@velgora.lab.test")
    assert contacts.keys() == {"central", "velgora", "kastrava", "aynzuhur"}
