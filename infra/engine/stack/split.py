"""Moves parts of a stack's state into stacks of their own; nothing outside is touched.

The new states are written first and the old one last, in one step: whoever is killed in between
leaves the old one whole, and what was written beside it is written again by the next split.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from infra.engine import urns
from infra.engine.api import EngineError, Project
from infra.engine.stack.backend import StackFiles, keep_backup, manifest, write_checkpoint
from infra.engine.stack.lock import held
from infra.engine.stack.stack import (
    VERSION,
    Stack,
    ensure_stack,
    files_of,
    open_stack,
    reported_errors,
    snapshot_of,
    state_text,
)

Raw = dict[str, Any]


def split(
    project: Project, moves: Mapping[str, str], notice: Callable[[str], None]
) -> dict[str, int]:
    """Move resources, with all that is below them, to other stacks of the backend.

    `moves` maps the URN of a resource to the stack that it goes to. Returns how many resources
    went to each; a stack that has none of them is left as it is. The former state is kept as a
    backup. Raises EngineError when an operation is unfinished, or when a part would be unsound.
    """
    if project.state_url:
        raise EngineError(
            "a state at a URL is not split: bring it back first (docs/pulumi.md), and move each "
            "of the new ones"
        )
    ensure_stack(project, notice)  # what a run that died had noted is in the state then
    files = files_of(project)
    with reported_errors(), ExitStack() as cleanup:
        cleanup.enter_context(held(files, notice))
        stack = open_stack(project)
        latest = stack.checkpoint.get("latest") or {}
        resources: list[Raw] = latest.get("resources") or []
        goes = _goes(resources, moves)
        if not goes:
            return {}
        if latest.get("pending_operations"):
            raise EngineError(
                f"{files.checkpoint} has an operation that has not ended: run `refresh`, and `up` "
                "if it stays so, before it is split"
            )
        targets = {name: replace(files, stack=name) for name in sorted(set(goes.values()))}
        for target in targets.values():
            cleanup.enter_context(held(target, notice))
        texts = {
            name: _text(stack, _part(resources, goes, name, to)) for name, to in targets.items()
        }
        rest = _text(stack, _rest(resources, goes))
        keep_backup(files)
        for name, text in texts.items():
            write_checkpoint(targets[name], text)
        write_checkpoint(files, rest)
    return {name: sum(1 for to in goes.values() if to == name) for name in targets}


def _goes(resources: Sequence[Raw], moves: Mapping[str, str]) -> dict[str, str]:
    """Return the stack that each URN goes to which goes; parents come before what is below them."""
    goes: dict[str, str] = {}
    for raw in resources:
        to = moves.get(raw["urn"]) or goes.get(raw.get("parent", ""))
        if to:
            goes[raw["urn"]] = to
    return goes


def _part(resources: Sequence[Raw], goes: Mapping[str, str], name: str, to: StackFiles) -> Raw:
    """Return what a new stack has: its root, the providers that it uses, and what has moved."""
    moved = [raw for raw in resources if goes.get(raw["urn"]) == name]
    used = {urns.split_reference(raw["provider"])[0] for raw in moved if raw.get("provider")}
    providers = [raw for raw in resources if raw["urn"] in used and raw["urn"] not in goes]
    (root,) = (raw for raw in resources if raw["type"] == urns.STACK_TYPE)
    own = urns.make(name, to.project, "", urns.STACK_TYPE, f"{to.project}-{name}")
    old = f"urn:pulumi:{root['urn'].split('::')[0].removeprefix('urn:pulumi:')}::"
    kept = [{k: v for k, v in root.items() if k != "outputs"}, *providers, *moved]

    def renamed(urn: str) -> str:
        return own if urn == root["urn"] else urn.replace(old, f"urn:pulumi:{name}::", 1)

    known = {raw["urn"] for raw in kept}
    parts = [_each_text(_without_strangers(raw, known), old, renamed) for raw in kept]
    return {"stack": f"organization/{to.project}/{name}", "resources": parts}


def _rest(resources: Sequence[Raw], goes: Mapping[str, str]) -> Raw:
    stay = [raw for raw in resources if raw["urn"] not in goes]
    known = {raw["urn"] for raw in stay}
    return {"resources": [_without_strangers(raw, known) for raw in stay]}


def _without_strangers(raw: Raw, known: set[str]) -> Raw:
    """Return a resource without its mentions of those that are in another stack now."""
    cleaned = dict(raw)
    if "dependencies" in raw:
        cleaned["dependencies"] = [urn for urn in raw["dependencies"] if urn in known]
    if "propertyDependencies" in raw:
        each = raw["propertyDependencies"].items()
        cleaned["propertyDependencies"] = {
            key: [urn for urn in some or () if urn in known] for key, some in each
        }
    if raw.get("deletedWith") not in (None, *known):
        del cleaned["deletedWith"]
    return cleaned


def _each_text(value: Any, old: str, renamed: Callable[[str], str]) -> Any:
    """Return a value with every URN in it renamed."""
    if isinstance(value, Mapping):
        return {key: _each_text(one, old, renamed) for key, one in value.items()}
    if isinstance(value, list):
        return [_each_text(one, old, renamed) for one in value]
    return renamed(value) if isinstance(value, str) and value.startswith(old) else value


def _text(stack: Stack, part: Raw) -> str:
    """Return a part as the text of its state file; EngineError when it breaks Pulumi's rules."""
    latest = {k: v for k, v in stack.checkpoint["latest"].items() if k != "pending_operations"}
    latest |= {"manifest": manifest(VERSION), "resources": part["resources"]}
    checkpoint = {**stack.checkpoint, "latest": latest}
    checkpoint["stack"] = part.get("stack", checkpoint.get("stack"))
    snapshot_of(replace(stack, checkpoint=checkpoint), None)
    return state_text(checkpoint)
