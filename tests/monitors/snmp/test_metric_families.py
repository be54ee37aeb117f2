"""Prometheus text: what would break a scrape is refused, what is odd is escaped."""

import math
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.metrics_core import UnknownMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from monitors.snmp.metric_families import (
    Family,
    Labels,
    MetricType,
    Sample,
    gauge,
    render,
    shared_labels,
)
from tests.monitors.exposed import exposed

LIBRARY = {
    "gauge": GaugeMetricFamily,
    "counter": CounterMetricFamily,
    "untyped": UnknownMetricFamily,
}
# Both write a carriage return as it is, and the library's parser ends a line there.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)
LABEL_NAME = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
VALUES = st.one_of(st.floats(), st.integers(-(2**53), 2**53), st.booleans())

Parsed = tuple[str, str, str, list[tuple[str, dict[str, str], str]]]
"""A family's name, type and help, and its samples; values as text, since NaN equals nothing."""


@st.composite
def families(draw: st.DrawFn) -> list[Family]:
    """Families as collectors make them: one set of label names each, no two samples alike."""
    drawn = []
    for number in range(draw(st.integers(1, 3))):
        kind: MetricType = draw(st.sampled_from(["gauge", "counter", "untyped"]))
        name = f"bastide_{number}" + ("_total" if kind == "counter" else "")
        labels = draw(st.lists(LABEL_NAME, unique=True, max_size=3))
        row = st.tuples(*(TEXT for _ in labels))
        rows = draw(st.lists(row, unique=True, min_size=1, max_size=3))
        samples = tuple(Sample(dict(zip(labels, r, strict=True)), draw(VALUES)) for r in rows)
        drawn.append(Family(name, draw(TEXT), kind, samples))
    return drawn


def by_the_library(family: Family) -> Metric:
    """The same family, as a collector of the library gives it."""
    metric: Metric = LIBRARY[family.type](family.name, family.help)
    for labels, value in family.samples:
        metric.add_sample(family.name, dict(labels), value)
    return metric


def parsed(text: str) -> list[Parsed]:
    """What a scraper reads."""
    return [
        (
            family.name,
            family.type,
            family.documentation,
            [(sample.name, sample.labels, repr(float(sample.value))) for sample in family.samples],
        )
        for family in text_string_to_metric_families(text)
    ]


@given(families())
def test_the_fast_text_reads_as_that_of_the_library(drawn: list[Family]) -> None:
    library = exposed(by_the_library(family) for family in drawn)
    assert parsed(render(drawn)) == parsed(library)


def test_a_scraper_reads_back_what_was_measured() -> None:
    odd, empty = {"text": 'a "quoted" \\ backslash,\nsecond line'}, {"text": ""}
    samples = (Sample(odd, math.nan), Sample(empty, -math.inf))
    family = Family("bastide_a", "One\ntwo \\.", "gauge", samples)
    read = [("bastide_a", odd, "nan"), ("bastide_a", empty, "-inf")]
    assert parsed(render([family])) == [("bastide_a", "gauge", "One\ntwo \\.", read)]


def test_a_name_that_prometheus_refuses_is_refused_before_it_is_rendered() -> None:
    with pytest.raises(ValueError, match="two words"):
        Family("two words", "help", "gauge")


@pytest.mark.parametrize("name", ["0day", "__reserved", "a-b", ""])
def test_a_label_name_that_prometheus_refuses_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="label name"):
        render([Family("up", "help", "gauge", (Sample({name: "x"}, 1),))])


def test_two_samples_with_the_same_labels_are_refused() -> None:
    twins = (Sample({"a": "1"}, 1), Sample({"a": "1"}, 2))
    with pytest.raises(ValueError, match="same labels"):
        render([Family("up", "help", "gauge", twins)])


def test_one_name_with_two_types_is_refused() -> None:
    with pytest.raises(ValueError, match="different types"):
        render([Family("up", "h", "gauge"), Family("up", "h", "counter")])


def test_families_of_one_name_become_one_block() -> None:
    text = render([gauge("a", "h", 1, x="1"), gauge("b", "h", 2), gauge("a", "h", 3, x="2")])
    assert text == (
        '# HELP a h\n# TYPE a gauge\na{x="1"} 1\na{x="2"} 3\n# HELP b h\n# TYPE b gauge\nb 2\n'
    )


def test_nothing_measured_renders_nothing() -> None:
    assert render([]) == ""
    assert render([Family("a", "h", "gauge")]) == ""


def test_quotes_backslashes_and_line_ends_are_escaped() -> None:
    text = render([gauge("a", "one\ntwo\\", 1, x='q"b\\n\n')])
    assert text.splitlines() == [r"# HELP a one\ntwo\\", "# TYPE a gauge", r'a{x="q\"b\\n\n"} 1']


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (2**53, "9007199254740992"),
        (0.25, "0.25"),
        (True, "1"),
    ],
)
def test_numbers_keep_their_digits(value: float, text: str) -> None:
    assert render([gauge("a", "h", value)]).splitlines()[-1] == f"a {text}"


def test_promtool_accepts_the_text() -> None:
    text = render([gauge("bastide_a_ratio", "A ratio.", 0.5, x='é"\\\n')])
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


ODD = {"a": 'q"b\\n\n', "b": ""}


def test_labels_are_a_mapping_that_renders_as_one() -> None:
    labels = Labels(ODD)
    assert labels == ODD
    assert list(labels) == ["a", "b"]
    assert (labels["a"], labels.get("c")) == (ODD["a"], None)
    assert render([Family("m", "h", "gauge", (Sample(labels, 1),))]) == render(
        [gauge("m", "h", 1, **ODD)]
    )


@pytest.mark.parametrize("first", [{}, {"x": "1"}, ODD])
@pytest.mark.parametrize("more", [{}, {"state": 'on"'}, {"y": "2", "z": "3"}])
def test_extended_labels_are_those_of_both(first: dict[str, str], more: dict[str, str]) -> None:
    longer = Labels(first).extended(more)
    assert longer == {**first, **more}
    assert longer.text == Labels({**first, **more}).text
    assert hash(longer) == hash(Labels({**first, **more}))


def test_equal_labels_are_one_object_while_somebody_has_them() -> None:
    kept = shared_labels({"a": "1"})
    assert shared_labels({"a": "1"}) is kept
    assert shared_labels({"a": "2"}) is not kept


def test_a_family_renders_labels_and_mappings_alike_and_refuses_twins_of_either() -> None:
    mixed = Family("m", "h", "gauge", (Sample(Labels({"a": "1"}), 1), Sample({"a": "2"}, 2)))
    assert render([mixed]).splitlines()[2:] == ['m{a="1"} 1', 'm{a="2"} 2']
    twins = Family("m", "h", "gauge", (Sample(Labels({"a": "1"}), 1), Sample({"a": "1"}, 2)))
    with pytest.raises(ValueError, match="same labels"):
        render([twins])
