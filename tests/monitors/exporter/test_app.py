"""The HTTP interface: what it refuses, what it does when things are missing, what it serves."""

from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from inventory.model.estate import Estate
from monitors.exporter.http_sd import JOBS, TargetGroup
from tests.monitors.exporter.exporter_client import exporting, parsed_by_promtool, run, with_switch
from tests.monitors.exposed import signatures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"
PROMETHEUS_ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


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
            there = ", ".join(sorted(JOBS))
            assert f"there are: {there}" in await answer.text()

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
        pytest.param("drift", 1, id="nor is one that nobody looked at"),
    ],
)
def test_silence_differs_from_nothing_to_report(tmp_path: Path, name: str, success: int) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            answer = await client.get(f"/{name}")
            assert answer.status == 200
            health = f'bastide_collector_success{{collector="{name}"}} {success}.0'
            assert health in await answer.text()

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
            assert 'bastide_exporter_requests_total{code="400",handler="/snmp"} 1.0' in text
            assert 'bastide_exporter_requests_total{code="404",handler="unknown"} 1.0' in text
            assert "bastide_exporter_estate_valid 1.0" in text

    run(scenario)


def test_its_own_metrics_keep_their_names_types_and_labels(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            await client.get("/-/healthy")
            text = await (await client.get("/metrics")).text()
        expected = {
            "bastide_exporter_info": ("gauge", ("version",)),
            "bastide_exporter_estate_valid": ("gauge", ()),
            "bastide_exporter_estate_loaded_timestamp_seconds": ("gauge", ()),
            "bastide_exporter_requests_total": ("counter", ("code", "handler")),
            "bastide_exporter_request_duration_seconds_bucket": ("histogram", ("handler", "le")),
            "bastide_exporter_request_duration_seconds_count": ("histogram", ("handler",)),
            "bastide_exporter_request_duration_seconds_sum": ("histogram", ("handler",)),
            "bastide_exporter_snmp_polls_total": ("counter", ("result",)),
            "process_cpu_seconds_total": ("counter", ()),
            "process_resident_memory_bytes": ("gauge", ()),
            "process_virtual_memory_bytes": ("gauge", ()),
            "process_start_time_seconds": ("gauge", ()),
            "process_open_fds": ("gauge", ()),
            "process_max_fds": ("gauge", ()),
        }
        python = {"implementation", "major", "minor", "patchlevel", "version"}
        assert signatures(text) == {
            **expected,
            "python_info": ("gauge", tuple(sorted(python))),
        }

    run(scenario)


def test_requests_are_timed_by_the_route_not_by_the_path(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            await client.get("/targets/node")
            await client.get("/targets/snmp")
            text = await (await client.get("/metrics")).text()
            name = "bastide_exporter_request_duration_seconds"
            assert f'{name}_count{{handler="/targets/{{job}}"}} 2.0' in text
            (line,) = (x for x in text.splitlines() if x.startswith(f'{name}_sum{{handler="/tar'))
            assert 0 < float(line.rsplit(" ", 1)[1]) < 60

    run(scenario)


def test_polls_are_counted_by_result(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state", snmp_port=9) as client:
            await client.get("/snmp?target=harbour-ups")
            text = await (await client.get("/metrics")).text()
            assert 'bastide_exporter_snmp_polls_total{result="failure"} 1.0' in text
            assert 'bastide_exporter_snmp_polls_total{result="success"} 0.0' in text

    run(scenario)


def test_a_handler_that_fails_is_counted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Estate) -> list[TargetGroup]:
        raise RuntimeError("disk on fire")

    monkeypatch.setitem(JOBS, "node", fail)

    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            assert (await client.get("/targets/node")).status == 500
            text = await (await client.get("/metrics")).text()
            counter = "bastide_exporter_requests_total"
            assert f'{counter}{{code="500",handler="/targets/{{job}}"}} 1.0' in text

    run(scenario)


@pytest.mark.parametrize(
    "path", ["/metrics", "/traps", "/security", "/continuity", "/drift", "/maintenance"]
)
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        pytest.param(PROMETHEUS_ACCEPT, "application/openmetrics-text", id="Prometheus 2.42"),
        pytest.param("", "text/plain", id="nothing asked"),
        pytest.param("text/html,*/*;q=0.8", "text/plain", id="a browser"),
        pytest.param("application/openmetrics-text;version=x", "text/plain", id="nonsense"),
    ],
)
def test_openmetrics_is_for_scrapers_that_ask(
    tmp_path: Path, path: str, accept: str, content_type: str
) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state") as client:
            answer = await client.get(path, headers={"Accept": accept})
            text = await answer.text()
            assert answer.status == 200
            assert answer.content_type == content_type
            if content_type == "text/plain":
                assert answer.headers["Content-Type"] == CONTENT_TYPE
                assert parsed_by_promtool(text) == []
                assert "# EOF" not in text
            else:
                assert text.endswith("\n# EOF\n")
                assert list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]

    run(scenario)


def test_a_poll_is_plain_text_for_every_scraper(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with exporting(tmp_path / "state", snmp_port=9) as client:
            path, headers = "/snmp?target=harbour-ups", {"Accept": PROMETHEUS_ACCEPT}
            answer = await client.get(path, headers=headers)
            assert answer.headers["Content-Type"] == CONTENT_TYPE

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
