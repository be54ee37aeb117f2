"""An estate's own control is judged, asked for and hashed like ours."""

import json
from pathlib import Path

import pytest

from inventory.own import Own, own_files
from monitors.audit.collect.backends import answering_host
from monitors.audit.evidence.inputs import checks_sha256
from monitors.audit.judge.command_list import EVERYTHING, render
from monitors.audit.judge.runner import run_check
from monitors.audit.model.controls import ControlTable, load_controls
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import Outcome
from monitors.collection.bundle import Answer
from tests.own_estate import RIVER, broken

OWN = own_files(RIVER)
FLOOD = controls_of(OWN)["FLOOD-01"]


def judged(own: Own, text: str) -> tuple[Outcome, str]:
    host, _ = answering_host("h", lambda _: Answer(0, text))
    return run_check(FLOOD, host, EVERYTHING, own.checks)


def test_without_its_file_it_cannot_be_judged() -> None:
    outcome, reason = judged(Own(), "limit_cm 420")
    assert outcome is Outcome.ERROR
    assert "cannot judge it" in reason


def test_a_file_that_does_not_load_is_an_error_and_no_crash(tmp_path: Path) -> None:
    outcome, reason = judged(broken(tmp_path, "controls/test_flood.py", "import", "!"), "")
    assert outcome is Outcome.ERROR
    assert "cannot be loaded" in reason


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", Outcome.FAIL),
        ("limit_cm 500", Outcome.FAIL),
        ("limit_cm 420", Outcome.PASS),
        ("limit_cm high", Outcome.ERROR),
    ],
)
def test_it_judges_by_the_limits_of_its_row(text: str, outcome: Outcome) -> None:
    assert judged(OWN, text)[0] is outcome


def test_a_changed_file_is_judged_by_what_it_says_now(tmp_path: Path) -> None:
    own = broken(tmp_path, "controls/test_flood.py", "<=", ">")
    assert judged(own, "limit_cm 420")[0] is Outcome.FAIL
    assert judged(own, "limit_cm 500")[0] is Outcome.PASS


def test_nothing_is_written_beside_a_check() -> None:
    judged(OWN, "limit_cm 420")
    assert not (RIVER / "controls/__pycache__").exists()


def test_its_commands_are_in_the_collectors_list_and_ours_are_as_before() -> None:
    ours = json.loads(render(load_controls()))
    both = json.loads(render(controls_of(OWN), own=OWN.checks))
    assert set(both["commands"]) - set(ours["commands"]) == {"cat /etc/gauge.conf"}
    assert both["roles"] == ours["roles"]


def test_the_hash_of_the_checks_covers_it(tmp_path: Path) -> None:
    changed = broken(tmp_path, "controls/test_flood.py", "<=", "<")
    hashes = {checks_sha256(), checks_sha256(OWN.checks), checks_sha256(changed.checks)}
    assert len(hashes) == 3


def test_the_kept_table_says_whose_it_is_and_ours_is_kept_as_before() -> None:
    kept = ControlTable.model_validate_json(controls_of(OWN).model_dump_json())
    assert kept["FLOOD-01"].own
    assert "own" not in load_controls().model_dump(mode="json")["controls"][0]
