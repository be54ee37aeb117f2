"""Prometheus text: what would break a scrape is refused, what is odd is escaped."""

import math
import subprocess

import pytest

from monitors.metrics import Family, Sample, gauge, render


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
