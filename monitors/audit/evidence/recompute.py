"""Judges the hosts of an evidence file once more, from what it holds alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from inventory.model import Waiver
from monitors.audit.evidence.inputs import checks_sha256
from monitors.audit.evidence.verify import BrokenError, Verified
from monitors.audit.judge.host_results import judge
from monitors.audit.judge.runner import CheckFiles
from monitors.audit.model.canonical import canonical
from monitors.audit.model.controls import Control, ControlTable
from monitors.audit.model.declared import Declared
from monitors.collection.bundle import BundleError, unpack

RESULTS = "results/"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Recomputed:
    """How many results were judged again and which differ; whether by the very same checks."""

    judged: int
    differing: tuple[str, ...]
    unasked: tuple[str, ...]
    same_checks: bool


def recompute(verified: Verified, own: CheckFiles = ()) -> Recomputed:
    """Judge every bundle of a verified file again; hosts that sent none are `unasked`.

    `own` are the estate's own check files, which no evidence file holds: code from elsewhere is
    never run. Without them the estate's own controls come out as errors.

    Raises BrokenError when a record is of another version of Bastide.
    """
    members = verified.members
    try:
        table = ControlTable(controls=tuple(_lines(members, "controls.jsonl", Control)))
        waivers = tuple(_lines(members, "waivers.jsonl", Waiver))
        declared = {d.host: d for d in _lines(members, "declared.jsonl", Declared)}
    except ValidationError as error:
        first = error.errors()[0]
        raise BrokenError(f"of another version of Bastide: {first['msg']}") from None
    judged = 0
    differing: list[str] = []
    unasked: list[str] = []
    for name in sorted(name for name in members if name.startswith(RESULTS)):
        host = name.removeprefix(RESULTS).removesuffix(".jsonl")
        packed = members.get(f"bundles/{host}.json.gz")
        if packed is None:
            unasked.append(host)
            continue
        kept = members[name].splitlines()[1:]
        again = _judge(packed, table, declared[host], waivers, own)
        judged += len(kept)
        differing += _differing(host, kept, again, table)
    same = verified.link.record.inputs.checks_sha256 == checks_sha256(own)
    return Recomputed(judged, tuple(differing), tuple(unasked), same)


def _judge(
    packed: bytes,
    table: ControlTable,
    declared: Declared,
    waivers: tuple[Waiver, ...],
    own: CheckFiles,
) -> list[bytes]:
    try:
        results = judge(unpack(packed), table, declared, waivers, own)
    except BundleError as error:
        raise BrokenError(f"bundles/{declared.host}.json.gz: {error}") from None
    return [canonical(result.model_dump(mode="json")) for result in results]


def _differing(
    host: str, kept: list[bytes], again: list[bytes], table: ControlTable
) -> Iterator[str]:
    for control, then, now in zip(table.controls, kept, again, strict=True):
        if then != now:
            yield f"{host}: {control.id}"


def _lines(members: Mapping[str, bytes], name: str, kind: type[Value]) -> Iterator[Value]:
    adapter = TypeAdapter(kind)
    yield from (adapter.validate_json(line) for line in members.get(name, b"").splitlines())
