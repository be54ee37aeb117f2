import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from inventory.load import load_estate
from inventory.paths import SHIPPED_ESTATES
from monitors.exporter.collected import COLLECTORS
from monitors.prometheus.render import RULES
from tests.rules.rule_files import (
    HERE,
    REPOSITORY,
    RUNBOOKS,
    alert_names,
    alerts,
    expectations,
    rules,
)

RULE_FILES = sorted(RULES.glob("*.yml"))
FOREIGN_METRICS = {
    "up": "Prometheus itself, one a target",
    "probe_success": "blackbox_exporter",
    "probe_ssl_earliest_cert_expiry": "blackbox_exporter",
}
QUOTED = re.compile(r'"[^"]*"')
LABEL_LISTS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
MATCHERS = re.compile(r"\{[^}]*\}")
NAMES = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])")
WORDS = {"and", "or", "unless", "by", "without", "on", "bool", "offset"}


def promtool(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    assert shutil.which("promtool"), "promtool is in Debian's package prometheus"
    return subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_promtool_finds_no_fault_and_no_duplicate() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", sorted(HERE.glob("*_test.yml")), ids=lambda file: file.stem)
def test_promtool_passes(file: Path) -> None:
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_seen_firing() -> None:
    assert sorted({seen.alert for seen in expectations() if seen.labels}) == alert_names()


def test_every_alert_is_seen_silent() -> None:
    assert sorted({seen.alert for seen in expectations() if not seen.labels}) == alert_names()


def test_every_severity_of_an_alert_is_seen_firing() -> None:
    seen = {(case.alert, labels["severity"]) for case in expectations() for labels in case.labels}
    assert seen == {(rule["alert"], rule["labels"]["severity"]) for rule in alerts()}


def test_every_alert_that_fires_says_where() -> None:
    for case in expectations():
        for labels in case.labels:
            assert labels["municipality"], case
            assert {"host", "device", "service"} & labels.keys(), case


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_has_severity_words_and_a_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    page = f"alerts/{rule['alert']}"
    assert rule["annotations"]["runbook_url"] == "{{ $externalURL }}/user/" + page + ".html"
    assert (RUNBOOKS / f"{page}.md").is_file()


def test_there_is_no_runbook_without_its_alert() -> None:
    assert sorted(page.stem for page in (RUNBOOKS / "alerts").glob("*.md")) == alert_names()


def test_every_metric_that_a_rule_reads_exists(tmp_path: Path) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    known = recorded | FOREIGN_METRICS.keys() | collected(tmp_path) | written_out()
    for rule in rules():
        unknown = metrics_of(rule["expr"]) - known
        assert not unknown, f"{rule.get('alert') or rule['record']} reads {unknown}"


def test_every_recorded_series_is_named_level_metric_operation() -> None:
    for rule in rules():
        if "record" in rule:
            assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z_]+", rule["record"])


def metrics_of(expression: str) -> set[str]:
    """Return the metric names in an expression; functions and labels are left out."""
    for part in (QUOTED, MATCHERS, LABEL_LISTS):
        expression = part.sub(" ", expression)
    return set(NAMES.findall(expression)) - WORDS


def collected(state: Path) -> set[str]:
    """Return the names that the collectors hand over for an estate of which nothing is known."""
    estate = load_estate(SHIPPED_ESTATES / "lab")
    return {family.name for collect in COLLECTORS.values() for family in collect(state, estate)}


def written_out() -> set[str]:
    """Return the names that the SNMP collector's and the exporter's own code and tables hold."""
    folders = (REPOSITORY / "monitors" / "snmp", REPOSITORY / "monitors" / "exporter")
    files = [file for folder in folders for file in folder.rglob("*") if file.suffix != ".pyc"]
    texts = [file.read_text(encoding="utf-8") for file in files if file.is_file()]
    return {name for text in texts for name in re.findall(r"\bbastide_[a-z_]+\b", text)}
