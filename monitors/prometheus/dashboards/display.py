"""A panel's display options in Grafana's JSON: units, colours, columns, links."""

from string import ascii_uppercase
from typing import Any

from monitors.prometheus.dashboards.definition import Link, Panel, Query, States, ValueFormat

Json = dict[str, Any]

TAG = "bastide"
# The data source and the time go along wherever a link leads.
LINK_PARAMETERS = "${__url_time_range}&${datasource:queryparam}"
LINKS: dict[Link, tuple[str, str]] = {
    "municipality": (
        "Open the municipality",
        f"/d/bastide-municipality?{LINK_PARAMETERS}&var-municipality=${{__data.fields.municipality}}",
    ),
    "device": (
        "Open the device",
        f"/d/bastide-device?{LINK_PARAMETERS}&${{municipality:queryparam}}"
        "&var-device=${__data.fields.device}",
    ),
    "device_anywhere": (
        "Open the device",
        f"/d/bastide-device?{LINK_PARAMETERS}&var-municipality=${{__data.fields.municipality}}"
        "&var-device=${__data.fields.device}",
    ),
    "runbook": (
        "Open the runbook",
        "${prometheus:raw}/user/alerts/${__data.fields.alertname}.html",
    ),
}


def uid(name: str) -> str:
    """Return the stable id by which dashboards link to each other."""
    return f"bastide-{name}"


def dashboard_links() -> list[Json]:
    """Return the links at the top: the fleet, every dashboard of ours, and Prometheus' alerts."""
    common = {
        "icon": "external link",
        "tooltip": "",
        "tags": [],
        "asDropdown": False,
        "includeVars": False,
        "keepTime": False,
        "targetBlank": False,
    }
    return [
        common | {"type": "link", "title": "Fleet", "url": f"/d/{uid('fleet')}", "keepTime": True},
        common
        | {
            "type": "dashboards",
            "title": "Bastide",
            "tags": [TAG],
            "asDropdown": True,
            "includeVars": True,
            "keepTime": True,
        },
        common
        | {
            "type": "link",
            "title": "Alerts and runbooks",
            "url": "${prometheus:raw}/alerts",
            "targetBlank": True,
        },
    ]


def options(panel: Panel, states: States) -> Json:
    """Return a panel's fieldConfig, options and, for tables, transformations."""
    defaults = _field(panel, states) | {"noValue": panel.empty, "color": _colour(panel)}
    defaults.setdefault("unit", "none")
    if panel.panel == "timeseries":
        defaults["custom"] = _line(panel)
    if panel.panel == "table":
        defaults["custom"] = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}
    overrides = _columns(panel, states) if panel.panel == "table" else _lines(panel, states)
    display: Json = {
        "fieldConfig": {"defaults": defaults, "overrides": overrides},
        "options": _options(panel),
    }
    return display | (
        {"transformations": _transformations(panel)} if panel.panel == "table" else {}
    )


def _field(format_: ValueFormat, states: States) -> Json:
    field: Json = {"unit": format_.unit} if format_.unit else {}
    if format_.minimum is not None:
        field["min"] = format_.minimum
    if format_.maximum is not None:
        field["max"] = format_.maximum
    if format_.states:
        field["mappings"] = [
            {
                "type": "value",
                "options": {
                    str(value): {"text": state.text, "color": state.colour, "index": index}
                    for index, (value, state) in enumerate(states[format_.states].items())
                },
            }
        ]
    if format_.thresholds or format_.states:
        field["thresholds"] = _thresholds(format_)
    return field


def _thresholds(format_: ValueFormat) -> Json:
    base = {"color": format_.thresholds.get(float("-inf"), "text"), "value": None}
    steps = [
        {"color": colour, "value": value}
        for value, colour in sorted(format_.thresholds.items())
        if value != float("-inf")
    ]
    return {"mode": "absolute", "steps": [base, *steps]}


