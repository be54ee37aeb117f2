"""What a registration leads to: the decisions, without any provider."""

from typing import Any

import pytest

from infra.engine.embedded.decisions import Action, decide, without_diff
from infra.engine.embedded.registration import Registration
from infra.engine.embedded.responses import Diff
from infra.engine.stack.resource_state import ResourceState
from tests.infra.engine.embedded.states import state

REGISTRATION = Registration("toy:index:Thing", "hall", True)


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

    decision = decide(old, new, REGISTRATION, diff, force=given.get("force", False))

    assert (decision.action, decision.delete_first) == (action, first)


def test_the_program_overrides_the_providers_order() -> None:
    registration = Registration("toy:index:Thing", "hall", True, delete_before_replace=False)
    diff = Diff(True, ("content",), delete_before_replace=True)

    assert not decide(state("hall"), state("hall"), registration, diff).delete_first
