"""Work over a graph."""

import threading

import pytest

from infra.engine.embedded import graph


def test_work_that_fails_keeps_back_what_waits_for_it_and_nothing_else() -> None:
    done: list[str] = []

    def work(node: str) -> bool:
        done.append(node)
        return node != "b"

    left = graph.run({"a": {"b"}, "b": set(), "c": {"d"}, "d": set()}, work, 2)

    assert left == ["a"]
    assert sorted(done) == ["b", "c", "d"]
    assert done.index("d") < done.index("c")


def test_an_exception_is_raised_at_the_end_after_the_rest_is_done() -> None:
    done: list[str] = []

    def work(node: str) -> bool:
        if node == "bad":
            raise ValueError(node)
        done.append(node)
        return True

    with pytest.raises(ValueError, match="bad"):
        graph.run({"bad": set(), "good": set()}, work, 1)
    assert done == ["good"]


def test_a_circle_is_reported_as_not_reached() -> None:
    assert sorted(graph.run({"a": {"b"}, "b": {"a"}}, lambda _: True, 2)) == ["a", "b"]


def test_what_does_not_wait_runs_side_by_side() -> None:
    both = threading.Barrier(2, timeout=30)

    assert graph.run({"a": set(), "b": set()}, lambda _: both.wait() >= 0, 2) == []


def test_nothing_to_do_is_done() -> None:
    assert graph.run({}, lambda _: True, 2) == []
