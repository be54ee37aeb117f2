"""What is cut off when something does not answer: all that no way leads to any more."""

from collections.abc import Mapping

import pytest

from inventory.entries import devices, hosts
from inventory.reached_through import above, behind, cut_off, nearest_needed, needed, ways_in
from tests.monitors.audit.estates import lab

# Two edges; the core hangs on both, the attic on the core, the shed on one edge alone.
CAMPUS: Mapping[str, tuple[str, ...]] = {
    "edge1": (),
    "edge2": (),
    "core": ("edge1", "edge2"),
    "attic": ("core",),
    "shed": ("edge2",),
}
RING: Mapping[str, tuple[str, ...]] = {"edge": (), "a": ("edge", "b"), "b": ("edge", "a")}


@pytest.mark.parametrize(
    ("silent", "lost"),
    [
        ((), set()),
        (("edge1",), set()),
        (("edge2",), {"shed"}),
        (("edge1", "edge2"), {"core", "attic", "shed"}),
        (("core",), {"attic"}),
        (("attic",), set()),
        (("unknown",), set()),
    ],
)
def test_what_has_another_way_is_not_cut_off(silent: tuple[str, ...], lost: set[str]) -> None:
    assert cut_off(CAMPUS, silent) == lost


def test_a_ring_is_cut_off_at_its_edge_alone() -> None:
    assert cut_off(RING, ()) == frozenset()
    assert cut_off(RING, ("a",)) == frozenset()
    assert cut_off(RING, ("edge",)) == {"a", "b"}


def test_what_has_a_way_through_something_is_behind_it_whatever_other_ways_it_has() -> None:
    assert behind(CAMPUS, "edge1") == {"core", "attic"}
    assert behind(RING, "a") == {"b"}
    assert behind(CAMPUS, "attic") == frozenset()


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("edge1", {"edge1"}),
        ("core", {"core"}),
        ("attic", {"attic", "core"}),
        ("shed", {"shed", "edge2"}),
        ("unknown", set()),
    ],
)
def test_what_each_way_leads_through_is_needed(name: str, without: set[str]) -> None:
    assert needed(CAMPUS, name) == without


def test_in_a_ring_only_its_edge_is_needed() -> None:
    assert needed(RING, "b") == {"b", "edge"}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("edge1", None), ("core", None), ("attic", "core"), ("shed", "edge2"), ("unknown", None)],
)
def test_the_nearest_that_is_needed_is_what_all_ways_lead_through(
    name: str, nearest: str | None
) -> None:
    assert nearest_needed(CAMPUS, name) == nearest


def test_of_several_that_are_needed_the_last_on_the_way_is_the_nearest() -> None:
    ways = {**CAMPUS, "left": ("attic",), "right": ("attic",), "room": ("left", "right")}
    assert nearest_needed(ways, "room") == "attic"
    assert nearest_needed(RING, "b") == "edge"


def test_what_any_way_leads_through_is_above_but_not_what_is_reached_itself() -> None:
    assert above(CAMPUS, "attic") == {"core", "edge1", "edge2"}
    assert above(RING, "a") == {"b", "edge"}
    assert above(CAMPUS, "edge1") == frozenset()


def test_an_estates_ways_are_its_parents() -> None:
    ways = ways_in(lab())
    assert ways["velgora-edge"] == ()
    assert ways["velgora-switch"] == ("velgora-edge",)
    assert len(ways) == len(list(hosts(lab()))) + len(list(devices(lab())))
