"""The shipped rules and their promtool tests, read as data."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from monitors.prometheus.rule_files import RULES, WATCH_RULES

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
RUNBOOKS = REPOSITORY / "runbooks"
# Of promtool: several run beside each other, one processor each, and memory rather than time.
GO_SETTINGS = {**os.environ, "GOMAXPROCS": "1", "GOGC": "1000"}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a promtool test expects of one alert at one time."""

    alert: str
    labels: tuple[dict[str, str], ...]


def rules() -> Iterator[dict[str, Any]]:
    """Yield every rule of every shipped file, the vault's included."""
    for file in (*sorted(RULES.glob("*.yml")), WATCH_RULES):
        for group in yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)["groups"]:
            yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    """Return the alerting rules; one alert may have several."""
    return [rule for rule in rules() if "alert" in rule]


def alert_names() -> list[str]:
    """Return each alert's name once."""
    return sorted({rule["alert"] for rule in alerts()})


def expectations() -> Iterator[Expectation]:
    """Yield what the promtool tests expect."""
    for file in sorted(HERE.glob("*_test.yml")):
        for test in yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)["tests"]:
            for case in test.get("alert_rule_test", ()):
                labels = tuple(alert["exp_labels"] for alert in case.get("exp_alerts") or ())
                yield Expectation(case["alertname"], labels)
