"""A month's incidents and maintenance windows, with the days on which nothing happens left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.maintenance_windows import MaintenanceWindow
from inventory.paths import SHIPPED_ESTATES
from monitors.exporter.estate_facts import collect
from monitors.exporter.http_sd import JOBS
from monitors.maintenance.silences import Silence
from monitors.maintenance.windows import announced
from monitors.prometheus.rule_files import RULES

CASES = Path(__file__).with_name("cases") / "month.yml"
BEGIN, END = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
BEFORE, AFTER, STEP = timedelta(minutes=8), timedelta(minutes=12), timedelta(seconds=15)
# Within these every alert begins and ends: rules, and the shadow that outlasts its parent.
BEGINS, ENDS = timedelta(minutes=3), timedelta(minutes=5)
SOURCES = (
    ("icmp", "probe_success", "host"),
    ("snmp", "bastide_snmp_success", "device"),
    ("blackbox", "probe_success", "service"),
)
SUBJECTS = ("host", "device", "service")
BY = f"max by (alertname, severity, municipality, {', '.join(SUBJECTS)})"


@dataclass(frozen=True)
class Incident:
    """What falls silent for a while, which alert tells of it, and when people hear."""

    begin: datetime
    end: datetime
    labels: Mapping[str, str]
    silent: frozenset[str]
    told: str
    window_end: datetime | None


def incidents() -> list[Incident]:
    return [
        Incident(
            _utc(row["at"]),
            _utc(row["at"]) + timedelta(minutes=row["minutes"]),
            {"alertname": row["alert"], **row["labels"]},
            frozenset(row["silent"]),
            row["told"],
            _utc(row["ends"]) if "ends" in row else None,
        )
        for row in _cases()["incidents"]
    ]


def estate() -> Estate:
    """The lab, with the month's windows."""
    windows = tuple(MaintenanceWindow.model_validate(w) for w in _cases()["maintenance"])
    return load_estate(SHIPPED_ESTATES / "lab").model_copy(update={"windows": windows})


def silences(estate: Estate) -> list[Silence]:
    return list(announced(estate, BEGIN, END))


class Replay:
    """The month without its quiet hours: each of its times as one since the replay's beginning."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self._spans: list[tuple[datetime, datetime]] = []
        for i in sorted(incidents, key=lambda incident: incident.begin):
            begin, end = i.begin - BEFORE, max(i.end, i.window_end or i.end) + AFTER
            if self._spans and begin <= self._spans[-1][1]:
                begin, end = self._spans[-1][0], max(end, self._spans.pop()[1])
            self._spans.append((begin, end))

    def at(self, moment: datetime) -> timedelta:
        """A time of the month; one that is left out is when its quiet hours are skipped."""
        passed = [min(max(moment, begin), end) - begin for begin, end in self._spans]
        return sum(passed, timedelta())

    @property
    def length(self) -> timedelta:
        return self.at(END)


def promtool_test(estate: Estate, incidents: Sequence[Incident], folder: Path) -> dict[str, Any]:
    """The month as a test of promtool: each alert as it begins and ends, and no other one ever."""
    replay = Replay(incidents)
    checks = [check for incident in incidents for check in _checks(replay, incident)]
    span = f"{replay.length // STEP * STEP.seconds}s"
    labels = {tuple(sorted(incident.labels.items())) for incident in incidents}
    ever = f'{BY} (max_over_time(ALERTS{{alertstate="firing"}}[{span}]))'
    checks.append(_check(ever, span, [dict(pairs) for pairs in sorted(labels)]))
    return {
        "rule_files": [str(RULES / "reachability.yml")],
        "evaluation_interval": f"{STEP.seconds}s",
        "tests": [
            {
                "interval": f"{STEP.seconds}s",
                "input_series": list(_series(estate, incidents, replay, folder)),
                "promql_expr_test": checks,
            }
        ],
    }


def _checks(replay: Replay, incident: Incident) -> Iterator[dict[str, Any]]:
    wanted = ", ".join(f'{k}="{v}"' for k, v in incident.labels.items())
    expr = f'{BY} (ALERTS{{alertstate="firing", {wanted}}})'
    begin, end = replay.at(incident.begin), replay.at(incident.end)
    for moment, fires in (
        (begin, False),
        (begin + BEGINS, True),
        (end - STEP, True),
        (end + ENDS, False),
    ):
        yield _check(expr, _seconds(moment), [incident.labels] if fires else [])


def _check(expr: str, at: str, labels: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    samples = [{"labels": selector(of), "value": 1} for of in labels]
    return {"expr": expr, "eval_time": at, "exp_samples": samples}


def _series(
    estate: Estate, incidents: Sequence[Incident], replay: Replay, folder: Path
) -> Iterator[dict[str, str]]:
    for job, metric, label in SOURCES:
        for group in JOBS[job](estate):
            if name := group["labels"].get(label):
                text = metric + selector({"job": job, **group["labels"]})
                yield {"series": text, "values": _values(name, incidents, replay)}
    steps = replay.length // STEP
    for family in collect(folder, estate):
        for sample in family.samples:
            if sample.name == "bastide_reached_through_info":
                text = sample.name + selector(sample.labels)
                yield {"series": text, "values": f"1x{steps}"}


def _values(name: str, incidents: Sequence[Incident], replay: Replay) -> str:
    """Whether it answers, step by step, in promtool's notation."""
    cuts = [
        (replay.at(i.begin) // STEP, replay.at(i.end) // STEP)
        for i in incidents
        if name in i.silent
    ]
    parts, at = [], 0
    for begin, end in sorted(cuts):
        parts += [f"1x{begin - at - 1}", f"0x{end - begin - 1}"]
        at = end
    return " ".join([*parts, f"1x{replay.length // STEP - at}"])


def selector(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def _seconds(moment: timedelta) -> str:
    return f"{moment // STEP * STEP.seconds}s"


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _cases() -> dict[str, Any]:
    cases: dict[str, Any] = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    return cases
