"""Property values on the wire."""

from typing import Any

import pytest
from hypothesis import given

from infra.engine.values import (
    RESOURCE,
    SIGNATURE,
    UNKNOWN,
    Secret,
    equal,
    from_struct,
    has_unknown,
    keep_secrets,
    mask,
    to_struct,
)
from tests.infra.engine.bags import BAGS, FEW


@FEW
@given(BAGS)
def test_what_is_sent_is_what_arrives(bag: dict[str, Any]) -> None:
    assert from_struct(to_struct(bag)) == bag


def test_a_providers_bare_answer_gets_its_secrets_back() -> None:
    inputs = {"key": Secret("x"), "deep": {"key": Secret(1), "open": 2}, "list": [Secret("y")]}
    answer = {"key": "x", "deep": {"key": 1, "open": 2}, "list": ["y"], "more": 3}

    kept = keep_secrets(answer, inputs)

    assert kept == {**inputs, "more": 3}
    assert mask(kept)["deep"] == {"key": "[secret]", "open": 2}


def test_references_and_secrets_are_plain_for_providers_that_do_not_know_them() -> None:
    reference = {SIGNATURE: RESOURCE, "urn": "urn:x", "id": "i-1"}
    component = {SIGNATURE: RESOURCE, "urn": "urn:y"}
    sent = to_struct(
        {"a": reference, "b": component, "c": Secret("x")}, secrets=False, resources=False
    )

    assert from_struct(sent) == {"a": "i-1", "b": "urn:y", "c": "x"}


def test_true_is_not_one_and_unknowns_are_detected_at_any_depth() -> None:
    assert not equal(True, 1)
    assert equal({"a": 1.0, "b": Secret("x")}, {"b": "x", "a": 1.0})
    assert has_unknown({"a": [{"b": Secret(UNKNOWN)}]})
    assert "hunter2" not in repr(Secret("hunter2"))


def test_a_value_from_the_future_is_refused_by_its_type() -> None:
    with pytest.raises(TypeError, match="a property of type object"):
        to_struct({"a": object()})
