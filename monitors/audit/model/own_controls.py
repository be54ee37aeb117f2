"""An estate's own controls: rows as ours, in its `controls/`, after ours in one table."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from inventory.own import Own
from inventory.parsed import ParsedFile
from inventory.problems import InventoryError, Problem
from inventory.source import read_source
from inventory.validation import problems_of
from monitors.audit.model.controls import Control, ControlTable, load_controls, titled

Topic = ParsedFile[ControlTable]


def controls_of(own: Own) -> ControlTable:
    """Return our controls and the estate's own; InventoryError lists every row that is wrong."""
    ours = load_controls()
    if not own.controls and not own.checks:
        return ours
    topics = [_read(file) for file in own.controls]
    parsed = [topic for topic in topics if isinstance(topic, ParsedFile)]
    problems = [each for topic in topics if isinstance(topic, tuple) for each in topic]
    problems += _names_of_ours(own, ours)
    problems += _rows(parsed, ours, {check.stem for check in own.checks})
    if problems:
        raise InventoryError(tuple(problems))
    rows = (titled(control) for topic in parsed for control in topic.value.controls)
    added = tuple(control.model_copy(update={"own": True}) for control in rows)
    return ControlTable(controls=(*ours.controls, *added))


def _read(file: Path) -> Topic | tuple[Problem, ...]:
    source = read_source(file)
    if isinstance(source, Problem):
        return (source,)
    try:
        return ParsedFile(source, ControlTable.model_validate(source.data))
    except ValidationError as error:
        return problems_of(error, source, ControlTable)


def _names_of_ours(own: Own, ours: ControlTable) -> Iterator[Problem]:
    modules = {control.module for control in ours.controls}
    for check in own.checks:
        if check.stem in modules:
            yield Problem(
                check,
                0,
                "",
                "Bastide's own checks have a file of that name",
                "a name that none of them has",
                "rename it, and in `check:` of its rows",
            )


def _rows(topics: list[Topic], ours: ControlTable, modules: set[str]) -> Iterator[Problem]:
    taken = {control.id: "Bastide has a control" for control in ours.controls}
    for topic in topics:
        for index, control in enumerate(topic.value.controls):
            yield from _row(topic, ("controls", index), control, taken, modules)
            taken.setdefault(control.id, f"{topic.where(('controls', index, 'id'))} is a control")


def _row(
    topic: Topic,
    at: tuple[str | int, ...],
    control: Control,
    taken: Mapping[str, str],
    modules: set[str],
) -> Iterator[Problem]:
    if control.id in taken:
        yield topic.problem(
            (*at, "id"), f"{taken[control.id]} {control.id}", "an id of its own", "number it anew"
        )
    if control.module not in modules:
        yield topic.problem(
            (*at, "check"),
            f"there is no {control.module}.py beside this file",
            "test_FILE.test_FUNCTION, with the file beside the table",
            "write the check, or correct the name",
        )
    try:
        titled(control)
    except (LookupError, ValueError):
        yield topic.problem(
            (*at, "title"),
            "names a limit that `limits` does not have",
            f"in braces one of: {', '.join(control.limits) or 'nothing, there are no limits'}",
            "add the limit, or correct the title",
        )
