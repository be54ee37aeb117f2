from collections.abc import Sequence

from infra.engine.embedded.replacements import dependents
from infra.engine.embedded.responses import Diff
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import UNKNOWN, Properties
from tests.infra.engine.embedded.states import state, urn


def replaced(
    former: Sequence[ResourceState], registered: frozenset[str] = frozenset()
) -> list[str]:
    def diff_of(_: ResourceState, inputs: Properties) -> Diff:
        return Diff(True, ("source",) if inputs["source"] is UNKNOWN else ())

    affected = dependents(former[0], former, registered, diff_of)
    return [one.id for one in affected]


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
