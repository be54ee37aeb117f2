"""Journeys through the exporter, as Prometheus asks for them, and once by hand."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.load import load_estate
from monitors.exporter.http_sd import journeys
from tests.command import bastide_here
from tests.monitors.exporter.exporter_client import copied_estate, exporting, run
from tests.monitors.journeys.permit_office import Office, office

STEPS = "[{get: /, expect: Welcome}, {follow: Log in}, {send: {fill: {q: x}}, expect: Found}]"
FAILING = "[{get: /}, {follow: Leave}]"
NAME = "harbour-berths/apply"


@pytest.fixture
def there() -> Iterator[Office]:
    with office("127.0.0.1", None) as there:
        yield there


def estate_at(there: Office, folder: Path, steps: str) -> Path:
    """The loopback estate, whose service is at an office and has a journey."""
    estate = copied_estate(folder)
    file = estate / "municipalities" / "harbour.yml"
    text = file.read_text().replace(
        "https://app.harbour.harbours.test/", f"http://{there.address}/"
    )
    journey = f"    journeys: [{{id: apply, name: Apply, steps: {steps}}}]\n    certificate: any\n"
    file.write_text(text.replace("    certificate: any\n", journey))
    return estate


def test_an_unknown_journey_is_refused_and_those_there_are_named(
    there: Office, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state", estate_at(there, tmp_path, STEPS)) as client:
            answer = await client.get("/journey?target=harbour-berths/leave")
            assert answer.status == 400
            assert NAME in await answer.text()
            assert (await client.get("/journey")).status == 400

    run(scenario)


def test_a_failure_is_metrics_and_logged_once(
    there: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state", estate_at(there, tmp_path, FAILING)) as client:
            for _ in range(2):
                answer = await client.get(f"/journey?target={NAME}")
                assert answer.status == 200
                assert "bastide_journey_success 0.0" in await answer.text()

    with caplog.at_level(logging.WARNING):
        run(scenario)
    told = [record.message for record in caplog.records if NAME in record.message]
    assert told == [f"{NAME}: step 2 (link): there is no link 'Leave'"]


def test_a_journey_is_taken_when_it_is_asked_for(there: Office, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state", estate_at(there, tmp_path, STEPS)) as client:
            text = await (await client.get(f"/journey?target={NAME}")).text()
            assert "bastide_journey_success 1.0" in text
            assert 'bastide_journey_step_duration_seconds{step="3"}' in text
            assert f"/journey?target={NAME}" in await (await client.get("/")).text()

    run(scenario)


def test_its_target_says_which_it_is(there: Office, tmp_path: Path) -> None:
    (group,) = journeys(load_estate(estate_at(there, tmp_path, STEPS)))
    assert group["targets"] == [NAME]
    labels = group["labels"]
    assert (labels["service"], labels["host"], labels["journey"]) == (
        "harbour-berths",
        "harbour-app",
        "apply",
    )


def test_by_hand_it_says_which_step_fails_and_why(there: Office, tmp_path: Path) -> None:
    estate = estate_at(there, tmp_path, FAILING)
    environment = {"BASTIDE_ESTATE": str(estate), "BASTIDE_STATE_HOME": str(tmp_path)}
    unknown = bastide_here("monitor", "journey", "harbour-berths/leave", **environment)
    assert unknown.returncode == 2
    assert NAME in unknown.stderr
    failing = bastide_here("monitor", "journey", NAME, **environment)
    assert failing.returncode == 1
    assert "  2 " in failing.stdout
    assert "step 2 (link): there is no link 'Leave'" in failing.stdout
    as_json = bastide_here("monitor", "journey", NAME, "--json", **environment)
    assert json.loads(as_json.stdout)["failedStep"] == 2


def test_by_hand_all_is_well(there: Office, tmp_path: Path) -> None:
    estate = estate_at(there, tmp_path, STEPS)
    environment = {"BASTIDE_ESTATE": str(estate), "BASTIDE_STATE_HOME": str(tmp_path)}
    done = bastide_here("monitor", "journey", NAME, **environment)
    assert (done.returncode, "all steps went well" in done.stdout) == (0, True), done
