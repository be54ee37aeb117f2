"""What a check does becomes an outcome and one line: only a judgement is a failure."""

from pathlib import Path

import pytest

from inventory.own import own_files
from monitors.audit.collect.backends import answering_host
from monitors.audit.judge.command_list import EVERYTHING
from monitors.audit.judge.runner import check_function, run_check
from monitors.audit.model.controls import Control
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import Outcome
from monitors.collection.bundle import Answer
from tests.own_estate import RIVER

FLOOD = controls_of(own_files(RIVER))["FLOOD-01"]
SILENT = Answer(0)
LONG = "a" * 300


def control(function: str, **changes: object) -> Control:
    return FLOOD.model_copy(update={"check": f"test_gate.{function}", **changes})


def outcome(folder: Path, body: str, answer: Answer = SILENT) -> tuple[Outcome, str]:
    """Run a check of its own with this body on a host that answers everything alike."""
    file = folder / "test_gate.py"
    file.write_text(f"import pytest\n\ndef test_it(host, declared):\n    {body}\n")
    host, _ = answering_host("h", lambda _: answer)
    return run_check(control("test_it"), host, EVERYTHING, (file,))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("test_nothing.test_it", "monitors/audit/checks has no test_nothing.test_it"),
        ("test_ssh.test_nothing", "monitors/audit/checks/test_ssh.py has no test_nothing"),
    ],
)
def test_a_check_that_is_nowhere_is_named(path: str, message: str) -> None:
    with pytest.raises(LookupError, match=f"^{message}$"):
        check_function(path)


def test_a_control_of_a_file_that_has_gone_cannot_be_judged(tmp_path: Path) -> None:
    host, _ = answering_host("h", lambda _: Answer(0))
    gone = (tmp_path / "test_gate.py",)
    judged, reason = run_check(control("test_it"), host, EVERYTHING, gone)
    assert judged is Outcome.ERROR
    assert reason.endswith("this version of Bastide cannot judge it")


def test_a_check_that_wants_limits_of_a_control_without_any_cannot_judge() -> None:
    own = own_files(RIVER)
    host, _ = answering_host("h", lambda _: Answer(0, "limit_cm 1"))
    judged, reason = run_check(
        FLOOD.model_copy(update={"limits": {}}), host, EVERYTHING, own.checks
    )
    assert judged is Outcome.ERROR
    assert reason.startswith("FLOOD-01 has no limits")


@pytest.mark.parametrize(
    ("body", "judged", "reason"),
    [
        ("pass", Outcome.PASS, ""),
        ("assert declared.host == 'every-host'", Outcome.PASS, ""),
        ("assert False, 'too high'", Outcome.FAIL, "too high"),
        ("assert False, 'too high\\nassert 2 < 1'", Outcome.FAIL, "too high"),
        ("raise AssertionError", Outcome.FAIL, "the check says no more"),
        ("pytest.skip('a container')", Outcome.SKIP, "a container"),
        ("1 / 0", Outcome.ERROR, "unexpected output from the host: ZeroDivisionError"),
    ],
)
def test_what_a_check_does_is_an_outcome_with_its_reason(
    body: str, judged: Outcome, reason: str, tmp_path: Path
) -> None:
    result, said = outcome(tmp_path, body)
    assert result is judged
    assert said.startswith(reason)
    assert bool(said) == bool(reason)


def test_a_reason_from_a_host_is_one_line_without_control_characters(tmp_path: Path) -> None:
    _, reason = outcome(tmp_path, "assert False, 'red \\x1b[31m alert'")
    assert "\x1b" not in reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(2, "", "bad line 7"), "`gauge --all` ended with 2: bad line 7"),
        (Answer(-1, "", ""), "`gauge --all` ended with -1"),
        (Answer(2, "", LONG), f"`gauge --all` ended with 2: {LONG[:200]}"),
    ],
)
def test_a_command_that_failed_is_an_error_and_no_failure(
    answer: Answer, reason: str, tmp_path: Path
) -> None:
    result = outcome(tmp_path, "host.check_output('gauge --all')", answer)
    assert result == (Outcome.ERROR, f"a command failed on the host: {reason}")


def test_a_long_command_is_cut(tmp_path: Path) -> None:
    _, reason = outcome(tmp_path, f"host.check_output('{LONG}')", Answer(1))
    assert reason == f"a command failed on the host: `{LONG[:120]}` ended with 1"


def test_testinfras_words_that_are_not_understood_are_an_error_too(tmp_path: Path) -> None:
    result = outcome(tmp_path, "assert False, 'Unexpected exit code 1 for something else'")
    assert result == (Outcome.ERROR, "a command failed on the host")
