"""An estate's own control is held to what ours are, judged, asked for and hashed like them."""

import json
from pathlib import Path

import pytest

from inventory.own import Own, own_files
from inventory.problems import Problem
from monitors.audit.collect.backends import answering_host
from monitors.audit.evidence.inputs import checks_sha256
from monitors.audit.judge.command_list import EVERYTHING, render
from monitors.audit.judge.own_checks import find_check_problems
from monitors.audit.judge.runner import run_check
from monitors.audit.model.controls import ControlTable, load_controls
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import Outcome
from monitors.collection.bundle import Answer
from tests.own_estate import RIVER, broken, copied

OWN = own_files(RIVER)
CHECK, ROWS = "controls/test_flood.py", "controls/flood.yml"
FUNCTION = "test_flood_01_gauge_warns"
LIMIT, ASKED = 'limits["highest_cm"]', 'host.check_output("cat /etc/gauge.conf")'
FLOOD = controls_of(OWN)["FLOOD-01"]


def problems(own: Own) -> list[Problem]:
    return list(find_check_problems(controls_of(own), own))


def test_what_is_well_has_no_problem() -> None:
    assert problems(OWN) == []
    assert problems(Own()) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "expected"),
    [
        (
            "import Host",
            "import Guest",
            0,
            "cannot be loaded: ImportError",
            f"{FUNCTION}(host), as",
        ),
        ("    words", "  )  words", 9, "cannot be loaded: ", f"{FUNCTION}(host), as FLOOD-01"),
        ('    """The gauge', "    # The gauge", 7, "says nothing of what it proves", "a docstring"),
        (
            "limits: Limits",
            "limits: Limits, tide: int = 0, moon: int = 0",
            7,
            "takes moon, tide",
            "of declared, host, limits, outside what it needs",
        ),
        (LIMIT, f"{LIMIT} + limits['tide']", 7, "the limits highest_cm, tide", ": highest_cm"),
        (ASKED, '"limit_cm 3"', 7, "says pass of a host that answers nothing", "asks the host"),
        (ASKED, '"limit_cm 999"', 7, "says fail of a host that answers nothing", "asks the host"),
    ],
)
def test_a_check_that_ours_are_not_like_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, line: int, message: str, expected: str
) -> None:
    (problem,) = problems(broken(tmp_path, CHECK, old, new))
    assert (problem.file.name, problem.line) == ("test_flood.py", line)
    assert problem.path == (FUNCTION if line == 7 else "")
    assert message in problem.message
    assert expected in problem.expected


def test_a_limit_that_no_check_uses_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(broken(tmp_path, CHECK, LIMIT, "450"))
    assert problem.message == "uses the limits none"
    assert problem.expected == "those of FLOOD-01: highest_cm"


def test_each_of_several_files_has_its_own_problems(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    # It sorts before test_flood.py, and is well.
    check = (folder / CHECK).read_text().replace("test_flood_01", "test_dam_01")
    rows = (folder / ROWS).read_text().replace("test_flood_01", "test_dam_01")
    (folder / "controls/test_dam.py").write_text(check)
    (folder / "controls/dam.yml").write_text(
        rows.replace("FLOOD", "DAM").replace("test_flood.", "test_dam.")
    )
    text = (folder / CHECK).read_text()
    (folder / CHECK).write_text(text.replace(LIMIT, "450"))
    (problem,) = problems(own_files(folder))
    assert problem.file.name == "test_flood.py"


def test_a_check_that_no_row_names_and_a_row_without_its_check_are_both_refused(
    tmp_path: Path,
) -> None:
    named, missing = problems(broken(tmp_path, CHECK, "test_flood_01", "test_flood_02"))
    assert (named.line, named.path) == (7, "test_flood_02_gauge_warns")
    assert (named.message, missing.line, missing.path) == ("no control has this check", 0, "")
    assert missing.message == f"has no function {FUNCTION}"


def test_a_check_begins_with_its_controls_id(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for name in (CHECK, ROWS):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace("test_flood_01", "test_flood_10"))
    (problem,) = problems(own_files(folder))
    assert problem.message == "is the check of FLOOD-01"
    assert problem.expected == "a name that begins with test_flood_01_"


def test_a_row_without_limits_has_a_check_that_uses_none(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    text = (folder / ROWS).read_text().replace("    limits: {highest_cm: 450}\n", "")
    (folder / ROWS).write_text(text.replace("{highest_cm}", "450"))
    (problem,) = problems(own_files(folder))
    assert problem.expected == "those of FLOOD-01: none"


@pytest.mark.parametrize(
    "answer", ["(0, '{}', '')", "(0, '0', '')", "(2, 'x', '')", "(127, '', 'not found')"]
)
def test_a_command_that_only_some_answer_leads_to_is_refused(tmp_path: Path, answer: str) -> None:
    late = (
        "said = host.run('true')\n"
        f"    if (said.rc, said.stdout, said.stderr) == {answer}:\n"
        "        host.run('date'), host.run('uptime')\n"
        f"    words = {ASKED}"
    )
    (problem,) = problems(broken(tmp_path, CHECK, f"words = {ASKED}", late))
    assert problem.message == "asks `date` only after some answers"


def test_a_file_that_is_no_text_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    with (folder / CHECK).open("ab") as file:
        file.write(b"# \xff\n")
    (problem,) = problems(own_files(folder))
    assert "cannot be loaded: " in problem.message


def test_a_check_within_a_decorator_is_named_by_its_own_line(tmp_path: Path) -> None:
    decorator = (
        "from functools import wraps\n\n\n"
        "def calm(check):\n"
        "    @wraps(check)\n"
        "    def around(host, limits):\n"
        "        check(host, limits)\n\n"
        "    return around\n\n\n"
        f"@calm\ndef {FUNCTION}"
    )
    own = broken(tmp_path, CHECK, f"def {FUNCTION}", decorator)
    text = (tmp_path / "river" / CHECK).read_text()
    (tmp_path / "river" / CHECK).write_text(text.replace(LIMIT, "450"))
    (problem,) = problems(own)
    assert text.splitlines()[problem.line - 1] == "@calm"


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
