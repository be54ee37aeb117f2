"""The dashboards: Grafana's queries, run against a real Prometheus."""

import json
import re
import shutil
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from prometheus_client import ProcessCollector

from monitors.prometheus.dashboards.build import NAMES, dashboard, text
from monitors.prometheus.dashboards.display import LINKS
from tests.monitors.prometheus.conftest import REPOSITORY
from tests.monitors.prometheus.full_prometheus import (
    EXPORTER_METRICS,
    known_metrics,
    prometheus_with_all,
    query_api,
)

Panel = dict[str, Any]

PROMETHEUS = "http://ops.example:9090"
VARIABLES = {"$__rate_interval": "2m", "$__range": "1h", "$municipality": "north"}
WELL, ILL = "north-well", "north-ill"
# What no PromQL expression means as a series: its keywords.
KEYWORDS = {"and", "or", "unless", "on", "ignoring", "bool", "group_left", "group_right"}
CORE_PANELS = {"stat", "gauge", "timeseries", "table", "state-timeline"}


def panels(name: str) -> list[Panel]:
    """All panels of a dashboard, those in folded rows included."""
    rows_and_panels = dashboard(name, PROMETHEUS)["panels"]
    inside = [panel for row in rows_and_panels for panel in row.get("panels", [])]
    return [panel for panel in (*rows_and_panels, *inside) if panel["type"] != "row"]


EXPRESSIONS = [
    pytest.param(target["expr"], id=f"{name}: {panel['title']} {target['refId']}")
    for name in NAMES
    for panel in panels(name)
    for target in panel["targets"]
]


def filled_in(expression: str, device: str) -> str:
    for variable, value in {**VARIABLES, "$device": device}.items():
        expression = expression.replace(variable, value)
    return expression


def metrics(expression: str) -> set[str]:
    """The names of series in a PromQL expression."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]', "", expression)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", bare)
    names = re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])", bare)
    return {name for name in names if name not in KEYWORDS}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        pytest.skip("Debian's prometheus is not on this machine")
    with prometheus_with_all(tmp_path_factory.mktemp("prometheus")) as address:
        yield address


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_series_queried_exists(expression: str) -> None:
    assert metrics(expression)
    assert metrics(expression) <= known_metrics()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_query_has_a_result(prometheus: str, expression: str) -> None:
    answers = [
        query_api(prometheus, "query", query=filled_in(expression, device))["result"]
        for device in (WELL, ILL)
    ]
    assert any(answers)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_no_query_is_an_error_where_there_is_nothing(prometheus: str, expression: str) -> None:
    query = filled_in(expression, "no-such-device").replace("north", "nowhere")
    assert query_api(prometheus, "query", query=query)["resultType"] in ("vector", "scalar")


@pytest.mark.parametrize("name", NAMES)
def test_variables_list_what_there_is_to_choose(prometheus: str, name: str) -> None:
    expected = {"municipality": ["north"], "device": sorted((WELL, ILL))}
    variables = [
        v for v in dashboard(name, PROMETHEUS)["templating"]["list"] if v["type"] == "query"
    ]
    for variable in variables:
        series, label = re.findall(r"^label_values\((.+), (\w+)\)$", variable["query"]["query"])[0]
        chosen = {"match[]": filled_in(series, WELL)}
        assert (
            query_api(prometheus, f"label/{label}/values", **chosen) == expected[variable["name"]]
        )
    used = re.findall(r"\$(municipality|device)\b", text(name, PROMETHEUS))
    assert set(used) == {variable["name"] for variable in variables}


@pytest.mark.parametrize("name", NAMES)
def test_the_text_is_the_dashboard_as_json(name: str) -> None:
    assert json.loads(text(name, PROMETHEUS)) == dashboard(name, PROMETHEUS)


@pytest.mark.parametrize("name", NAMES)
def test_panels_have_distinct_titles_and_descriptions(name: str) -> None:
    laid_out = dashboard(name, PROMETHEUS)["panels"]
    inside = [panel for row in laid_out for panel in row.get("panels", [])]
    numbers = [panel["id"] for panel in (*laid_out, *inside)]
    assert len(numbers) == len(set(numbers))
    for panel in panels(name):
        assert panel["type"] in CORE_PANELS
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"


@pytest.mark.parametrize("name", NAMES)
def test_no_panel_covers_another(name: str) -> None:
    laid_out = dashboard(name, PROMETHEUS)["panels"]
    for group in (laid_out, *(row["panels"] for row in laid_out if row.get("panels"))):
        for one, other in combinations((panel["gridPos"] for panel in group), 2):
            apart = (
                one["x"] + one["w"] <= other["x"]
                or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"]
                or other["y"] + other["h"] <= one["y"]
            )
            assert apart, (one, other)
        assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in group)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_shows_only_columns_that_have_a_heading(name: str) -> None:
    for panel in (panel for panel in panels(name) if panel["type"] == "table"):
        (order,) = (t["options"] for t in panel["transformations"] if t["id"] == "organize")
        for target in panel["targets"]:
            grouped = re.findall(r"\bby \(([^)]*)\)", target["expr"])
            assert grouped, f"{panel['title']}: it would show labels that no column names"
        columns = set(order["indexByName"])
        headings = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"]}
        assert columns == headings, panel["title"]


def test_links_lead_to_dashboards_and_fields_that_exist() -> None:
    uids = {dashboard(name, PROMETHEUS)["uid"] for name in NAMES}
    for _, url in LINKS.values():
        assert url.startswith("${prometheus:raw}/") or url.split("/")[2].split("?")[0] in uids


def test_what_the_exporter_gives_is_spelled_as_in_its_source() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("snmp", "exporter")
        for path in (REPOSITORY / "monitors" / folder).rglob("*.py")
    )
    # The intent's names are put together there.
    own = EXPORTER_METRICS.keys() - {
        sample.name
        for family in ProcessCollector(registry=None).collect()
        for sample in family.samples
    }
    spelled = {name: f'"{name.removeprefix("bastide_intent_")}"' for name in own}
    assert [name for name, written in spelled.items() if written not in source] == []


@pytest.mark.parametrize("name", NAMES)
def test_runbooks_are_linked_at_the_estates_prometheus(name: str) -> None:
    (address,) = (
        variable
        for variable in dashboard(name, PROMETHEUS)["templating"]["list"]
        if variable["name"] == "prometheus"
    )
    assert address["query"] == PROMETHEUS
    assert address["current"] == {"text": PROMETHEUS, "value": PROMETHEUS}
    assert "http://" not in text(name, PROMETHEUS).replace(PROMETHEUS, "")
