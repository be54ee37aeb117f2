"""An estate's own checks held to what ours are held to."""

import inspect
import re
from collections.abc import Iterator

from inventory.own import Own
from inventory.problems import Problem
from monitors.audit.collect.backends import answering_host, from_answers, recording
from monitors.audit.judge.command_list import EVERYTHING, asked_by
from monitors.audit.judge.runner import Check, CheckFiles, check_function, run_check
from monitors.audit.model.controls import Control, ControlTable
from monitors.audit.model.results import Outcome
from monitors.collection.bundle import Answer

ARGUMENTS = frozenset({"host", "declared", "limits", "outside"})
DEFINED = re.compile(r"^def (test_\w+)\(", re.MULTILINE)
LIMIT = re.compile(r"limits\[[\"'](\w+)[\"']\]")
# Answers that no command list is made from: a check that asks more because of one asks too late.
STRANGE = (Answer(0, "{}"), Answer(0, "0"), Answer(2, "x"), Answer(127, "", "not found"))


def find_check_problems(table: ControlTable, own: Own) -> Iterator[Problem]:
    """Yield what is wrong with an estate's own check files; runs their code, against no host."""
    rows = [control for control in table.controls if control.own]
    named = {control.check for control in rows}
    for file in own.checks:
        for match in DEFINED.finditer(file.read_text(encoding="utf-8", errors="replace")):
            if f"{file.stem}.{match[1]}" not in named:
                line = match.string[: match.start()].count("\n") + 1
                yield Problem(
                    file,
                    line,
                    match[1],
                    "no control has this check",
                    f"a row with check: {file.stem}.{match[1]}",
                    "write the row, or remove the check",
                )
    for control in rows:
        yield from _check(control, own.checks)


def _check(control: Control, own: CheckFiles) -> Iterator[Problem]:
    file = next(path for path in own if path.stem == control.module)
    function = control.check.partition(".")[2]
    try:
        check = check_function(control.check, own)
    except LookupError as error:
        cause = error.__cause__
        line = (cause.lineno or 0) if isinstance(cause, SyntaxError) else 0
        message = f"cannot be loaded: {cause!r}" if cause else f"has no function {function}"
        expected = f"a check {function}(host), as {control.id} names it"
        yield Problem(file, line, "", message, expected, "write it, or correct the row")
        return
    line = inspect.unwrap(check).__code__.co_firstlineno
    for message, expected, action in (*_form(control, check), *_behaviour(control, own)):
        yield Problem(file, line, function, message, expected, action)


def _form(control: Control, check: Check) -> Iterator[tuple[str, str, str]]:
    prefix = f"test_{control.tag.replace('-', '_')}_"
    if not check.__name__.startswith(prefix):
        yield (f"is the check of {control.id}", f"a name that begins with {prefix}", "rename it")
    if not check.__doc__:
        yield ("says nothing of what it proves", "a docstring of one sentence", "write it")
    if unknown := set(inspect.signature(check).parameters) - ARGUMENTS:
        yield (
            f"takes {', '.join(sorted(unknown))}",
            f"of {', '.join(sorted(ARGUMENTS))} what it needs",
            "leave the others out",
        )
    if (used := set(LIMIT.findall(inspect.getsource(check)))) != set(control.limits):
        yield (
            f"uses the limits {', '.join(sorted(used)) or 'none'}",
            f"those of {control.id}: {', '.join(sorted(control.limits)) or 'none'}",
            'read each as limits["NAME"], and name none that the row lacks',
        )


def _behaviour(control: Control, own: CheckFiles) -> Iterator[tuple[str, str, str]]:
    host, _ = answering_host(EVERYTHING.host, from_answers({}))
    outcome, _ = run_check(control, host, EVERYTHING, own)
    if outcome is not Outcome.ERROR:
        yield (
            f"says {outcome} of a host that answers nothing",
            "a check that asks the host, so that silence is an error and never a pass",
            "ask with host.run, host.file … before anything is judged",
        )
    listed = asked_by(control, own)
    for answer in STRANGE:
        host, trace = answering_host(EVERYTHING.host, recording(answer))
        run_check(control, host, EVERYTHING, own)
        if late := set(trace.commands) - listed:
            yield (
                f"asks `{min(late)}` only after some answers",
                "every command asked whatever the others answer: the collector's list is fixed",
                "ask it first, then judge",
            )
            return
