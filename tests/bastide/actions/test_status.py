"""The status out of the answers of both APIs: what is down, what is missing, what fires."""

from collections.abc import Iterator

import pytest

from bastide.actions import status
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.entries import hosts
from tests.bastide.context import environment_of, new_context
from tests.bastide.prometheus_server import Monitored, serving
from tests.command import bastide_here, bastide_json

NETWORK = "127.78.0."


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    return new_context(tmp_path_factory.mktemp("status"), NETWORK)


@pytest.fixture
def monitored(context: EstateContext) -> Iterator[Monitored]:
    """Every host is scraped, and only the Watchdog fires."""
    everything = Monitored()
    for entry in hosts(context.estate):
        everything.scrape(entry.name)
    everything.fire("Watchdog")
    with serving(f"{NETWORK}10", everything):
        yield everything


def test_all_is_well_when_every_target_is_up(context: EstateContext, monitored: Monitored) -> None:
    current = status.read(context)
    assert current.well
    assert not current.wrong
    assert not current.alerts
    assert len(current.targets) == len(list(hosts(context.estate)))


def test_a_target_that_is_not_up_is_named_with_its_reason(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.targets[0] |= {"health": "down", "lastError": "connection refused"}
    name = monitored.targets[0]["labels"]["host"]
    current = status.read(context)
    assert current.wrong == (f"{name}: node target is down: connection refused",)
    assert not current.well


def test_a_target_that_was_never_scraped_is_not_well(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.targets[0] |= {"health": "unknown"}
    assert status.read(context).wrong[0].endswith("is unknown: not scraped yet")


def test_a_host_that_is_not_scraped_at_all_is_missed(
    context: EstateContext, monitored: Monitored
) -> None:
    gone = monitored.targets.pop(1)["labels"]["host"]
    assert status.read(context).wrong == (
        f"{gone}: in the inventory, but not among Prometheus' targets",
    )


def test_a_host_that_is_scraped_for_another_job_only_is_missed(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.targets[0]["labels"]["job"] = "security"
    assert "not among Prometheus' targets" in status.read(context).wrong[0]


@pytest.mark.parametrize("label", ["service", "device", "host"])
def test_a_probe_that_fails_is_named_by_what_it_asks(
    label: str, context: EstateContext, monitored: Monitored
) -> None:
    monitored.probes.append({"__name__": "probe_success", "job": "blackbox", label: "permits"})
    assert status.read(context).wrong == ("permits: probe_success is 0 (job blackbox)",)


def test_what_fires_is_not_well_but_the_watchdog_and_what_notifies_nobody_are(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("TonerLow", severity="info")
    assert status.read(context).well
    monitored.fire("HostDown", host="gornjilug-server")
    assert [alert.name for alert in status.read(context).alerts] == ["HostDown"]
    assert not status.read(context).well


def test_no_answer_is_could_not_check_and_never_well(context: EstateContext) -> None:
    with pytest.raises(CommandError, match="could not check") as caught:
        status.read(context)
    assert caught.value.code is Exit.COULD_NOT_CHECK


def test_an_answer_that_is_no_json_is_could_not_check(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.answer = lambda path: None  # type: ignore[method-assign]
    with pytest.raises(CommandError, match="could not check"):
        status.read(context)


def test_the_command_says_what_is_wrong_and_exits_1(
    context: EstateContext, monitored: Monitored
) -> None:
    environment = environment_of(context)
    well = bastide_here("status", **environment)
    monitored.fire("HostDown", host="gornjilug-server", municipality="gornjilug")
    findings = bastide_here("status", **environment)
    values = bastide_json("status", **environment)

    assert well.returncode == 0
    assert "all is well" in well.stdout
    assert findings.returncode == 1
    assert "HostDown: gornjilug gornjilug-server http://ops/user/runbooks" in findings.stdout
    assert "all is well" not in findings.stdout
    assert values["well"] is False
    assert [alert["name"] for alert in values["alerts"]] == ["HostDown"]


def test_the_command_exits_3_when_nothing_answers(context: EstateContext) -> None:
    done = bastide_here("status", **environment_of(context))
    assert done.returncode == 3
    assert "systemctl status prometheus" in done.stderr


def test_a_watched_host_without_an_exporter_is_not_missed_while_it_is_pinged(
    context: EstateContext, monitored: Monitored
) -> None:
    (target,) = (t for t in monitored.targets if t["labels"]["host"] == "gornjilug-edge")
    target["labels"]["job"] = "icmp"
    assert status.read(context).well
    target["labels"]["job"] = "snmp"
    assert status.read(context).wrong == (
        "gornjilug-edge: in the inventory, but not among Prometheus' targets",
    )


def test_the_level_of_each_host_and_the_coverage_are_shown(
    context: EstateContext, monitored: Monitored
) -> None:
    environment = environment_of(context)
    lines = bastide_here("status", **environment).stdout.splitlines()
    assert "3 of 5 hosts at baseline or above: 3 full, 2 watch" in lines
    assert "  watch    gornjilug-edge, gornjilug-server" in lines
    assert bastide_json("status", **environment)["levels"]["central-ops"] == "full"
