"""Metric families of SNMP polls, and their Prometheus text: fast, and read like the library's.

Only :func:`render` knows the text exposition format 0.0.4
(https://prometheus.io/docs/instrumenting/exposition_formats/). All other metrics go through
``prometheus_client``, whose ``generate_latest`` costs more CPU than a whole fast SNMP poll.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from sys import intern
from typing import Literal, NamedTuple
from weakref import WeakValueDictionary

MetricType = Literal["counter", "gauge", "untyped"]

_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_LABEL_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


def labels_text(labels: Mapping[str, str]) -> str:
    """Return labels as they stand between name and value.

    Raises ValueError when a label name is not acceptable.
    """
    if isinstance(labels, Labels):
        return labels.text
    if not labels:
        return ""
    pairs = [
        f'{_label_name(name)}="{value.translate(_LABEL_ESCAPES)}"' for name, value in labels.items()
    ]
    return "{" + ",".join(pairs) + "}"


@cache
def _label_name(name: str) -> str:
    if not _LABEL_NAME.fullmatch(name):
        raise ValueError(f"label name {name!r}: expected {_LABEL_NAME.pattern}")
    return name


class Labels(Mapping[str, str]):
    """Labels that stay for hours, rendered once; ``text`` stands between name and value.

    Values are interned, so that the same ones of a whole fleet take memory once.
    Raises ValueError when a label name is not acceptable.
    """

    __slots__ = ("__weakref__", "_names", "_values", "text")

    def __init__(self, labels: Mapping[str, str]) -> None:
        """Render."""
        self._names, self._values = tuple(labels), tuple(map(intern, labels.values()))
        self.text = labels_text(labels)

    def __getitem__(self, name: str) -> str:
        """A label's value."""
        try:
            return self._values[self._names.index(name)]
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of the text."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._names)

    def __hash__(self) -> int:
        """As equality: by names and values, in whatever order."""
        return hash(frozenset(self.items()))

    def __repr__(self) -> str:
        """As in the exposition format."""
        return f"Labels({self.text})"

    def extended(self, more: Mapping[str, str]) -> "Labels":
        """Return these labels with more of them behind; only those are rendered."""
        if not more:
            return self
        added = labels_text(more)
        longer = Labels.__new__(Labels)
        longer._names, longer._values = (*self._names, *more), (*self._values, *more.values())
        longer.text = f"{self.text[:-1]},{added[1:]}" if self.text else added
        return longer


NO_LABELS = Labels({})
_SHARED: WeakValueDictionary[str, Labels] = WeakValueDictionary()


def shared_labels(labels: Mapping[str, str]) -> Labels:
    """Return labels rendered; equal ones of a fleet of equal devices are one object in memory."""
    rendered = Labels(labels)
    return _SHARED.setdefault(rendered.text, rendered)


Point = tuple[Mapping[str, str], float]


class Sample(NamedTuple):
    """One value of a family, told apart from its siblings by its labels.

    ``value`` is in the family's base unit; NaN and infinities are allowed. Rows that share
    their labels may share one mapping: it is rendered once. ``Labels`` are not rendered again.
    """

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its full name, help, type and samples.

    The name is the one that Prometheus shows (a counter carries its ``_total`` itself).
    Raises ValueError when the name is not one that Prometheus accepts.
    """

    name: str
    help: str
    type: MetricType
    samples: tuple[Point, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse a name that would make the whole scrape unreadable."""
        _metric_name(self.name)


def gauge(name: str, help_text: str, value: float, **labels: str) -> Family:
    """Make the common case: a gauge with one sample.

    Raises ValueError when the name is not one that Prometheus accepts.
    """
    return Family(name, help_text, "gauge", (Sample(labels, value),))


def render(families: Iterable[Family]) -> str:
    """Write families as Prometheus text, one block per name, in the order of first appearance.

    Families of one name are merged into one block, since the format forbids two. Families
    without samples are left out. Raises ValueError when a label name is not acceptable, when
    one name comes with two types, or when two samples of a name have the same labels.
    """
    merged: dict[str, list[Family]] = {}
    for family in families:
        merged.setdefault(family.name, []).append(family)
    # Keyed by identity: `merged` keeps every mapping alive meanwhile.
    rendered: dict[int, str] = {}
    lines: list[str] = []
    for group in merged.values():
        lines.extend(_block(group, rendered))
    return "\n".join(lines) + "\n" if lines else ""


def _block(group: list[Family], rendered: dict[int, str]) -> list[str]:
    name, kind = group[0].name, group[0].type
    if any(family.type != kind for family in group):
        raise ValueError(f"metric {name}: two collectors give it different types")
    texts: list[str] = []
    lines: list[str] = []
    for family in group:
        labels = [
            given.text if type(given) is Labels else _rendered_once(given, rendered)
            for given, _ in family.samples
        ]
        values = [value for _, value in family.samples]
        texts += labels
        if set(map(type, values)) <= {int}:
            lines += [f"{name}{text} {value}" for text, value in zip(labels, values, strict=True)]
        else:
            numbers = map(_number, values)
            lines += [f"{name}{text} {value}" for text, value in zip(labels, numbers, strict=True)]
    if len(set(texts)) != len(texts):
        raise ValueError(f"metric {name}: two samples have the same labels")
    if not lines:
        return []
    help_text = group[0].help.translate(_HELP_ESCAPES)
    return [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}", *lines]


def _rendered_once(labels: Mapping[str, str], rendered: dict[int, str]) -> str:
    text = rendered.get(id(labels))
    if text is None:
        text = rendered[id(labels)] = labels_text(labels)
    return text


@cache
def _metric_name(name: str) -> str:
    if not _METRIC_NAME.fullmatch(name):
        raise ValueError(f"metric name {name!r}: expected {_METRIC_NAME.pattern}")
    return name


def _number(value: float) -> str:
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    if isinstance(value, bool):
        return "1" if value else "0"
    return repr(value)
