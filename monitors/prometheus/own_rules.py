"""An estate's own rules, their promtool tests and its runbooks, held to what ours are held to."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inventory.own import Own
from inventory.problems import InventoryError, Problem
from inventory.source import PathKey, Source, read_source, show_path
from monitors.prometheus.rule_files import names_of_ours, shipped_rules

PROMTOOL = "promtool"
SEVERITIES = ("page", "ticket", "info")
PLACES = ("host", "device", "service")
ANNOTATIONS = ("summary", "description", "runbook_url")
RUNBOOK_URL = "{{{{ $externalURL }}}}/user/alerts/{}.html"
LINK = re.compile(r"\]\(([^)#:\s]+\.md)\)")
LONGEST_SECONDS = 120

Rule = tuple[Source, PathKey, dict[str, Any]]


def check_rules(own: Own, runbooks: Path) -> None:
    """Raise InventoryError for what is wrong with an estate's own rules and runbooks.

    ``runbooks`` is the project's folder of that name. Without promtool its part is left out.
    """
    problems = tuple(find_rule_problems(own, runbooks))
    if problems:
        raise InventoryError(problems)


def find_rule_problems(own: Own, runbooks: Path) -> Iterator[Problem]:
    """Yield what is wrong with the rules, their tests and the runbooks; see ``check_rules``."""
    names = {path.name for path in shipped_rules()}
    for path in own.rules:
        if path.name in names:
            yield _file(path, "ships with Bastide under this name", "another name", "rename it")
    rules: list[Rule] = []
    for path in own.rules:
        source = read_source(path)
        if isinstance(source, Problem):
            yield source
        else:
            rules += _rules(source)
    yield from _names(rules)
    alerts = [rule for rule in rules if "alert" in rule[2]]
    for source, at, rule in alerts:
        yield from _alert(source, at, rule, own)
    yield from _tests(own, alerts)
    yield from _pages(own, runbooks, {str(rule["alert"]) for _, _, rule in alerts})
    yield from _promtool(own)


def _rules(source: Source) -> Iterator[Rule]:
    """Yield the rules of a file; what has another shape is promtool's to refuse."""
    for at, group in _entries(source.data, "groups"):
        for index, rule in _entries(group, "rules"):
            if "alert" in rule or "record" in rule:
                yield source, (*at, *index), rule


def _entries(data: Any, key: str) -> Iterator[tuple[PathKey, dict[str, Any]]]:
    entries = data.get(key) if isinstance(data, dict) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield (key, index), entry


def _names(rules: list[Rule]) -> Iterator[Problem]:
    for source, at, rule in rules:
        key = "alert" if "alert" in rule else "record"
        if rule[key] in names_of_ours():
            yield _at(
                source,
                (*at, key),
                f"{rule[key]} is a rule that ships with Bastide",
                "a name that none of ours has: `bastide monitor rules`",
                "rename it",
            )


def _alert(source: Source, at: PathKey, rule: dict[str, Any], own: Own) -> Iterator[Problem]:
    name = str(rule["alert"])
    labels = rule.get("labels") if isinstance(rule.get("labels"), dict) else {}
    severity = (labels or {}).get("severity")
    if severity not in SEVERITIES:
        yield _at(
            source,
            (*at, "labels", "severity"),
            f"{name} has the severity {severity!r}",
            f"one of: {', '.join(SEVERITIES)}",
            "say how soon somebody must look",
        )
    given = rule.get("annotations") if isinstance(rule.get("annotations"), dict) else {}
    if missing := [key for key in ANNOTATIONS if key not in (given or {})]:
        yield _at(
            source,
            (*at, "annotations"),
            f"{name} lacks {', '.join(missing)}",
            f"annotations: {', '.join(ANNOTATIONS)}",
            "add what is missing",
        )
    elif (given or {})["runbook_url"] != RUNBOOK_URL.format(name):
        yield _at(
            source,
            (*at, "annotations", "runbook_url"),
            "leads elsewhere than to the alert's page",
            RUNBOOK_URL.format(name),
            "correct it",
        )
    if not (own.runbook_folder / "alerts" / f"{name}.md").is_file():
        yield _at(
            source,
            (*at, "alert"),
            f"{name} has no runbook",
            f"runbooks/alerts/{name}.md in the estate's folder",
            "write what to check, how to mend it and whom to call",
        )


