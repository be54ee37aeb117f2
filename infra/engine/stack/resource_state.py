"""Pulumi's DeploymentV3: resources and unfinished operations, to and from JSON.

Field names are those of Pulumi's sdk/go/common/apitype (ResourceV3); fields that this engine does
not know are kept as they were found.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infra.engine.stack.passphrase import Crypter
from infra.engine.values import SECRET, SIGNATURE, UNKNOWN, UNKNOWN_TEXT, Properties, Secret


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ResourceState:
    """One resource as the state has it; two states are the same only if they are one object.

    `delete` marks a replaced resource that must still be deleted; `pending_replacement` one that
    was deleted and must still be created again; `external` one that is only read; `deleted_with` is
    the resource whose deletion takes this one along; `import_id` the id that the program imports.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    delete: bool = False
    pending_replacement: bool = False
    protect: bool = False
    retain_on_delete: bool = False
    external: bool = False
    deleted_with: str = ""
    init_errors: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, float] = field(default_factory=dict)
    import_id: str = ""
    created: str = ""
    modified: str = ""
    source_position: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def references(state: ResourceState) -> set[str]:
    """Return the URNs that a resource names: they come before it, and are deleted after it."""
    named = {urn for urns in state.property_dependencies.values() for urn in urns}
    return {*named, *state.dependencies, state.parent, state.deleted_with} - {""}


@dataclass(frozen=True, slots=True)
class PendingOperation:
    """An operation that had begun and was not known to have ended when the state was written.

    `kind`: creating, updating, deleting or reading.
    """

    kind: str
    resource: ResourceState


_PLAIN: Final = {
    "urn": "urn",
    "type": "type",
    "custom": "custom",
    "id": "id",
    "parent": "parent",
    "provider": "provider",
    "delete": "delete",
    "pending_replacement": "pendingReplacement",
    "protect": "protect",
    "retain_on_delete": "retainOnDelete",
    "external": "external",
    "deleted_with": "deletedWith",
    "import_id": "importID",
    "created": "created",
    "modified": "modified",
    "source_position": "sourcePosition",
}
_LISTS: Final = {
    "dependencies": "dependencies",
    "init_errors": "initErrors",
    "additional_secret_outputs": "additionalSecretOutputs",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
}
_OTHERS: Final = {"inputs", "outputs", "propertyDependencies", "customTimeouts"}
_KNOWN: Final = {*_PLAIN.values(), *_LISTS.values(), *_OTHERS}


def encode_resource(state: ResourceState, crypter: Crypter) -> dict[str, Any]:
    """Return the resource's JSON, empty fields left out as Pulumi does, secrets encrypted."""
    encoded: dict[str, Any] = {name: getattr(state, key) for key, name in _PLAIN.items()}
    encoded |= {name: list(getattr(state, key)) for key, name in _LISTS.items()}
    encoded["inputs"] = _encode(state.inputs, crypter, state.urn)
    encoded["outputs"] = _encode(state.outputs, crypter, state.urn)
    encoded["propertyDependencies"] = {k: list(v) for k, v in state.property_dependencies.items()}
    encoded["customTimeouts"] = dict(state.custom_timeouts)
    kept = {name: value for name, value in encoded.items() if value or name == "custom"}
    return kept | dict(state.extra)


def decode_resource(raw: Mapping[str, Any], crypter: Crypter) -> ResourceState:
    """Read a resource from its JSON; raises EngineError when a secret cannot be decrypted."""
    urn = str(raw["urn"])
    plain: dict[str, Any] = {
        key: raw[name] for key, name in _PLAIN.items() if raw.get(name) is not None
    }
    lists: dict[str, Any] = {key: tuple(raw.get(name) or ()) for key, name in _LISTS.items()}
    dependencies = raw.get("propertyDependencies") or {}
    return ResourceState(
        **{"custom": False, **plain},
        **lists,
        inputs=_decode(raw.get("inputs") or {}, crypter, urn),
        outputs=_decode(raw.get("outputs") or {}, crypter, urn),
        property_dependencies={key: tuple(urns or ()) for key, urns in dependencies.items()},
        custom_timeouts=raw.get("customTimeouts") or {},
        extra={name: value for name, value in raw.items() if name not in _KNOWN},
    )


def _encode(value: Any, crypter: Crypter, scope: str) -> Any:
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, "ciphertext": crypter.encrypt(scope, _plaintext(value))}
    if isinstance(value, Mapping):
        return {key: _encode(one, crypter, scope) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_encode(one, crypter, scope) for one in value]
    return UNKNOWN_TEXT if value is UNKNOWN else value


def _plaintext(secret: Secret) -> str:
    bare = _encode_bare(secret.value)
    return json.dumps(bare, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _encode_bare(value: Any) -> Any:
    # Inside a ciphertext there is nothing left to encrypt.
    if isinstance(value, Mapping):
        return {key: _encode_bare(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_encode_bare(one) for one in value]
    return UNKNOWN_TEXT if value is UNKNOWN else value


def _decode(value: Any, crypter: Crypter, scope: str) -> Any:
    if isinstance(value, list):
        return [_decode(one, crypter, scope) for one in value]
    if not isinstance(value, dict):
        return UNKNOWN if value == UNKNOWN_TEXT else value
    if value.get(SIGNATURE) != SECRET:
        return {key: _decode(one, crypter, scope) for key, one in value.items()}
    if "ciphertext" not in value:
        return Secret(json.loads(value.get("plaintext", "null")))
    secret = Secret(json.loads(crypter.decrypt(scope, str(value["ciphertext"]))))
    # Go may have written the same JSON differently, so what is remembered is our text.
    crypter.remember(scope, _plaintext(secret), value["ciphertext"])
    return secret
