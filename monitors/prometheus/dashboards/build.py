"""The YAML becomes Grafana's JSON (classic dashboard model, schemaVersion 41, core panels only)."""

import json
from collections.abc import Iterator
from string import ascii_uppercase
from typing import Any

from monitors.prometheus.dashboards import display
from monitors.prometheus.dashboards.definition import (
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
DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
GRID_WIDTH = 24
SIZES = {
    "stat": (3, 4),
    "gauge": (4, 6),
    "timeseries": (12, 8),
    "table": (12, 8),
    "state-timeline": (24, 8),
}
# Devices are polled every 30 s: below that a rate has too few samples.
MIN_INTERVAL = "30s"
VARIABLE_QUERIES = {
    "municipality": "label_values(bastide_municipality_info, municipality)",
    "device": 'label_values(bastide_snmp_success{municipality="$municipality"}, device)',
}


def text(name: str, prometheus: str) -> str:
    """Return the JSON text of a dashboard; raises what reading its YAML raises.

    ``prometheus`` is the address at which a browser finds Prometheus, which serves the runbooks.
    """
    return json.dumps(dashboard(name, prometheus), ensure_ascii=False, indent=1) + "\n"


def dashboard(name: str, prometheus: str) -> Json:
    """Return a dashboard as data, like ``text``."""
    shared = read_shared()
    definition = read_dashboard(name, shared)
    return {
        "uid": display.uid(name),
        "title": definition.title,
        "description": definition.about,
        "tags": [display.TAG],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": display.dashboard_links(),
        "templating": {"list": list(_variables(definition, prometheus))},
        "annotations": {"list": []},
        "panels": list(_Grid(definition, shared).panels()),
    }


def _variables(definition: Dashboard, prometheus: str) -> Iterator[Json]:
    yield {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "hide": 0,
        "refresh": 1,
    }
    for name in definition.variables:
        yield {
            "type": "query",
            "name": name,
            "label": name.capitalize(),
            "datasource": DATASOURCE,
            "query": {"query": VARIABLE_QUERIES[name], "refId": "StandardVariableQuery"},
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
        "query": prometheus,
        "current": {"text": prometheus, "value": prometheus},
        "hide": 0,
    }


class _Grid:
    """Places panels from left to right, row under row, and numbers them."""

    def __init__(self, definition: Dashboard, shared: Shared) -> None:
        self._definition, self._shared = definition, shared
        self._number, self._y = 0, 0

    def panels(self) -> Iterator[Json]:
        """Rows, and the panels of those that are open."""
        for row in self._definition.rows:
            position = {"x": 0, "y": self._y, "w": GRID_WIDTH, "h": 1}
            heading: Json = {
                "type": "row",
                "id": self._next_id(),
                "title": row.row,
                "gridPos": position,
            }
            top = self._y + 1
            panels, bottom = self._lay_out(row.panels, top)
            self._y = top if row.folded else bottom
            yield heading | {"collapsed": row.folded, "panels": panels if row.folded else []}
            if not row.folded:
                yield from panels

    def _lay_out(self, panels: tuple[Panel, ...], top: int) -> tuple[list[Json], int]:
        """The panels with their positions, and where the next row begins."""
        positioned, x, y, tallest = [], 0, top, 0
        for panel in panels:
            width, height = SIZES[panel.panel]
            width, height = panel.width or width, panel.height or height
            if x + width > GRID_WIDTH:
                x, y, tallest = 0, y + tallest, 0
            position = {"x": x, "y": y, "w": width, "h": height}
            positioned.append(self._panel(panel) | {"gridPos": position})
            x, tallest = x + width, max(tallest, height)
        return positioned, y + tallest

    def _next_id(self) -> int:
        self._number += 1
        return self._number

    def _panel(self, panel: Panel) -> Json:
        return {
            "id": self._next_id(),
            "type": panel.panel,
            "title": panel.title,
            "description": panel.about,
            "datasource": DATASOURCE,
            "targets": [
                _target(panel, query, letter, self._definition.where)
                for letter, query in zip(ascii_uppercase, panel.queries, strict=False)
            ],
            **display.options(panel, self._shared.states),
        }


def _target(panel: Panel, query: Query, letter: str, where: str) -> Json:
    instant = panel.panel not in ("timeseries", "state-timeline")
    return {
        "refId": letter,
        "editorMode": "code",
        "expr": " ".join(query.query.replace("$where", where).split()),
        "instant": instant,
        "range": not instant,
        "format": "table" if panel.panel == "table" else "time_series",
        "interval": MIN_INTERVAL,
        "legendFormat": query.legend or "__auto",
    }
