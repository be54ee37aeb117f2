"""`bastide runbook`: the page filled in, with and without an operations host that answers."""

from collections.abc import Iterator

import pytest

from bastide.support.estate import EstateContext
from inventory.entries import hosts
from tests.bastide.context import environment_of, new_context
from tests.bastide.prometheus_server import Monitored, watching
from tests.command import bastide_here, bastide_json

NETWORK = "127.79.0."


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    return new_context(tmp_path_factory.mktemp("runbook"), NETWORK)


@pytest.fixture
def monitored(context: EstateContext) -> Iterator[Monitored]:
    with watching(context, NETWORK) as everything:
        yield everything


def test_without_an_operations_host_the_page_is_filled_in_all_the_same(
    context: EstateContext,
) -> None:
    done = bastide_here("runbook", "HostDown", "gornjilug-server", **environment_of(context))
    assert done.returncode == 0
    assert "Whether it fires is not known: https://127.79.0.10:9093" in done.stdout
    (server,) = (e for e in hosts(context.estate) if e.name == "gornjilug-server")
    assert f"ping -c 3 {server.host.address}" in done.stdout
    assert "config gornjilug-server true" in done.stdout
    assert "- IT desk, IT administrator: it@gornjilug.ours.example" in done.stdout


def test_what_fires_is_told_with_its_beginning(
    context: EstateContext, monitored: Monitored
) -> None:
    labels = {"host": "gornjilug-server", "municipality": "gornjilug", "mountpoint": "/srv"}
    monitored.fire("FileSystemFull", **labels)
    monitored.alerts[-1]["annotations"]["summary"] = "gornjilug-server: /srv is full"
    environment = environment_of(context)
    done = bastide_here("runbook", "FileSystemFull", TZ="UTC", **environment)
    named = bastide_here("runbook", "FileSystemFull", "gornjilug-server", TZ="UTC", **environment)
    values = bastide_json("runbook", "FileSystemFull", **environment)
    assert done.stdout == named.stdout
    assert "**gornjilug-server: /srv is full.** Since " in done.stdout
    assert "df -h /srv\n" in done.stdout
    assert values["subject"] == "gornjilug-server"
    assert values["firing"][0]["startsAt"] == "2026-11-28T01:41:07.123456789Z"
    assert values["contacts"][0]["email"] == "it@gornjilug.ours.example"


def test_an_alert_of_several_hosts_asks_which(context: EstateContext, monitored: Monitored) -> None:
    for host in ("gornjilug-server", "gornjilug-edge"):
        monitored.fire("HostDown", host=host, municipality="gornjilug")
    done = bastide_here("runbook", "HostDown", **environment_of(context))
    assert "It fires at gornjilug-edge, gornjilug-server: name one" in done.stdout
    assert "ping -c 3 ADDRESS" in done.stdout


def test_what_is_no_part_of_the_inventory_is_known_by_its_alert(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("CollectorSilent", service="central-monitoring", municipality="central")
    environment = environment_of(context)
    (told,) = (
        line.split("do        bastide ")[1]
        for line in bastide_here("status", **environment).stdout.splitlines()
        if line.startswith("   do ")
    )
    assert told == "runbook CollectorSilent central-monitoring"
    values = bastide_json(*told.split(), **environment)
    assert values["municipality"] == "central"
    assert "- Duty desk, operations: duty@ours.example" in values["text"]


def test_what_two_alerts_of_a_host_do_not_share_stays_open(
    context: EstateContext, monitored: Monitored
) -> None:
    for mountpoint in ("/srv", "/var"):
        labels = {"host": "gornjilug-server", "municipality": "gornjilug"}
        monitored.fire("FileSystemFull", mountpoint=mountpoint, **labels)
    text = bastide_here("runbook", "FileSystemFull", **environment_of(context)).stdout
    assert "df -h MOUNTPOINT" in text
    assert text.count("**FileSystemFull.**") == 2


def test_what_does_not_fire_is_said_not_to(context: EstateContext, monitored: Monitored) -> None:
    done = bastide_here("runbook", "HostDown", "gornjilug-edge", **environment_of(context))
    assert "HostDown does not fire at gornjilug-edge now." in done.stdout


def test_a_procedure_is_printed_whole(context: EstateContext, monitored: Monitored) -> None:
    done = bastide_here("runbook", "log-in", **environment_of(context))
    assert done.stdout.startswith("# Log in to a host\n\nEvery host")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("HostDwn",), "no runbook 'HostDwn'; expected one of: HostDown"),
        (
            ("HostDown", "gornjilug-sever"),
            "no host, device or service 'gornjilug-sever'; expected one of: gornjilug-server",
        ),
        (("../alerts/HostDown",), "no runbook '../alerts/HostDown'"),
    ],
)
def test_what_does_not_exist_is_told_with_what_does(
    context: EstateContext, arguments: tuple[str, ...], told: str
) -> None:
    done = bastide_here("runbook", *arguments, **environment_of(context))
    assert done.returncode == 2
    assert told in done.stderr
