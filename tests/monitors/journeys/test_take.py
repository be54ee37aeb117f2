"""Journeys at a real service, over TLS by the estate's own authority, and at hostile pages."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bastide.support.estate import EstateContext
from inventory.entries import InventoryService, services
from inventory.enums import CertificateTrust
from inventory.model.journeys import Journey
from monitors.journeys.metrics import JourneyMetrics
from monitors.journeys.take import take
from monitors.journeys.taken import Taken
from monitors.journeys.targets import JourneyTarget
from tests.bastide.context import new_context
from tests.bastide.web_server import server_tls
from tests.monitors.exporter.exporter_client import parsed_by_promtool
from tests.monitors.exposed import exposed
from tests.monitors.journeys.permit_office import PASSWORD, Office, office

NETWORK = f"127.{os.getpid() % 200 + 20}.{os.getpid() // 200 % 250}."
CASES = yaml.safe_load((Path(__file__).parent / "cases" / "failing.yml").read_text())
PATIENCE_SECONDS = 3.0


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    context = new_context(tmp_path_factory.mktemp("journeys"), NETWORK)
    (context.state / "pin").write_text(PASSWORD)
    return context


@pytest.fixture(scope="module")
def there(context: EstateContext) -> Iterator[Office]:
    with office(f"{NETWORK}10", server_tls(context)) as there:
        yield there


def target(context: EstateContext, url: str, steps: Any, **more: Any) -> JourneyTarget:
    """A journey at the estate's service, as if that were at a URL."""
    entry = next(services(context.estate))
    service = entry.service.model_copy(update={"url": url})
    journey = Journey.model_validate({"id": "apply", "name": "Apply", "steps": steps, **more})
    return JourneyTarget(InventoryService(entry.tenant, service), journey)


def taken(context: EstateContext, there: Office, steps: Any, **more: Any) -> Taken:
    text = yaml.safe_dump(steps).replace("{password}", str(context.state / "pin"))
    wanted = target(context, f"https://{there.address}/", yaml.safe_load(text), **more)
    return asyncio.run(take(wanted, context.state, PATIENCE_SECONDS))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_what_goes_wrong_is_a_value_with_its_step(
    context: EstateContext, there: Office, case: dict[str, Any]
) -> None:
    started = time.monotonic()
    result = taken(context, there, case["steps"])
    assert time.monotonic() - started < PATIENCE_SECONDS + 10
    assert result.failure == case["failure"], result
    assert case["reason"] in result.reason
    assert result.failed_step == len(result.seconds) == len(case["steps"])
    assert PASSWORD not in result.trouble


@pytest.mark.parametrize("page", ["/deep", "/attributes", "/charset"])
def test_a_page_that_is_odd_is_read_as_far_as_it_can_be(
    context: EstateContext, there: Office, page: str
) -> None:
    result = taken(context, there, [{"get": page}, {"get": "/", "expect": "Welcome"}])
    assert result.success, result


def test_a_citizen_logs_in_and_applies(context: EstateContext, there: Office) -> None:
    there.sent.clear()
    login = {"fill": {"user": "ana"}, "secrets": {"pin": "file:{password}"}}
    sent = {"fill": {"what": "a house & <more>", "kind": "shed"}, "button": "Send it"}
    steps = [
        {"get": "/", "expect": "Permits Welcome"},
        {"follow": "Log in"},
        {"send": login, "expect": "Send it"},
        {"send": sent, "expect": "Received"},
    ]
    result = taken(context, there, steps)
    assert result.success, result
    assert len(result.seconds) == 4
    (referer, given), (kind, posted) = there.sent
    assert referer == f"https://{there.address}/login"
    assert given == {"token": "t0k", "user": "ana", "pin": PASSWORD}
    assert kind == "multipart/form-data"
    assert "a house & <more>" in posted["body"]


def test_each_journey_begins_without_what_the_last_one_left(
    context: EstateContext, there: Office
) -> None:
    result = taken(context, there, [{"get": "/apply", "expect": "Log in first"}])
    assert result.success, result


def test_a_form_that_is_not_posted_is_a_query(context: EstateContext, there: Office) -> None:
    send = {"send": {"fill": {"q": "a&b=ć"}}, "expect": "Found ['a&b=ć']"}
    assert taken(context, there, [{"get": "/login"}, send]).success


def test_a_choice_that_is_not_offered_is_none(context: EstateContext, there: Office) -> None:
    login = {"send": {"fill": {"user": "ana"}, "secrets": {"pin": "file:{password}"}}}
    send = {"send": {"fill": {"what": "x", "kind": "castle"}}}
    result = taken(context, there, [{"get": "/login"}, login, send])
    assert (result.failure, result.reason) == ("form", "'kind' has no such choice")


def test_a_certificate_of_nobody_known_is_no_service(
    context: EstateContext, there: Office, tmp_path: Path
) -> None:
    wanted = target(context, f"https://{there.address}/", [{"get": "/"}])
    result = asyncio.run(take(wanted, tmp_path, PATIENCE_SECONDS))
    assert result.failure == "tls"
    entry = wanted.entry
    service = entry.service.model_copy(update={"certificate": CertificateTrust.ANY})
    anyone = JourneyTarget(InventoryService(entry.tenant, service), wanted.journey)
    assert asyncio.run(take(anyone, tmp_path, PATIENCE_SECONDS)).success


def test_nobody_there_is_no_connection(context: EstateContext) -> None:
    wanted = target(context, f"https://{NETWORK}10:1/", [{"get": "/"}])
    assert asyncio.run(take(wanted, context.state, PATIENCE_SECONDS)).failure == "connection"


def test_another_server_is_allowed_where_it_is_named(context: EstateContext, there: Office) -> None:
    with office(f"{NETWORK}10", server_tls(context)) as other:
        steps = [{"get": f"https://{other.address}/", "expect": "Welcome"}]
        assert taken(context, there, steps).failure == "server"
        assert taken(context, there, steps, hosts=[other.address]).success


def test_metrics_name_the_step_and_the_kind_of_the_reason(
    context: EstateContext, there: Office
) -> None:
    result = taken(context, there, [{"get": "/"}, {"follow": "Leave"}], counts=True)
    text = exposed(JourneyMetrics(result).collect())
    parsed_by_promtool(text)
    assert "bastide_journey_success 0.0" in text
    assert "bastide_journey_counted 1.0" in text
    assert 'bastide_journey_failed_step_info{reason="link",step="2"} 1.0' in text
    assert 'bastide_journey_step_duration_seconds{step="2"}' in text
    well = exposed(JourneyMetrics(taken(context, there, [{"get": "/"}])).collect())
    assert "bastide_journey_success 1.0" in well
    assert "failed_step_info{" not in well
