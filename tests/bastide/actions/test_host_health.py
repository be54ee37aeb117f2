"""A host that was updated is well when nothing is wrong that was not, by values scraped since."""

from collections.abc import Iterator

import pytest

from bastide.actions.host_health import concerned, failing_partners, read, wait_until_well
from bastide.support.estate import EstateContext
from monitors.web_api import ApiError
from tests.bastide.context import new_context
from tests.bastide.prometheus_server import Monitored, watching
from tests.monitors.audit.estates import lab

NETWORK = "127.81.0."
HOST = "gornjilug-server"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    return new_context(tmp_path_factory.mktemp("health"), NETWORK)


@pytest.fixture
def monitored(context: EstateContext) -> Iterator[Monitored]:
    with watching(context, NETWORK, "Watchdog") as everything:
        yield everything


def target(monitored: Monitored) -> dict[str, object]:
    return next(t for t in monitored.targets if t["labels"]["host"] == HOST)


def scrape(monitored: Monitored) -> None:
    """Scrape the host anew: each time has its own mark."""
    own = target(monitored)
    own["lastScrape"] = f"{own.get('lastScrape', '')}+"


def wait(context: EstateContext, monitored: Monitored, *before: str) -> tuple[str, ...]:
    """Wait through two pauses, the host scraped in each."""
    return wait_until_well(context, HOST, before, 11.0, lambda seconds: scrape(monitored))


def test_with_an_edge_all_that_is_behind_it_counts() -> None:
    about = concerned(lab(), "velgora-edge")
    assert {"velgora-edge", "velgora-app", "velgora-files"} <= about.host
    assert about.device
    assert all(name.startswith("velgora-") for name in about.host | about.device | about.service)
    assert "velgora-permits" in about.service or about.service


def test_with_another_host_only_itself_and_its_services() -> None:
    about = concerned(lab(), "velgora-app")
    assert about.host == {"velgora-app"}
    assert not about.device
    assert concerned(lab(), "velgora-files").service != about.service


def test_what_is_about_others_is_not_about_the_host(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("HostDown", host="central-ops")
    monitored.probes.append({"__name__": "probe_success", "job": "icmp", "host": "central-ops"})
    monitored.fire("ServiceDown", host=HOST, service="gornjilug-other")
    monitored.fire("TonerLow", severity="info", host=HOST)
    assert read(context, HOST).problems == frozenset()


def test_what_is_wrong_is_said(context: EstateContext, monitored: Monitored) -> None:
    target(monitored)["health"] = "down"
    monitored.probes.append({"__name__": "probe_success", "job": "tcp", "host": HOST})
    monitored.fire("HostDown", host=HOST)
    assert read(context, HOST).problems == {
        f"{HOST}: node target is down",
        f"{HOST}: probe_success is 0 (job tcp)",
        f"{HOST}: HostDown fires",
    }


def test_it_is_well_once_it_was_scraped_anew(context: EstateContext, monitored: Monitored) -> None:
    assert wait(context, monitored) == ()


def test_an_old_value_is_not_believed(context: EstateContext, monitored: Monitored) -> None:
    problems = wait_until_well(context, HOST, (), 11.0, lambda seconds: None)
    assert problems == (f"node {HOST}:9100: not scraped since",)


def test_a_host_that_nobody_scrapes_is_not_well(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.targets.remove(target(monitored))
    assert wait_until_well(context, HOST, (), 0, lambda seconds: None) == (
        "Prometheus scrapes nothing of it",
    )


def test_only_what_was_not_wrong_before_counts(
    context: EstateContext, monitored: Monitored
) -> None:
    monitored.fire("ControlFailing", host=HOST)
    before = read(context, HOST).problems
    assert wait(context, monitored, *before) == ()
    monitored.fire("HostDown", host=HOST)
    assert wait(context, monitored, *before) == (f"{HOST}: HostDown fires",)


def test_it_may_be_unwell_for_a_while(context: EstateContext, monitored: Monitored) -> None:
    target(monitored)["health"] = "down"

    def pause(seconds: float) -> None:
        scrape(monitored)
        target(monitored)["health"] = "up"

    assert wait_until_well(context, HOST, (), 11.0, pause) == ()


def test_monitors_that_do_not_answer_are_waited_for_and_never_well(
    context: EstateContext,
) -> None:
    (problem,) = wait_until_well(context, HOST, (), 0, lambda seconds: None)
    assert problem.startswith("the monitors do not answer: ")
    with pytest.raises(ApiError):
        read(context, HOST)


def test_a_host_without_partners_waits_for_none(
    context: EstateContext, monitored: Monitored
) -> None:
    assert failing_partners(context, HOST) == ()


def test_what_stands_in_for_a_host_must_not_fail(
    context: EstateContext, monitored: Monitored
) -> None:
    pair = paired(context)
    assert failing_partners(pair, "central-vault") == ()
    monitored.fire("ControlFailing", host="central-scratch")
    target(monitored)["health"] = "down"
    assert failing_partners(pair, "central-vault") == ()
    monitored.probes.append({"__name__": "probe_success", "job": "icmp", "host": "central-scratch"})
    assert failing_partners(pair, "central-vault") == (
        "central-scratch: probe_success is 0 (job icmp)",
    )
    assert failing_partners(pair, "central-scratch") == ()


def paired(context: EstateContext) -> EstateContext:
    """The estate with two hosts of the central site that stand in for each other."""
    central = context.estate.central
    changed = tuple(
        host.model_copy(update={"redundancy": "copies" if host.id != "ops" else None})
        for host in central.hosts
    )
    estate = context.estate.model_copy(
        update={"central": central.model_copy(update={"hosts": changed})}
    )
    return EstateContext(context.folder, estate, context.state)