def _colour(panel: Panel) -> Json:
    if panel.panel == "timeseries":
        return {"mode": "palette-classic"}
    return {"mode": "thresholds"}


def _line(panel: Panel) -> Json:
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 20 if panel.stacked else 5,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "axisSoftMin": 0,
    }


def _options(panel: Panel) -> Json:
    tooltip = {"mode": "multi", "sort": "desc"}
    match panel.panel:
        case "stat":
            return {
                "colorMode": "value",
                "graphMode": "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "textMode": "auto",
                "wideLayout": True,
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            }
        case "gauge":
            return {
                "orientation": "auto",
                "showThresholdLabels": False,
                "showThresholdMarkers": True,
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            }
        case "timeseries":
            legend = {
                "displayMode": "list",
                "placement": "bottom",
                "showLegend": True,
                "calcs": [],
            }
            return {"legend": legend, "tooltip": tooltip}
        case "state-timeline":
            return {
                "mergeValues": True,
                "showValue": "never",
                "alignValue": "left",
                "rowHeight": 0.8,
                "legend": {
                    "displayMode": "list",
                    "placement": "bottom",
                    "showLegend": False,
                    "calcs": [],
                },
                "tooltip": {"mode": "single", "sort": "none"},
            }
        case "table":
            sort = (
                [{"displayName": panel.sort, "desc": not panel.smallest_first}]
                if panel.sort
                else []
            )
            return {"showHeader": True, "cellHeight": "sm", "sortBy": sort}


def _lines(panel: Panel, states: States) -> list[Json]:
    """The overrides of single queries of a graph."""
    overrides = []
    for letter, query in zip(ascii_uppercase, panel.queries, strict=False):
        properties = _properties(_field(query, states))
        if query.below:
            properties.append({"id": "custom.transform", "value": "negative-Y"})
        if properties:
            overrides.append(
                {
                    "matcher": {"id": "byFrameRefID", "options": letter},
                    "properties": properties,
                }
            )
    return overrides


def _columns(panel: Panel, states: States) -> list[Json]:
    overrides = []
    for label, heading in panel.labels.items():
        properties: list[Json] = [{"id": "displayName", "value": heading}]
        if label in panel.links:
            title, url = LINKS[panel.links[label]]
            links = [{"title": title, "url": url, "targetBlank": False}]
            properties.append({"id": "links", "value": links})
        overrides.append(_override(label, properties))
    for name, query in _values(panel):
        if query.column:
            properties = [{"id": "displayName", "value": query.column}]
            properties += _properties(_field(query, states))
            if query.bar:
                cell: Json = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
                properties.append({"id": "custom.cellOptions", "value": cell})
            elif query.thresholds or query.states:
                cell = {"type": "color-text"}
                properties.append({"id": "custom.cellOptions", "value": cell})
            overrides.append(_override(name, properties))
    return overrides


def _properties(field: Json) -> list[Json]:
    return [{"id": name, "value": value} for name, value in field.items()]


def _override(column: str, properties: list[Json]) -> Json:
    return {"matcher": {"id": "byName", "options": column}, "properties": properties}


def _values(panel: Panel) -> list[tuple[str, Query]]:
    """Each query by the name that Grafana gives its value column."""
    if len(panel.queries) == 1:
        return [("Value", panel.queries[0])]
    letters = zip(ascii_uppercase, panel.queries, strict=False)
    return [(f"Value #{letter}", query) for letter, query in letters]


def _transformations(panel: Panel) -> list[Json]:
    """Join the results of several queries by their shared labels, and order the columns."""
    values = _values(panel)
    columns = [*panel.labels, *(name for name, query in values if query.column)]
    hidden = ["Time", *(name for name, query in values if not query.column)]
    order: Json = {
        "id": "organize",
        "options": {
            "indexByName": {name: index for index, name in enumerate(columns)},
            "excludeByName": dict.fromkeys(hidden, True),
            "renameByName": {},
        },
    }
    return [{"id": "merge", "options": {}}, order] if len(values) > 1 else [order]
