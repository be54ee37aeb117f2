from infra.engine.embedded import deletions
from infra.engine.stack.resource_state import ResourceState
from tests.infra.engine.embedded.states import state


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