def _tests(own: Own, alerts: list[Rule]) -> Iterator[Problem]:
    """Yield the alerts that no test shows firing, or none shows silent."""
    tested: dict[bool, set[str]] = {True: set(), False: set()}
    for path in own.rule_tests:
        source = read_source(path)
        if isinstance(source, Problem):
            yield source
            continue
        for at, test in _entries(source.data, "tests"):
            for case_at, case in _entries(test, "alert_rule_test"):
                tested[bool(case.get("exp_alerts"))].add(str(case.get("alertname")))
                yield from _labels(source, (*at, *case_at), case)
    for source, at, rule in alerts:
        missing = [
            state
            for state, fires in (("firing", True), ("silent", False))
            if rule["alert"] not in tested[fires]
        ]
        if missing:
            yield _at(
                source,
                (*at, "alert"),
                f"no test shows {rule['alert']} {' or '.join(missing)}",
                f"both, in {source.file.stem}_test.yml beside this file (promtool test rules)",
                "add an alert_rule_test with exp_alerts, and one without",
            )


def _labels(source: Source, at: PathKey, case: dict[str, Any]) -> Iterator[Problem]:
    """Yield the alerts that a test shows firing without saying where: nobody could be called."""
    for fired_at, fired in _entries(case, "exp_alerts"):
        labels = fired.get("exp_labels") if isinstance(fired.get("exp_labels"), dict) else {}
        missing = [] if (labels or {}).get("municipality") else ["municipality"]
        if not any((labels or {}).get(label) for label in PLACES):
            missing.append(" or ".join(PLACES))
        if missing:
            yield _at(
                source,
                (*at, *fired_at),
                f"{case.get('alertname')} fires without {', nor '.join(missing)}",
                "labels of the alert that say whose it is and where",
                "keep them in the rule's `by (…)`, or give them under `labels:`",
            )


def _pages(own: Own, runbooks: Path, alerts: set[str]) -> Iterator[Problem]:
    folder = own.runbook_folder
    for page in own.runbooks:
        path = page.relative_to(folder)
        if (runbooks / path).is_file():
            yield _file(page, "ships with Bastide under this name", "another name", "rename it")
        if path.parts[0] == "alerts" and page.stem not in alerts:
            yield _file(page, "is of no alert in rules/", "an alert of that name", "rename it")
        try:
            text = page.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            yield _file(page, f"cannot be read: {error}", "UTF-8 text", "save it as UTF-8")
            continue
        if not text.startswith("# "):
            yield _file(page, "begins without a title", "`# Title` in its first line", "add it")
        for link in LINK.finditer(text):
            beside = (path.parent / link[1], page.parent / link[1])
            if not beside[1].is_file() and not (runbooks / beside[0]).is_file():
                line = text[: link.start()].count("\n") + 1
                yield Problem(
                    page,
                    line,
                    "",
                    f"leads to {link[1]}, which is not there",
                    "a runbook of the estate or of Bastide",
                    "correct the link",
                )


def _promtool(own: Own) -> Iterator[Problem]:
    if not shutil.which(PROMTOOL) or not own.rules:
        return
    checked = [(own.rules, ("check", "rules", "--lint=all", "--lint-fatal", *map(str, own.rules)))]
    checked += [((path,), ("test", "rules", str(path))) for path in own.rule_tests]
    for files, arguments in checked:
        try:
            done = subprocess.run(
                [PROMTOOL, *arguments],
                capture_output=True,
                text=True,
                check=False,
                timeout=LONGEST_SECONDS,
            )
            report = "" if done.returncode == 0 else f"{done.stdout}\n{done.stderr}"
        except subprocess.TimeoutExpired:
            report = f"not done within {LONGEST_SECONDS} s"
        if report:
            lines = [line.strip() for line in report.splitlines() if line.strip()]
            yield _file(
                files[0],
                f"promtool {' '.join(arguments[:2])}: {'; '.join(lines)}",
                "rules and tests that promtool accepts",
                f"run promtool {' '.join(arguments)}",
            )


def _file(path: Path, message: str, expected: str, action: str) -> Problem:
    return Problem(path, 0, "", message, expected, action)


def _at(source: Source, path: PathKey, message: str, expected: str, action: str) -> Problem:
    line = source.line(path)
    return Problem(source.file, line, show_path(path), message, expected, action)
