"""Property values on the wire, in the state, and in paths."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.engine.api import EngineError
from infra.engine.embedded.property_paths import ignore_changes, matches
from infra.engine.embedded.registration import UnsupportedError, duration
from infra.engine.stack import passphrase
from infra.engine.stack.resource_state import decode_resource, encode_resource
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
from tests.infra.engine.embedded.harness import PASSPHRASE, SALT

CRYPTER = passphrase.open_with(PASSPHRASE, SALT, "the harness")

_plain = st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text()
_leaves = _plain | st.just(UNKNOWN) | _plain.map(Secret)
NAMES = st.text(min_size=1, max_size=8)
VALUES = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
BAGS = st.dictionaries(NAMES, VALUES, max_size=3)
FEW = settings(max_examples=40, deadline=None)


@FEW
@given(BAGS)
def test_what_is_sent_is_what_arrives(bag: dict[str, Any]) -> None:
    assert from_struct(to_struct(bag)) == bag


@FEW
@given(BAGS)
def test_what_is_stored_is_what_is_read_and_no_secret_is_in_it(bag: dict[str, Any]) -> None:
    raw = {"urn": "urn:pulumi:s::p::t:i:T::n", "type": "t:i:T", "custom": True}
    state = decode_resource(raw, CRYPTER)
    stored = encode_resource(
        type(state)(urn=state.urn, type=state.type, custom=True, outputs=bag), CRYPTER
    )

    text = json.dumps(stored, sort_keys=True)

    assert decode_resource(json.loads(text), CRYPTER).outputs == bag
    again = encode_resource(decode_resource(json.loads(text), CRYPTER), CRYPTER)
    assert json.dumps(again, sort_keys=True) == text


def test_an_old_state_in_other_words_keeps_its_ciphertext() -> None:
    reader = passphrase.open_with(PASSPHRASE, SALT, "the harness")
    urn = "urn:pulumi:s::p::t:i:T::n"
    foreign = reader.encrypt("", '{"b": "\\u003c", "a": 1.0}')
    secret = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": foreign}
    raw = {"urn": urn, "type": "t:i:T", "custom": True, "outputs": {"key": secret}}

    state = decode_resource(raw, reader)

    assert state.outputs == {"key": Secret({"a": 1, "b": "<"})}
    assert encode_resource(state, reader)["outputs"]["key"]["ciphertext"] == foreign


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


def test_true_is_not_one_and_unknowns_are_found_anywhere() -> None:
    assert not equal(True, 1)
    assert equal({"a": 1.0, "b": Secret("x")}, {"b": "x", "a": 1.0})
    assert has_unknown({"a": [{"b": Secret(UNKNOWN)}]})
    assert "hunter2" not in repr(Secret("hunter2"))


def test_a_value_from_the_future_is_refused_by_its_type() -> None:
    with pytest.raises(TypeError, match="a property of type object"):
        to_struct({"a": object()})


@pytest.mark.parametrize(
    ("path", "new", "old", "expected"),
    [
        ("a", {"a": 2}, {"a": 1}, {"a": 1}),
        ("a", {"a": 2}, {}, {}),
        ("a", {}, {"a": 1}, {"a": 1}),
        ("a.b", {"a": {"b": 2, "c": 2}}, {"a": {"b": 1, "c": 1}}, {"a": {"b": 1, "c": 2}}),
        ("a[1]", {"a": [8, 9]}, {"a": [1, 2]}, {"a": [8, 2]}),
        ("a[*].b", {"a": [{"b": 2}]}, {"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
        ('["x.y"]', {"x.y": 2}, {"x.y": 1}, {"x.y": 1}),
        ("*", {"a": 2}, {"a": 1}, {"a": 1}),
        ("a.b", {"a": Secret({"b": 2})}, {"a": Secret({"b": 1})}, {"a": Secret({"b": 1})}),
        ("a.b.c", {"a": 1}, {"a": {"b": 1}}, {"a": 1}),
    ],
)
def test_ignored_paths_are_put_back(path: str, new: Any, old: Any, expected: Any) -> None:
    assert ignore_changes(new, old, [path]) == expected


def test_a_path_matches_what_is_above_and_below_it() -> None:
    assert matches("a.b", "a")
    assert matches("a", "a.b[0]")
    assert matches("*", "anything")
    assert not matches("a.b", "a.c")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("1h30m", 5400), ("1.5m", 90), ("200ms", 0.2)]
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


def test_a_duration_without_a_unit_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="expected a duration such as 5m"):
        duration("90")


def test_a_salt_that_is_none_is_refused_by_its_place() -> None:
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml: expected a salt"):
        passphrase.open_with("x", "v2:abc", "Pulumi.dev.yaml")
