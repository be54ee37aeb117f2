import json
from typing import Any

import pytest
from hypothesis import given

from infra.engine.stack import passphrase
from infra.engine.stack.resource_state import decode_resource, encode_resource
from infra.engine.values import SIGNATURE, Secret
from tests.infra.engine.bags import BAGS, FEW
from tests.infra.engine.harness import PASSPHRASE, SALT


@pytest.fixture(scope="module")
def crypter() -> passphrase.Crypter:
    return passphrase.open_with(PASSPHRASE, SALT, "the harness")


@FEW
@given(BAGS)
def test_what_is_stored_is_what_is_read_and_no_secret_is_in_it(
    crypter: passphrase.Crypter, bag: dict[str, Any]
) -> None:
    raw = {"urn": "urn:pulumi:s::p::t:i:T::n", "type": "t:i:T", "custom": True}
    state = decode_resource(raw, crypter)
    stored = encode_resource(
        type(state)(urn=state.urn, type=state.type, custom=True, outputs=bag), crypter
    )

    text = json.dumps(stored, sort_keys=True)

    assert decode_resource(json.loads(text), crypter).outputs == bag
    again = encode_resource(decode_resource(json.loads(text), crypter), crypter)
    assert json.dumps(again, sort_keys=True) == text


def test_an_old_state_in_other_words_keeps_its_ciphertext(crypter: passphrase.Crypter) -> None:
    urn = "urn:pulumi:s::p::t:i:T::n"
    foreign = crypter.encrypt("", '{"b": "\\u003c", "a": 1.0}')
    secret = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": foreign}
    raw = {"urn": urn, "type": "t:i:T", "custom": True, "outputs": {"key": secret}}

    state = decode_resource(raw, crypter)

    assert state.outputs == {"key": Secret({"a": 1, "b": "<"})}
    assert encode_resource(state, crypter)["outputs"]["key"]["ciphertext"] == foreign
