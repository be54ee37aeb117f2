from infra.engine.stack.integrity import problems
from tests.infra.engine.embedded.states import state


def test_a_snapshot_out_of_order_is_described() -> None:
    child = state("b", on=["a"], provider="urn:p::1")
    broken = problems([child, state("a"), state("a")])

    assert len(broken) == 3
    assert "does not come before it" in broken[0]
    assert "uses the provider urn:p::1" in broken[1]
    assert broken[2].endswith("::a is there twice")
