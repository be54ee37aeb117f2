"""Judges one host: a bundle, the control table, what is declared and the waivers give results.

Pure: the same inputs give the same results, whenever and wherever they are judged.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from inventory.model.waivers import ESTATE_SCOPE, Waiver
from monitors.audit.collect.backends import answering_host, from_answers
from monitors.audit.judge.runner import CheckFiles, judges_view, run_check
from monitors.audit.model.canonical import sha256_of
from monitors.audit.model.controls import Control, ControlTable
from monitors.audit.model.declared import Declared
from monitors.audit.model.results import Accepted, Evidence, HostAudit, Outcome, Result
from monitors.collection.bundle import Answer, Bundle
from monitors.outside.document import OutsideView

MAX_EXCERPT_LINES = 8
MAX_LINE_CHARACTERS = 200
DECLARED = ("host", "municipality", "tier", "roles", "level")
# Stands where a command does, of what was seen and not asked.
OUTSIDE = "the outside view"


def judge(
    bundle: Bundle,
    table: ControlTable,
    declared: Declared,
    waivers: Iterable[Waiver] = (),
    own: CheckFiles = (),
    outside: OutsideView | None = None,
) -> tuple[Result, ...]:
    """Return one result a control, in the table's order; waivers are dated by the bundle.

    `own` are the estate's own check files, `outside` is what was seen from another host.
    """
    answers = bundle.answers()
    on = bundle.collected.date()
    results = (_judge_one(control, answers, declared, own, outside) for control in table.controls)
    return tuple(with_waiver(result, declared, tuple(waivers), on) for result in results)


def judge_host(
    bundle: Bundle,
    table: ControlTable,
    declared: Declared,
    waivers: Iterable[Waiver],
    path: Path,
    own: CheckFiles = (),
    outside: OutsideView | None = None,
) -> HostAudit:
    """Return a host's results from its bundle, kept at `path` under the state folder."""
    return HostAudit(
        **_host(declared),
        collected=bundle.collected,
        bundle=str(path),
        collector=bundle.collector,
        commands_sha256=bundle.commands_sha256,
        results=judge(bundle, table, declared, waivers, own, outside),
    )


def unjudged(
    table: ControlTable, declared: Declared, problem: str, seconds: float = 0.0
) -> HostAudit:
    """Return the results of a host that there is no bundle of, and why."""
    results = all_errors(table, declared, problem)
    return HostAudit(**_host(declared), problem=problem, seconds=seconds, results=results)


def _host(declared: Declared) -> dict[str, Any]:
    return {name: getattr(declared, name) for name in DECLARED}


def all_errors(table: ControlTable, declared: Declared, problem: str) -> tuple[Result, ...]:
    """Return the results of a host that could not be asked: error wherever a control applies."""
    return tuple(
        _out_of_scope(control, declared)
        or Result(
            control=control.id, severity=control.severity, outcome=Outcome.ERROR, reason=problem
        )
        for control in table.controls
    )


def _judge_one(
    control: Control,
    answers: Mapping[str, Answer],
    declared: Declared,
    own: CheckFiles,
    outside: OutsideView | None,
) -> Result:
    if skipped := _out_of_scope(control, declared):
        return skipped
    host, trace = answering_host(declared.host, from_answers(answers))
    outcome, reason = run_check(control, host, declared, own, outside)
    asked = [(c, answers[c]) for c in trace.commands if c in answers]
    return Result(
        control=control.id,
        severity=control.severity,
        outcome=outcome,
        reason=reason,
        evidence=(
            *(_evidence(command, answer, reason) for command, answer in asked),
            *(_seen(outside, reason) if outside and judges_view(control, own) else ()),
        ),
    )


def _out_of_scope(control: Control, declared: Declared) -> Result | None:
    reason = control.applies(declared.roles, declared.tier, declared.level)
    if reason is None:
        return None
    return Result(
        control=control.id, severity=control.severity, outcome=Outcome.SKIP, reason=reason
    )


def _seen(outside: OutsideView, reason: str) -> tuple[Evidence]:
    """Return the view's hash, as evidence beside the answers, and its summary when it matters."""
    text = "\n".join(outside.summary)
    return (
        Evidence(
            command=OUTSIDE,
            rc=0,
            sha256=sha256_of(outside.model_dump(mode="json")),
            excerpt=_excerpt(Answer(0, text), reason) if reason else "",
        ),
    )


def _evidence(command: str, answer: Answer, reason: str) -> Evidence:
    """Return an answer's hash, and of one that did not pass the lines that the reason names."""
    return Evidence(
        command=command,
        rc=answer.rc,
        sha256=hashlib.sha256(answer.stdout.encode()).hexdigest(),
        excerpt=_excerpt(answer, reason) if reason else "",
    )


def _excerpt(answer: Answer, reason: str) -> str:
    lines = (answer.stdout or answer.stderr).splitlines()
    words = set(reason.replace("'", " ").replace(",", " ").replace(":", " ").split())
    named = [line for line in lines if words & set(line.replace(":", " ").split()[:1])]
    chosen = (named or lines)[:MAX_EXCERPT_LINES]
    return "\n".join(line[:MAX_LINE_CHARACTERS] for line in chosen)


def with_waiver(
    result: Result, declared: Declared, waivers: tuple[Waiver, ...], on: date
) -> Result:
    """Return a failure with the waiver that covers it on a day, or covered it last, if any.

    Of several in force the one that lasts longest is named; one that begins later is not.
    """
    scopes = {declared.host, declared.municipality, ESTATE_SCOPE}
    begun = [
        waiver
        for waiver in waivers
        if waiver.control == result.control and waiver.scope in scopes and waiver.granted <= on
    ]
    if not begun or result.outcome is not Outcome.FAIL:
        return result
    longest = max(begun, key=lambda waiver: waiver.expires)
    accepted = Accepted(
        scope=longest.scope,
        reason=longest.reason,
        owner=longest.owner,
        approver=longest.approver,
        measure=longest.measure,
        expires=longest.expires,
        expired=not longest.in_force(on),
    )
    return result.model_copy(update={"waiver": accepted})
