"""Metric families of SNMP polls, and their Prometheus text: fast, and read like the library's.

Only :func:`render` knows the text exposition format 0.0.4
(https://prometheus.io/docs/instrumenting/exposition_formats/). All other metrics go through
``prometheus_client``, whose ``generate_latest`` costs more CPU than a whole fast SNMP poll.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple

MetricType = Literal["counter", "gauge", "untyped"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_LABEL_ESCAPED = re.compile(r"\\(.)")
_LABEL_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HELP_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n"})


Labels = Mapping[str, str] | str
Point = tuple[Labels, float]


class Sample(NamedTuple):
    """One value of a family, told apart from its siblings by its labels.

    ``value`` is in the family's base unit; NaN and infinities are allowed. Rows that share
    their labels may share one mapping: it is rendered once. Labels that stay for hours may be
    given as ``labels_text`` renders them: small, and not rendered again; ``pairs`` reads both.
    """

    labels: Labels
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
    known: dict[int, str] = {}
    lines: list[str] = []
    for group in merged.values():
        lines.extend(_block(group, known))
    return "\n".join(lines) + "\n" if lines else ""


def _block(group: list[Family], known: dict[int, str]) -> list[str]:
    name, kind = group[0].name, group[0].type
    if any(family.type != kind for family in group):
        raise ValueError(f"metric {name}: two collectors give it different types")
    texts: list[str] = []
    lines: list[str] = []
    for family in group:
        labels = [
            given if type(given) is str else _known_text(given, known)
            for given, _ in family.samples
        ]
        texts += labels
        values = [value for _, value in family.samples]
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


def _known_text(labels: Labels, known: dict[int, str]) -> str:
    if isinstance(labels, str):
        return labels
    text = known.get(id(labels))
    if text is None:
        text = known[id(labels)] = labels_text(labels)
    return text


def labels_text(labels: Mapping[str, str]) -> str:
    """Write labels as they stand between name and value.

    Raises ValueError when a label name is not acceptable.
    """
    if not labels:
        return ""
    pairs = [
        f'{_label_name(name)}="{value.translate(_LABEL_ESCAPES)}"' for name, value in labels.items()
    ]
    return "{" + ",".join(pairs) + "}"


def pairs(labels: Labels) -> dict[str, str]:
    """Return a sample's labels by name, also those that ``labels_text`` wrote."""
    if not isinstance(labels, str):
        return dict(labels)
    return {name: _LABEL_ESCAPED.sub(_unescaped, value) for name, value in _PAIR.findall(labels)}


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]


@cache
def _metric_name(name: str) -> str:
    if not _METRIC_NAME.fullmatch(name):
        raise ValueError(f"metric name {name!r}: expected {_METRIC_NAME.pattern}")
    return name


@cache
def _label_name(name: str) -> str:
    if not _LABEL_NAME.fullmatch(name):
        raise ValueError(f"label name {name!r}: expected {_LABEL_NAME.pattern}")
    return name


def _number(value: float) -> str:
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    if isinstance(value, bool):
        return "1" if value else "0"
    return repr(value)
