"""The control table, the checks and the playbooks' tags say the same."""

import ast
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitors.audit.collect.backends import answering_host, from_answers
from monitors.audit.judge.command_list import EVERYTHING, LIST_FILE, render
from monitors.audit.judge.runner import check_function, run_check
from monitors.audit.model.controls import ControlTableError, Severity, load_controls
from monitors.audit.model.results import Outcome
from monitors.collection.bundle import Answer

ROOT = Path(__file__).resolve().parents[4]
CHECKS = ROOT / "monitors/audit/checks"
TASK_FILES = sorted((ROOT / "playbooks/roles").glob("*/tasks/*.yml"))
TAG = re.compile(r"[a-z]+-[0-9]{2}")
TABLE = load_controls()


def always(answer: Answer) -> Callable[[str], Answer]:
    return lambda _: answer


def tagged(tasks: Any) -> set[str]:
    """Return the control tags of a list of tasks, blocks within it included."""
    ids: set[str] = set()
    for task in tasks or ():
        tags = task.get("tags", [])
        ids |= {tag for tag in ([tags] if isinstance(tags, str) else tags) if TAG.fullmatch(tag)}
        for part in ("block", "rescue", "always"):
            ids |= tagged(task.get(part))
    return ids


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("controls: []", "at least 1"),
        ("controls: [{id: ssh-1}]", "id"),
        ("controls: 7", "tuple"),
        ("[", "not a control table"),
        ("", "not a control table"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "ssh.yml"
    file.write_text(text)

    with pytest.raises(ControlTableError, match=said) as error:
        load_controls(tmp_path)

    assert str(file) in str(error.value)


def test_an_unknown_key_and_a_second_definition_are_refused(tmp_path: Path) -> None:
    rows = yaml.safe_load((ROOT / "monitors/audit/controls/ssh.yml").read_text())["controls"]
    strange, twice = tmp_path / "strange", tmp_path / "twice"
    for folder, wrong in ((strange, {**rows[0], "colour": "red"}), (twice, rows[0])):
        folder.mkdir()
        (folder / "a.yml").write_text(yaml.safe_dump({"controls": [rows[0]]}))
        (folder / "b.yml").write_text(yaml.safe_dump({"controls": [wrong]}))

    with pytest.raises(ControlTableError, match="colour"):
        load_controls(strange)
    with pytest.raises(ControlTableError, match="more than once: SSH-01"):
        load_controls(twice)


def test_a_title_is_filled_in_with_the_limits_and_one_that_is_missing_is_refused(
    tmp_path: Path,
) -> None:
    row = yaml.safe_load((ROOT / "monitors/audit/controls/ssh.yml").read_text())["controls"][0]
    good, bad = tmp_path / "good", tmp_path / "bad"
    for folder, limits in ((good, {"tries": 3}), (bad, {"retries": 3})):
        folder.mkdir()
        named = {**row, "title": "Closed after {tries} tries", "limits": limits}
        (folder / "a.yml").write_text(yaml.safe_dump({"controls": [named]}))

    assert load_controls(good).controls[0].title == "Closed after 3 tries"
    with pytest.raises(ControlTableError, match="tries"):
        load_controls(bad)


def test_an_alert_has_words_for_each_critical_control() -> None:
    wordless = [c.id for c in TABLE.controls if c.severity is Severity.CRITICAL and not c.finding]
    assert not wordless


def test_a_check_takes_limits_where_its_row_has_some_and_uses_each() -> None:
    """A number in a check that its row has too would be there twice."""
    for control in TABLE.controls:
        code = inspect.getsource(check_function(control.check))
        used = set(re.findall(r"limits\[[\"'](\w+)[\"']\]", code))
        assert used == set(control.limits), control.id
        assert "{" not in control.title, control.id


def test_a_control_set_from_before_limits_is_not_judged_by_todays() -> None:
    control = TABLE["SSH-03"].model_copy(update={"limits": {}})
    host, _ = answering_host("h", always(Answer(0, "maxauthtries 4")))

    outcome, reason = run_check(control, host, EVERYTHING)

    assert outcome is Outcome.ERROR
    assert "SSH-03 has no limits" in reason


@pytest.mark.parametrize(("tries", "outcome"), [(4, Outcome.PASS), (3, Outcome.FAIL)])
def test_a_check_judges_by_the_limits_of_its_row(tries: int, outcome: Outcome) -> None:
    control = TABLE["SSH-03"].model_copy(update={"limits": {"tries": tries}})
    host, _ = answering_host("h", always(Answer(0, "maxauthtries 4")))

    assert run_check(control, host, EVERYTHING)[0] is outcome


def test_every_control_has_its_check_and_every_check_its_control() -> None:
    written = {
        f"{file.stem}.{node.name}"
        for file in CHECKS.glob("test_*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }

    assert {control.check for control in TABLE.controls} == written
    for control in TABLE.controls:
        name = control.check.partition(".")[2]
        assert name.startswith(f"test_{control.tag.replace('-', '_')}_"), control.id
        assert check_function(control.check).__doc__


def test_every_control_is_set_by_a_tagged_task_of_its_role_or_by_hand() -> None:
    set_by: dict[str, set[str]] = {}
    for file in TASK_FILES:
        for tag in tagged(yaml.safe_load(file.read_text())):
            set_by.setdefault(tag.upper(), set()).add(file.parents[1].name)

    wanted = {c.id: {c.task} for c in TABLE.controls if not c.is_by_hand}

    assert set_by == wanted


def test_the_collectors_list_is_the_one_that_the_checks_ask_for() -> None:
    assert LIST_FILE.read_text() == render(TABLE), "run `make generate`"


@pytest.mark.parametrize("control", TABLE.controls, ids=lambda control: control.id)
def test_no_command_depends_on_another_commands_output(control: Any) -> None:
    """Else a bundle could lack an answer that only some hosts' outputs lead to."""
    listed = set(json.loads(LIST_FILE.read_text())["commands"])
    for answer in (Answer(0, "{}"), Answer(0, "0"), Answer(2, "x"), Answer(127, "", "not found")):
        host, trace = answering_host("h", always(answer))
        run_check(control, host, EVERYTHING)
        assert set(trace.commands) <= listed


@pytest.mark.parametrize("control", TABLE.controls, ids=lambda control: control.id)
def test_a_host_that_answers_nothing_useful_never_passes(control: Any) -> None:
    host, _ = answering_host("h", from_answers({}))
    assert run_check(control, host, EVERYTHING)[0] is Outcome.ERROR
