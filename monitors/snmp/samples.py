"""Cells of a column become the samples of a metric."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import cast

from monitors.snmp import decode
from monitors.snmp.client import Missing, Raw
from monitors.snmp.decode import Beside, DecodeProblem
from monitors.snmp.metric_families import Family, Labels, Point, Sample, labels_text
from monitors.snmp.profile import Number
from monitors.snmp.table_walk import Cells
from monitors.snmp.units import range_of

LEVELS = ("ok", "warning", "critical", "unknown")
# By the index of each row; None for one that is not shown.
RowLabels = Mapping[bytes, Labels | None]


def column(
    spec: Number,
    cells: Cells,
    labels: RowLabels,
    beside: Callable[[bytes], Beside],
    problems: list[DecodeProblem],
) -> list[Point]:
    """The samples of a column; what makes no sense goes to ``problems``.

    ``beside`` gives a row's other cells.
    """
    if _plain(spec):
        return _counted(spec, cells, labels, problems)
    points: list[Point] = []
    for index, raw in cells.items():
        row = labels.get(index)
        if row is not None and _is_meant(spec, row) and is_shown(spec, beside(index)):
            points += value(spec, raw, row, beside(index), problems)
    return points


def value(
    spec: Number, raw: Raw, labels: Labels, beside: Beside, problems: list[DecodeProblem]
) -> Iterator[Point]:
    """The samples of one value: one, one a state, or none."""
    labels = labels.extended(spec.labels)
    if spec.bits:
        yield from _bits(spec, raw, labels)
        return
    number = decode.number(raw, spec, beside)
    if isinstance(number, DecodeProblem):
        problems.append(number)
    elif number is None:
        return
    elif spec.levels:
        word, level = _level(spec, number)
        yield Sample(labels.extended({"state": word}), level)
    elif not spec.states:
        yield Sample(labels, number)
    elif number not in spec.states:
        expected = ", ".join(map(str, sorted(spec.states)))
        problems.append(
            DecodeProblem(spec.oid, f"{spec.metric}: expected one of {expected}, found {number}")
        )
    else:
        for code, state in spec.states.items():
            yield Sample(labels.extended({"state": state}), int(code == number))


def _level(spec: Number, number: float) -> tuple[str, int]:
    """The maker's word for a state, and how bad it is."""
    for level, words in spec.levels.items():
        if number in words:
            return words[int(number)], LEVELS.index(level)
    return f"{number:g}", LEVELS.index("unknown")


def merge_families(families: Iterable[Family], problems: list[DecodeProblem]) -> list[Family]:
    """One family a name; where several tables give a series, the first one's counts."""
    groups: dict[str, list[Family]] = {}
    for family in families:
        groups.setdefault(family.name, []).append(family)
    return [_merged(group, problems) if len(group) > 1 else group[0] for group in groups.values()]


def _merged(group: list[Family], problems: list[DecodeProblem]) -> Family:
    first = group[0]
    alike = [family for family in group if family.type == first.type]
    if len(alike) < len(group):
        problems.append(DecodeProblem("", f"{first.name}: two profiles give it different types"))
    together = without_duplicates(point for family in alike for point in family.samples)
    return Family(first.name, first.help, first.type, together)


def without_duplicates(points: Iterable[Point]) -> tuple[Point, ...]:
    """The points of one metric without those whose labels an earlier one has."""
    first: dict[str, Point] = {}
    for point in points:
        labels = point[0]
        text = labels.text if type(labels) is Labels else labels_text(labels)
        first.setdefault(text, point)
    return tuple(first.values())


def _plain(spec: Number) -> bool:
    """Whether a number is shown as it is, as nearly all of a port table are."""
    beside = spec.plus or spec.less or spec.times or spec.over or spec.exponent or spec.unless
    meaning = spec.matches or spec.states or spec.levels or spec.absent or spec.bits or spec.words
    changed = spec.labels or spec.add or spec.scale != 1 or range_of(spec)
    return not (beside or meaning or spec.only or spec.where or changed)


def _counted(
    spec: Number, cells: Cells, labels: RowLabels, problems: list[DecodeProblem]
) -> list[Point]:
    """The points of a plain column; a port table's, in a few steps for all rows together."""
    values = list(cells.values())
    rows = [labels.get(index) for index in cells]
    # By their types: `None in rows` would compare each row's labels as a mapping.
    if set(map(type, rows)) == {Labels} and set(map(type, values)) == {int}:
        numbers = cast("list[int]", values)
        if min(numbers) >= 0 and max(numbers) < decode.COUNTER_MODULUS:
            return list(zip(cast("list[Labels]", rows), numbers, strict=True))
    points: list[Point] = []
    for row, raw in zip(rows, values, strict=True):
        if row is not None:
            points += value(spec, raw, row, _nothing, problems)
    return points


def _is_meant(spec: Number, row: Labels) -> bool:
    return all(row.get(label) in words for label, words in spec.where.items())


def is_shown(spec: Number, beside: Beside) -> bool:
    """Whether a number counts for what stands beside it."""
    if spec.unless and isinstance(beside(spec.unless), int | float):
        return False
    return all(decode.admitted(beside(only.oid), only) for only in spec.only)


def _bits(spec: Number, raw: Raw, labels: Labels) -> Iterator[Point]:
    bits = decode.bits(raw, spec)
    if bits is None:
        return
    if spec.matches:
        yield Sample(labels, int(bool(bits & spec.matches)))
        return
    for bit, state in spec.bits.items():
        yield Sample(labels.extended({"state": state}), int(bit in bits))


def _nothing(_: str) -> Raw:
    return Missing.OBJECT
