"""Every control against recorded hosts, and against single answers that differ from them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from monitors.audit.judge.host_results import judge
from monitors.audit.model.results import Outcome
from tests.monitors.audit.estates import CASES, TABLE, changed, declared, recorded

CHANGES = [
    change
    for file in sorted((CASES / "changes").glob("*.yml"))
    for change in yaml.safe_load(file.read_text())["changes"]
]
OUTCOMES = yaml.safe_load((CASES / "outcomes.yml").read_text())
HOST = "velgora-app"


def outcomes(bundle: Any, host: str = HOST) -> dict[str, tuple[Outcome, str]]:
    return {r.control: (r.outcome, r.reason) for r in judge(bundle, TABLE, declared(host))}


@pytest.mark.parametrize("case", ["fresh", "hardened"])
def test_a_recorded_host_is_judged_as_written_down(case: str) -> None:
    actual = outcomes(recorded(case))
    assert {name: str(outcome) for name, (outcome, _) in actual.items()} == OUTCOMES[case]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: f"{c['control']}: {c['because']}")
def test_one_other_answer_gives_another_outcome(change: dict[str, Any]) -> None:
    bundle = changed(recorded("hardened"), change["answers"])

    outcome, reason = outcomes(bundle, change.get("host", HOST))[change["control"]]

    assert str(outcome) == change["outcome"], reason
    assert change.get("says", "") in reason


def test_every_control_is_seen_to_fail_somewhere() -> None:
    failing = {c["control"] for c in CHANGES if c["outcome"] == "fail"} | {
        name for name, outcome in OUTCOMES["fresh"].items() if outcome == "fail"
    }
    assert {control.id for control in TABLE.controls} == failing


def test_cases_hold_no_secret() -> None:
    for file in (f for f in Path(CASES).rglob("*") if f.is_file()):
        text = file.read_text()
        assert "PRIVATE KEY" not in text
        assert "$y$" not in text
