"""The HTTP interface: what it refuses, what it does when things are missing, what it serves."""

from pathlib import Path

import pytest

from monitors.metrics import CONTENT_TYPE
from tests.monitors.exporter.exporter_client import exporting, parsed_by_promtool, run, with_switch

TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"


@pytest.mark.parametrize("query", ["", "?target=", "?target=127.0.0.1", "?target=harbour-app"])
def test_what_the_inventory_does_not_ask_over_snmp_is_refused(tmp_path: Path, query: str) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            answer = await client.get(f"/snmp{query}")
            assert answer.status == 400
            assert "there are: harbour-edge, harbour-switch, harbour-ups" in await answer.text()

    run(scenario)


@pytest.mark.parametrize("profile", ["nonsense", "system,nonsense", ","])
def test_a_profile_that_does_not_exist_is_refused(tmp_path: Path, profile: str) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            answer = await client.get(f"/snmp?target=harbour-switch&profile={profile}")
            assert answer.status == 400
            assert "there are: " in await answer.text()

    run(scenario)


def test_any_address_is_asked_only_where_that_was_allowed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state", snmp_port=9, any_target=True) as client:
            answer = await client.get("/snmp?target=127.0.0.1")
            assert answer.status == 200
            assert "bastide_snmp_success 0" in await answer.text()
            assert (await client.get("/snmp?target=localhost")).status == 400

    run(scenario)


def test_an_unknown_job_is_not_found(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            answer = await client.get("/targets/nonsense")
            assert answer.status == 404
            assert "there are: blackbox, node, snmp" in await answer.text()

    run(scenario)


def test_a_device_that_does_not_answer_is_a_metric_not_an_error(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state", snmp_port=9) as client:
            answer = await client.get("/snmp?target=harbour-ups")
            text = await answer.text()
            assert answer.status == 200
            assert "bastide_snmp_success 0" in text
            assert 'bastide_snmp_target_info{kind="ups",site="quay",model=""} 1' in text

    run(scenario)


@pytest.mark.parametrize("header", ["0", "-1", "nan", "inf", "soon", ""])
def test_a_timeout_that_makes_no_sense_is_ignored(tmp_path: Path, header: str) -> None:
    async def scenario() -> None:
        async with with_switch(tmp_path) as (client, _):
            answer = await client.get("/snmp?target=harbour-switch", headers={TIMEOUT: header})
            assert "bastide_snmp_success 1" in await answer.text()

    run(scenario)


@pytest.mark.parametrize(
    ("name", "success"),
    [
        pytest.param("security", 0, id="audits that never ran are a failure"),
        pytest.param("continuity", 1, id="an estate without backup plans is not"),
    ],
)
def test_silence_is_told_from_nothing_to_tell(tmp_path: Path, name: str, success: int) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            answer = await client.get(f"/{name}")
            assert answer.status == 200
            told = f'bastide_collector_success{{collector="{name}"}} {success}'
            assert told in await answer.text()

    run(scenario)


def test_a_switch_is_polled_and_rendered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with with_switch(tmp_path) as (client, _):
            answer = await client.get("/snmp?target=harbour-switch", headers={TIMEOUT: "10"})
            text = await answer.text()
            assert answer.headers["Content-Type"] == CONTENT_TYPE
            assert text.count("ifHCInOctets{") == 48
            complaints = parsed_by_promtool(text)
            # MIB objects keep the names that the field's dashboards know, as metrics and labels.
            assert all(c.startswith("if") or "'camelCase'" in c for c in complaints)

    run(scenario)


def test_only_the_wanted_profiles_are_asked(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with with_switch(tmp_path) as (client, _):
            answer = await client.get("/snmp?target=harbour-switch&profile=system")
            text = await answer.text()
            assert "bastide_snmp_device_info{" in text
            assert "ifHCInOctets" not in text

    run(scenario)


def test_the_exporter_tells_about_itself(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            await client.get("/snmp?target=nonsense")
            await client.get("/no-such-page")
            text = await (await client.get("/metrics")).text()
            assert parsed_by_promtool(text) == []
            assert 'bastide_exporter_requests_total{handler="/snmp",code="400"} 1' in text
            assert 'bastide_exporter_requests_total{handler="unknown",code="404"} 1' in text
            assert "bastide_exporter_estate_valid 1" in text

    run(scenario)


def test_it_is_healthy_and_has_a_front_page(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            assert (await client.get("/-/healthy")).status == 200
            page = await (await client.get("/")).text()
            assert "/snmp?target=harbour-switch" in page
            assert "/targets/node" in page

    run(scenario)


def test_discovery_is_a_json_list(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            answer = await client.get("/targets/snmp")
            assert answer.content_type == "application/json"
            groups = await answer.json()
            assert {name for group in groups for name in group["targets"]} == {
                "harbour-edge",
                "harbour-switch",
                "harbour-ups",
            }

    run(scenario)
