"""What a state file must look like (DeploymentV3) before anything in it is believed.

A wrong type deep in a file that somebody edited would end a run anywhere, or be taken for something
else. What is not named here is kept as it is found; `null` is what is not there, as in Go.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

TEXT, FLAG, TEXTS, MAPPING = "text", "true or false", "a list of texts", "a mapping"
LISTS_OF_TEXTS, NUMBERS = "a mapping to lists of texts", "a mapping to numbers"
_URN: Final = re.compile(r"urn:pulumi:[^:]+::[^:]+::[^\0]+?::[^\0]+", re.DOTALL)
_FIELDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("urn", "type", "id", "parent", "provider", "deletedWith", "importID"), TEXT),
    **dict.fromkeys(("created", "modified", "sourcePosition"), TEXT),
    **dict.fromkeys(("custom", "delete", "pendingReplacement", "protect"), FLAG),
    **dict.fromkeys(("retainOnDelete", "external"), FLAG),
    **dict.fromkeys(("dependencies", "initErrors", "additionalSecretOutputs"), TEXTS),
    **dict.fromkeys(("ignoreChanges", "replaceOnChanges"), TEXTS),
    **dict.fromkeys(("inputs", "outputs"), MAPPING),
    "propertyDependencies": LISTS_OF_TEXTS,
    "customTimeouts": NUMBERS,
}


def problems(checkpoint: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is not of its form in a checkpoint, each with its place."""
    latest = checkpoint.get("latest")
    if latest is None:
        return
    if not isinstance(latest, dict):
        yield _wrong("latest", MAPPING, latest)
        return
    yield from _secrets(latest.get("secrets_providers"))
    for place in ("resources", "pending_operations"):
        rows = latest.get(place) or []
        if not isinstance(rows, list):
            yield _wrong(place, "a list", rows)
            continue
        look = _resource if place == "resources" else _operation
        for number, row in enumerate(rows):
            yield from look(f"{place}[{number}]", row)


def _secrets(provider: Any) -> Iterator[str]:
    state = provider.get("state") if isinstance(provider, dict) else None
    if not isinstance(provider, dict | None) or not isinstance(state, dict | None):
        yield _wrong("secrets_providers", MAPPING, provider)


def _operation(place: str, raw: Any) -> Iterator[str]:
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        yield _wrong(place, "an operation with its type", raw)
        return
    yield from _resource(f"{place}.resource", raw.get("resource"))


def _resource(place: str, raw: Any) -> Iterator[str]:
    if not isinstance(raw, dict):
        yield _wrong(place, "a resource", raw)
        return
    for name in ("urn", "type"):
        if not isinstance(raw.get(name), str):
            yield _wrong(f"{place}.{name}", TEXT, raw.get(name))
            return
    if not _URN.fullmatch(raw["urn"]):
        yield _wrong(f"{place}.urn", "a URN", raw["urn"])
    for name, form in _FIELDS.items():
        if not _is(form, raw.get(name)):
            yield _wrong(f"{place}.{name}", form, raw[name])


def _is(form: str, value: Any) -> bool:
    if value is None:
        return True
    if form in (TEXT, FLAG):
        return isinstance(value, str if form == TEXT else bool)
    if form == TEXTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not isinstance(value, dict):
        return False
    if form == LISTS_OF_TEXTS:
        return all(_is(TEXTS, one) for one in value.values())
    return form == MAPPING or all(type(one) in (int, float) for one in value.values())


def _wrong(place: str, expected: str, found: Any) -> str:
    kind = "nothing" if found is None else f"{type(found).__name__} {str(found)[:40]!r}"
    return f"{place}: expected {expected}, found {kind}"
