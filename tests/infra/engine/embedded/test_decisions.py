"""What a registration leads to: the decisions, without any provider."""

from collections.abc import Sequence
from typing import Any

import pytest

from infra.engine.embedded import deletions
from infra.engine.embedded.decisions import Action, decide, without_diff
from infra.engine.embedded.registration import Registration
from infra.engine.embedded.replacements import dependents
from infra.engine.embedded.responses import Diff
from infra.engine.stack import integrity
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import UNKNOWN, Properties


def state(name: str, **given: Any) -> ResourceState:
    """Make a resource's state; `on` names those that its property `source` comes from."""
    sources = tuple(urn(one) for one in given.pop("on", ()))
    given.setdefault("inputs", {"source": "x"} if sources else {"content": "1"})
    return ResourceState(
        urn=urn(name),
        type="toy:index:Thing",
        **{"custom": True, "id": name, **given},
        dependencies=sources,
        property_dependencies={"source": sources} if sources else {},
    )


def urn(name: str) -> str:
    return f"urn:pulumi:dev::town::toy:index:Thing::{name}"


GOAL = Registration("toy:index:Thing", "hall", True)


@pytest.mark.parametrize(
    ("old", "action"),
    [
        (None, Action.CREATE),
        (state("hall", external=True), Action.CREATE),
        (state("hall", id=""), Action.CREATE),
        (state("hall", pending_replacement=True), Action.RECREATE),
    ],
)
def test_some_states_need_no_comparison(old: ResourceState | None, action: Action) -> None:
    decision = without_diff(old)
    assert decision is not None
    assert decision.action is action


@pytest.mark.parametrize(
    ("diff", "given", "action", "first"),
    [
        (Diff(False), {}, Action.SAME, False),
        (Diff(True), {}, Action.UPDATE, False),
        (Diff(None), {}, Action.SAME, False),
        (Diff(None), {"inputs": {"content": "2"}}, Action.UPDATE, False),
        (Diff(True, ("content",)), {}, Action.REPLACE, False),
        (Diff(True, ("content",), delete_before_replace=True), {}, Action.REPLACE, True),
        (Diff(False), {"old": {"init_errors": ("half made",)}}, Action.UPDATE, False),
        (Diff(False), {"force": True}, Action.UPDATE, False),
        (Diff(False), {"old": {"custom": False}}, Action.REPLACE, False),
    ],
)
def test_a_comparison_decides(
    diff: Diff, given: dict[str, Any], action: Action, first: bool
) -> None:
    old = state("hall", **given.get("old", {}))
    new = state("hall", inputs=given.get("inputs", {"content": "1"}))

    decision = decide(old, new, GOAL, diff, force=given.get("force", False))

    assert (decision.action, decision.delete_first) == (action, first)


def test_the_program_overrides_the_providers_order() -> None:
    registration = Registration("toy:index:Thing", "hall", True, delete_before_replace=False)
    diff = Diff(True, ("content",), delete_before_replace=True)

    assert not decide(state("hall"), state("hall"), registration, diff).delete_first


def replaced(
    former: Sequence[ResourceState], registered: frozenset[str] = frozenset()
) -> list[str]:
    def diff_of(_: ResourceState, inputs: Properties) -> Diff:
        return Diff(True, ("source",) if inputs["source"] is UNKNOWN else ())

    found = dependents(former[0], former, registered, diff_of)
    return [one.id for one in found]


def test_dependents_are_replaced_down_the_line() -> None:
    former = [state("a"), state("b", on=["a"]), state("c", on=["b"]), state("d"), state("e")]

    assert replaced(former) == ["b", "c"]


def test_what_has_registered_already_or_is_not_ours_stays() -> None:
    former = [
        state("a"),
        state("b", on=["a"]),
        state("c", on=["a"], external=True),
        state("d", on=["a"], custom=False, id=""),
        state("e", on=["a"], delete=True),
    ]

    assert replaced(former, frozenset({urn("b")})) == []


def test_deletions_wait_for_all_that_refers_to_them() -> None:
    provider = ResourceState(
        urn="urn:pulumi:dev::town::pulumi:providers:toy::default",
        type="pulumi:providers:toy",
        custom=True,
        id="p",
    )
    parent = state("site", custom=False, id="")
    reference = f"{provider.urn}::p"
    child = state("a", parent=parent.urn, provider=reference)
    dependent = state("b", on=["a"], provider=reference)

    waits = deletions.order([provider, parent, child, dependent])

    assert waits == {
        provider: {child, dependent},
        parent: {child},
        child: {dependent},
        dependent: set(),
    }


def test_a_snapshot_out_of_order_is_described() -> None:
    child = state("b", on=["a"], provider="urn:p::1")
    found = integrity.problems([child, state("a"), state("a")])

    assert len(found) == 3
    assert "does not come before it" in found[0]
    assert "uses the provider urn:p::1" in found[1]
    assert found[2].endswith("::a is there twice")
