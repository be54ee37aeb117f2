"""The dashboards' YAML, validated: queries and how their values are displayed."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

FOLDER = Path(__file__).parent
SHARED = FOLDER / "shared.yml"

Kind = Literal["stat", "gauge", "timeseries", "table", "state-timeline"]
Colour = Literal["green", "yellow", "orange", "red", "blue", "text"]
Link = Literal["municipality", "device", "device_anywhere", "runbook"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ValueFormat(_Frozen):
    """How values are displayed: Grafana's unit id, colours by threshold, names of states."""

    unit: str | None = None
    thresholds: dict[float, Colour] = Field(default_factory=dict, description="from a value on")
    states: str | None = Field(default=None, description="a name among the shared states")
    minimum: float | None = None
    maximum: float | None = None
    bar: bool = Field(default=False, description="a table's cells as bars")


class Query(ValueFormat):
    """A PromQL query; ``$where`` in it is the dashboard's own selection.

    ``legend`` names a line, ``column`` a table's column; no column: only its labels are columns.
    ``below``: drawn under the axis, as traffic out is.
    """

    query: str
    legend: str = ""
    column: str = ""
    below: bool = False


class Panel(ValueFormat):
    """A panel; a table's columns are ``labels`` (with their headings), then the queries'."""

    title: str
    panel: Kind
    about: str
    queries: tuple[Query, ...] = Field(min_length=1)
    labels: dict[str, str] = Field(default_factory=dict)
    links: dict[str, Link] = Field(default_factory=dict, description="label to what it leads to")
    sort: str = Field(default="", description="a column; the largest first")
    smallest_first: bool = Field(default=False, description="sorted the other way round")
    stacked: bool = False
    empty: str = Field(default="none", description="text when there is no data")
    width: int | None = Field(default=None, ge=1, le=24)
    height: int | None = Field(default=None, ge=2)


class Row(_Frozen):
    """Panels under a heading; a folded row queries nothing until it is opened."""

    row: str
    folded: bool = False
    panels: tuple[Panel, ...]


Variable = Literal["municipality", "device"]


class Dashboard(_Frozen):
    """One dashboard. ``where`` is the selection that its queries share."""

    title: str
    about: str
    where: str
    variables: tuple[Variable, ...] = ()
    rows: tuple[Row, ...]


class StateText(_Frozen):
    """The text and colour of one value of a state."""

    text: str
    colour: Colour


States = dict[str, dict[int, StateText]]


class Shared(_Frozen):
    """What several dashboards use: states by name, panels by name."""

    states: Annotated[States, Field(min_length=1)]
    panels: dict[str, Panel]


def read_shared() -> Shared:
    """Read the shared states and panels; raises pydantic's ValidationError."""
    return Shared.model_validate(_yaml(SHARED))


def read_dashboard(name: str, shared: Shared) -> Dashboard:
    """Read a dashboard; a panel given by name alone is a shared one.

    Raises pydantic's ValidationError, and KeyError for a panel that is not shared.
    """
    data = _yaml(FOLDER / f"{name}.yml")
    for row in data["rows"]:
        row["panels"] = [
            shared.panels[panel] if isinstance(panel, str) else panel for panel in row["panels"]
        ]
    return Dashboard.model_validate(data)


def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
