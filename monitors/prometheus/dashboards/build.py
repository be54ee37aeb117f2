"""The YAML becomes Grafana's JSON (classic dashboard model, schemaVersion 41, core panels only)."""

import json
from collections.abc import Iterator
from string import ascii_uppercase
from typing import Any

from monitors.prometheus.dashboards import display
from monitors.prometheus.dashboards.model import (
    Dashboard,
    Panel,
    Query,
    Shared,
    read_dashboard,
    read_shared,
)

Json = dict[str, Any]

NAMES = ("fleet", "municipality", "device")
SCHEMA_VERSION = 41
LINE = 100
DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
PROMETHEUS = "http://localhost:9090"
"""Where a browser finds Prometheus, which serves the runbooks; the renderer puts the estate's."""

GRID_WIDTH = 24
SIZES = {
    "stat": (3, 4),
    "gauge": (4, 6),
    "timeseries": (12, 8),
    "table": (12, 8),
    "state-timeline": (24, 8),
}
# Devices are asked every 30 s: below that a rate has too few samples.
LEAST_STEP = "30s"
LISTED = {
    "municipality": 'label_values(bastide_snmp_success{device!=""}, municipality)',
    "device": 'label_values(bastide_snmp_success{municipality="$municipality"}, device)',
}


def text(name: str) -> str:
    """Return the JSON text of a dashboard; raises what reading its YAML raises."""
    return _pretty(dashboard(name)) + "\n"


def _pretty(value: Any, depth: int = 0) -> str:
    """JSON that a person can compare: what fits a line is on one."""
    line = json.dumps(value, ensure_ascii=False)
    if depth + len(line) <= LINE or not isinstance(value, dict | list) or not value:
        return line
    start, end = "\n" + " " * (depth + 1), "\n" + " " * depth
    if isinstance(value, list):
        return "[" + start + f",{start}".join(_pretty(v, depth + 1) for v in value) + end + "]"
    pairs = (f"{json.dumps(key)}: {_pretty(inner, depth + 1)}" for key, inner in value.items())
    return "{" + start + f",{start}".join(pairs) + end + "}"


def dashboard(name: str) -> Json:
    """Return a dashboard as data; raises what reading its YAML raises."""
    shared = read_shared()
    found = read_dashboard(name, shared)
    return {
        "uid": display.uid(name),
        "title": found.title,
        "description": found.about,
        "tags": [display.TAG],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": display.dashboard_links(),
        "templating": {"list": list(_variables(found))},
        "annotations": {"list": []},
        "panels": list(_Grid(found, shared).panels()),
    }


def _variables(found: Dashboard) -> Iterator[Json]:
    yield {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "hide": 0,
        "refresh": 1,
    }
    for name in found.variables:
        yield {
            "type": "query",
            "name": name,
            "label": name.capitalize(),
            "datasource": DATASOURCE,
            "query": {"query": LISTED[name], "refId": "StandardVariableQuery"},
            "refresh": 2,
            "sort": 1,
            "multi": False,
            "includeAll": False,
            "hide": 0,
        }
    yield {
        "type": "textbox",
        "name": "prometheus",
        "label": "Prometheus (runbooks)",
        "query": PROMETHEUS,
        "current": {"text": PROMETHEUS, "value": PROMETHEUS},
        "hide": 0,
    }


class _Grid:
    """Places panels from left to right, row under row, and numbers them."""

    def __init__(self, found: Dashboard, shared: Shared) -> None:
        self._found, self._shared = found, shared
        self._number, self._y = 0, 0

    def panels(self) -> Iterator[Json]:
        """Rows, and the panels of those that are open."""
        for row in self._found.rows:
            place = {"x": 0, "y": self._y, "w": GRID_WIDTH, "h": 1}
            made: Json = {"type": "row", "id": self._next(), "title": row.row, "gridPos": place}
            top = self._y + 1
            inside, bottom = self._placed(row.panels, top)
            self._y = top if row.folded else bottom
            yield made | {"collapsed": row.folded, "panels": inside if row.folded else []}
            if not row.folded:
                yield from inside

    def _placed(self, panels: tuple[Panel, ...], top: int) -> tuple[list[Json], int]:
        """The panels with their places, and where the next row begins."""
        made, x, y, tallest = [], 0, top, 0
        for panel in panels:
            width, height = SIZES[panel.panel]
            width, height = panel.width or width, panel.height or height
            if x + width > GRID_WIDTH:
                x, y, tallest = 0, y + tallest, 0
            place = {"x": x, "y": y, "w": width, "h": height}
            made.append(self._panel(panel) | {"gridPos": place})
            x, tallest = x + width, max(tallest, height)
        return made, y + tallest

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _panel(self, panel: Panel) -> Json:
        return {
            "id": self._next(),
            "type": panel.panel,
            "title": panel.title,
            "description": panel.about,
            "datasource": DATASOURCE,
            "targets": [
                _target(panel, query, letter, self._found.where)
                for letter, query in zip(ascii_uppercase, panel.queries, strict=False)
            ],
            **display.shown(panel, self._shared.states),
        }


def _target(panel: Panel, query: Query, letter: str, where: str) -> Json:
    now = panel.panel not in ("timeseries", "state-timeline")
    return {
        "refId": letter,
        "editorMode": "code",
        "expr": " ".join(query.query.replace("$where", where).split()),
        "instant": now,
        "range": not now,
        "format": "table" if panel.panel == "table" else "time_series",
        "interval": LEAST_STEP,
        "legendFormat": query.legend or "__auto",
    }
