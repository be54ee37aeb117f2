import json
from typing import Any

from hypothesis import given

from infra.engine.stack import passphrase
from infra.engine.stack.resource_state import decode_resource, encode_resource
from infra.engine.values import SIGNATURE, Secret
from tests.infra.engine.bags import BAGS, FEW
from tests.infra.engine.embedded.harness import PASSPHRASE, SALT

CRYPTER = passphrase.open_with(PASSPHRASE, SALT, "the harness")


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
