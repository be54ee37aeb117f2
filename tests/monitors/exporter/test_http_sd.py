"""Service discovery: the shape that Prometheus demands, the labels that the rules join on."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.uplinks import Uplink
from inventory.paths import SHIPPED_ESTATES
from monitors.exporter.http_sd import (
    JOBS,
    TargetGroup,
    blackbox,
    dns,
    gateway,
    icmp,
    node,
    snmp,
    tcp,
    windows,
)
from monitors.probes import unprobed
from tests.monitors.exporter.exporter_client import ESTATE

ESTATES = [ESTATE, *sorted(path.parent for path in SHIPPED_ESTATES.glob("*/estate.yml"))]


@pytest.fixture(scope="module")
def harbours() -> Estate:
    return load_estate(ESTATE)


@pytest.mark.parametrize("folder", ESTATES, ids=lambda path: path.name)
@pytest.mark.parametrize("job", sorted(JOBS))
def test_every_group_has_one_target_and_text_labels(folder: Path, job: str) -> None:
    for group in JOBS[job](load_estate(folder)):
        assert set(group) == {"targets", "labels"}
        assert group["targets"]
        assert "municipality" in group["labels"]
        assert {"host", "device", "service"} & set(group["labels"])
        assert all(isinstance(v, str) and v for v in group["labels"].values())


@pytest.mark.parametrize("folder", ESTATES, ids=lambda path: path.name)
def test_every_parent_is_something_that_is_watched(folder: Path) -> None:
    estate = load_estate(folder)
    groups = [group for job in JOBS.values() for group in job(estate)]
    watched = {g["labels"].get("device") or g["labels"]["host"] for g in groups}
    assert {g["labels"]["parent"] for g in groups if "parent" in g["labels"]} <= watched


@pytest.mark.parametrize(
    ("parents", "label"),
    [
        ((), None),
        (("harbour-switch",), "harbour-switch"),
        (("harbour-edge", "harbour-switch"), "harbour-edge"),
        (("harbour-edge", "central-ops"), None),
    ],
)
def test_the_parent_of_a_target_is_the_nearest_that_all_its_ways_lead_through(
    harbours: Estate, parents: tuple[str, ...], label: str | None
) -> None:
    town = harbours.municipalities[0]
    hosts = tuple(
        host.model_copy(update={"parent": parents}) if host.id == "app" else host
        for host in town.hosts
    )
    changed = town.model_copy(update={"hosts": hosts})
    estate = harbours.model_copy(update={"municipalities": (changed,)})
    found = [
        group["labels"].get("parent")
        for job in (node, icmp, tcp, dns)
        for group in job(estate)
        if group["labels"].get("host") == "harbour-app"
    ]
    assert set(found) == {label}


def test_a_host_is_scraped_at_its_node_exporter(harbours: Estate) -> None:
    assert {
        "targets": ["127.0.71.10:9100"],
        "labels": {
            "municipality": "harbour",
            "host": "harbour-app",
            "tier": "town",
            "parent": "harbour-edge",
        },
    } in node(harbours)


def test_what_has_no_exporter_is_not_scraped_but_pinged(harbours: Estate) -> None:
    assert {group["labels"]["host"] for group in node(harbours)} == {"central-ops", "harbour-app"}
    assert {group["targets"][0]: group["labels"]["host"] for group in icmp(harbours)} == {
        "127.0.70.10": "central-ops",
        "127.0.71.1": "harbour-edge",
        "127.0.71.10": "harbour-app",
        "127.0.71.11": "harbour-mail",
    }


def test_a_windows_exporter_is_scraped_where_it_listens(harbours: Estate) -> None:
    (group,) = windows(harbours)
    assert group["targets"] == ["127.0.71.11:9183"]
    assert group["labels"]["host"] == "harbour-mail"


def test_declared_ports_are_probed_that_the_operations_host_may_reach(harbours: Estate) -> None:
    probed = {(group["targets"][0], group["labels"]["port"]) for group in tcp(harbours)}
    assert probed == {("127.0.71.10:443", "443"), ("127.0.71.11:25", "25")}


def test_a_declared_name_server_is_asked_for_the_names_of_its_towns_services(
    harbours: Estate,
) -> None:
    (group,) = dns(harbours)
    assert group["targets"] == ["127.0.71.10:53"]
    assert group["labels"]["name"] == "app.harbour.harbours.test"
    assert group["labels"]["__param_module"] == "dns_app.harbour.harbours.test"


def test_what_is_not_probed_is_said_with_its_reason(harbours: Estate) -> None:
    reasons = {port.listen.port: port.reason for port in unprobed(harbours)}
    assert reasons.keys() == {22, 2222, 445, 500}
    assert "UDP" in reasons[500]
    assert "only its site" in reasons[445]
    assert "without a login" in reasons[22]


def test_the_central_site_has_no_tier(harbours: Estate) -> None:
    assert {
        "targets": ["127.0.70.10:9100"],
        "labels": {"municipality": "central", "host": "central-ops"},
    } in node(harbours)


def test_a_device_is_a_device_and_a_host_with_an_agent_is_a_host(harbours: Estate) -> None:
    labels = {group["targets"][0]: group["labels"] for group in snmp(harbours)}
    assert labels["harbour-ups"]["device"] == "harbour-ups"
    assert labels["harbour-ups"]["parent"] == "harbour-switch"
    assert "device" not in labels["harbour-edge"]
    assert labels["harbour-edge"]["host"] == "harbour-edge"


def test_a_service_is_probed_at_its_url_and_knows_its_host(harbours: Estate) -> None:
    (group,) = blackbox(harbours)
    assert group["targets"] == ["https://app.harbour.harbours.test/"]
    assert group["labels"]["service"] == "harbour-berths"
    assert group["labels"]["host"] == "harbour-app"
    assert group["labels"]["__param_module"] == "http_any_certificate"


def with_addresses(estate: Estate, central: tuple[str, ...], app: tuple[str, ...]) -> Estate:
    """The estate with further addresses of its operations host and of harbour-app."""
    ops = estate.central.hosts[0].model_copy(
        update={"more_addresses": tuple(map(ip_address, central))}
    )
    town = estate.municipalities[0]
    hosts = tuple(
        host.model_copy(update={"more_addresses": tuple(map(ip_address, app))})
        if host.id == "app"
        else host
        for host in town.hosts
    )
    return estate.model_copy(
        update={
            "central": estate.central.model_copy(update={"hosts": (ops,)}),
            "municipalities": (town.model_copy(update={"hosts": hosts}),),
        }
    )


def targets_of(groups: list[TargetGroup], host: str) -> list[str]:
    return [t for group in groups if group["labels"]["host"] == host for t in group["targets"]]


def test_every_address_of_a_host_is_probed_and_its_exporter_scraped_once(harbours: Estate) -> None:
    estate = with_addresses(harbours, ("fd71::2",), ("127.0.71.12", "fd71::10"))
    everywhere = ["127.0.71.10", "127.0.71.12", "fd71::10"]
    assert targets_of(icmp(estate), "harbour-app") == everywhere
    ports = ["127.0.71.10:443", "127.0.71.12:443", "[fd71::10]:443"]
    assert targets_of(tcp(estate), "harbour-app") == ports
    assert len(targets_of(dns(estate), "harbour-app")) == 3
    assert targets_of(node(estate), "harbour-app") == ["127.0.71.10:9100"]


def test_addresses_of_a_family_that_the_operations_host_lacks_are_not_probed(
    harbours: Estate,
) -> None:
    estate = with_addresses(harbours, (), ("fd71::10",))
    assert targets_of(icmp(estate), "harbour-app") == ["127.0.71.10"]


def test_gateways_are_asked_from_outside_only_where_they_answer_there(harbours: Estate) -> None:
    assert gateway(harbours) == []
    town, *others = harbours.municipalities
    edge = town.hosts[0].model_copy(
        update={
            "uplinks": (
                Uplink(id="fibre", gateway=ip_address("203.0.113.1"), outside=True),
                Uplink(id="lte", gateway=ip_address("192.0.2.65")),
            )
        }
    )
    changed = town.model_copy(update={"hosts": (edge, *town.hosts[1:])})
    (group,) = gateway(harbours.model_copy(update={"municipalities": (changed, *others)}))
    assert group["targets"] == ["203.0.113.1"]
    assert group["labels"]["uplink"] == "fibre"
    assert group["labels"]["host"] == f"{town.municipality}-{edge.id}"
