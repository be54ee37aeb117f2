import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitors.prometheus.prometheus_config import DISCOVERED_JOBS
from monitors.prometheus.rule_files import RULES, WATCH_RULES
from monitors.snmp.profile_files import shipped_profiles
from tests.rules.metric_names import metric_names
from tests.rules.rule_files import (
    GO_SETTINGS,
    HERE,
    RUNBOOKS,
    alert_names,
    alerts,
    expectations,
    rules,
)

RULE_FILES = [*sorted(RULES.glob("*.yml")), WATCH_RULES]
QUOTED = re.compile(r'"[^"]*"')
LABEL_LISTS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
MATCHERS = re.compile(r"\{[^}]*\}")
NAMES = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])")
KEYWORDS = {"and", "or", "unless", "by", "without", "on", "bool", "offset"}


def promtool(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    assert shutil.which("promtool"), "promtool is in Debian's package prometheus"
    return subprocess.run(
        ["promtool", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=GO_SETTINGS,
    )


def test_promtool_finds_no_fault_and_no_duplicate() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", sorted(HERE.glob("*_test.yml")), ids=lambda file: file.stem)
def test_promtool_passes(file: Path) -> None:
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_firing() -> None:
    assert sorted({case.alert for case in expectations() if case.labels}) == alert_names()


def test_every_alert_is_tested_silent() -> None:
    assert sorted({case.alert for case in expectations() if not case.labels}) == alert_names()


def test_every_severity_of_an_alert_is_tested_firing() -> None:
    tested = {(case.alert, labels["severity"]) for case in expectations() for labels in case.labels}
    assert tested == {(rule["alert"], rule["labels"]["severity"]) for rule in alerts()}


def test_every_alert_that_fires_says_where() -> None:
    for case in expectations():
        for labels in case.labels:
            assert labels["municipality"], case
            assert {"host", "device", "service"} & labels.keys(), case


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_has_severity_annotations_and_a_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket", "info")
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    page = f"alerts/{rule['alert']}"
    assert rule["annotations"]["runbook_url"] == "{{ $externalURL }}/user/" + page + ".html"
    assert (RUNBOOKS / f"{page}.md").is_file()


def test_there_is_no_runbook_without_its_alert() -> None:
    assert sorted(page.stem for page in (RUNBOOKS / "alerts").glob("*.md")) == alert_names()


def test_every_metric_that_a_rule_reads_exists(tmp_path: Path) -> None:
    existing = {rule["record"] for rule in rules() if "record" in rule} | metric_names(tmp_path)
    for rule in rules():
        unknown = metrics_of(rule["expr"]) - existing
        assert not unknown, f"{rule.get('alert') or rule['record']} reads {unknown}"


def test_every_recorded_series_is_named_level_metric_operation() -> None:
    for rule in rules():
        if "record" in rule:
            assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", rule["record"])


@pytest.mark.parametrize(
    ("alert", "jobs"),
    [("HostDown", {"node", "windows", "icmp", "tcp", "dns"}), ("DeviceDown", {"snmp"})],
)
def test_a_parents_silence_is_known_before_its_children_alert(alert: str, jobs: set[str]) -> None:
    """The parent is scraped once an interval, and its response awaited until the timeout."""
    latest = max(
        seconds(job.interval) + seconds(job.timeout) for job in DISCOVERED_JOBS if job.job in jobs
    )
    assert all(seconds(rule["for"]) >= latest for rule in alerts() if rule["alert"] == alert)


def test_limits_can_be_compared_with_what_is_measured() -> None:
    """A limit has the labels of its sensor; `severity` and `threshold` alone may be more."""
    readings = set(labels_of("bastide_snmp_temperature_celsius"))
    limits = set(labels_of("bastide_snmp_temperature_limit_celsius"))
    assert {(name, labels - {"severity", "threshold"}) for name, labels in limits} <= readings


def labels_of(metric: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield a metric's labels, profile by profile, table by table."""
    for profile in shipped_profiles().values():
        for number in profile.scalars:
            if number.metric == metric:
                yield profile.profile, frozenset(number.labels)
        for table in profile.tables:
            names = {part.label for part in table.index if part.label}
            names |= {link.label for link in table.links} | {text.label for text in table.labels}
            for number in table.columns:
                if number.metric == metric:
                    yield profile.profile, frozenset(names | set(number.labels))


def seconds(duration: str) -> int:
    """Return a duration such as 90s, 1m or 6h in seconds."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[duration[-1]]


def metrics_of(expression: str) -> set[str]:
    """Return the metric names in an expression; functions and labels are left out."""
    for part in (QUOTED, MATCHERS, LABEL_LISTS):
        expression = part.sub(" ", expression)
    return set(NAMES.findall(expression)) - KEYWORDS
