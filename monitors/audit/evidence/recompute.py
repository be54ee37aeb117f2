"""Judges the hosts of an evidence file once more, from what it holds alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from inventory.model.waivers import Waiver
from monitors.audit.archive.bundles import parse_view
from monitors.audit.evidence.inputs import checks_sha256
from monitors.audit.evidence.records import (
    CONTROLS_FILE,
    DECLARED_FILE,
    RUN_FILE,
    WAIVERS_FILE,
    bundle_file,
    outside_file,
    results_file,
)
from monitors.audit.evidence.verify import BrokenError, Verified
from monitors.audit.judge.host_results import all_errors, judge_host
from monitors.audit.judge.runner import CheckFiles
from monitors.audit.model.controls import Control, ControlTable
from monitors.audit.model.declared import Declared
from monitors.audit.model.results import AuditRun, HostAudit, Result
from monitors.collection.bundle import Bundle, BundleError, unpack
from monitors.outside.document import OutsideView

HEADER = "host"
# What a bundle does not tell of the host's header: how the exchange went, where it was kept.
OF_THE_EXCHANGE = {
    *("bundle", "bundle_sha256", "outside", "outside_sha256"),
    *("clock_offset_seconds", "seconds", "results"),
}
Value = TypeVar("Value")
Seen = TypeVar("Seen", Bundle, OutsideView)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """How many results were judged again and which differ; whether by the very same checks."""

    judged: int
    differing: tuple[str, ...]
    unasked: tuple[str, ...]
    same_checks: bool


@dataclass(frozen=True, slots=True)
class SealedRecords:
    """A file's records as values: the run, and what its hosts were judged by."""

    run: AuditRun
    table: ControlTable
    waivers: tuple[Waiver, ...]
    declared: Mapping[str, Declared]


def sealed_records(verified: Verified) -> SealedRecords:
    """Return the records of a verified file as values.

    Raises BrokenError when a record is of another version of Bastide, a host is not among those
    declared, or does not have one result a control in the controls' order.
    """
    members = verified.members
    table = _validated(
        CONTROLS_FILE, ControlTable, {"controls": _values(members, CONTROLS_FILE, Control)}
    )
    waivers = _values(members, WAIVERS_FILE, Waiver)
    declared = {one.host: one for one in _values(members, DECLARED_FILE, Declared)}
    run = _run(members)
    for host in run.hosts:
        name = results_file(host.host)
        if host.host not in declared:
            raise BrokenError(f"{name}: {DECLARED_FILE} does not declare this host")
        if tuple(r.control for r in host.results) != tuple(c.id for c in table.controls):
            raise BrokenError(
                f"{name}: {len(host.results)} results, which are not those of the "
                f"{len(table.controls)} controls"
            )
    return SealedRecords(run, table, waivers, declared)


def recompute(verified: Verified, own: CheckFiles = ()) -> Recomputed:
    """Judge every bundle of a verified file again; hosts that sent none are `unasked`.

    Of those nothing but `error` follows. `own` are the estate's own check files, which no evidence
    file holds: code from elsewhere is never run. Without them the estate's own controls come out
    as errors. Raises as `sealed_records`, and BrokenError when a bundle is none.
    """
    sealed = sealed_records(verified)
    judged = 0
    differing: list[str] = []
    unasked: list[str] = []
    for host in sealed.run.hosts:
        packed = verified.members.get(bundle_file(host.host))
        if packed is None:
            unasked.append(host.host)
            again = _unasked(host, sealed)
        else:
            judged += len(host.results)
            view = _view(verified.members.get(outside_file(host.host)), host.host)
            again = _judged(packed, view, sealed, host.host, own)
        differing += _differing(host, again)
    same = verified.link.record.inputs.checks_sha256 == checks_sha256(own)
    return Recomputed(judged, tuple(differing), tuple(unasked), same)


def _judged(
    packed: bytes, view: OutsideView | None, sealed: SealedRecords, host: str, own: CheckFiles
) -> HostAudit:
    name = bundle_file(host)
    bundle = _of_host(name, host, unpack, packed)
    declared = sealed.declared[host]
    return judge_host(bundle, sealed.table, declared, sealed.waivers, Path(name), own, view)


def _view(content: bytes | None, host: str) -> OutsideView | None:
    """Return what was seen of a host from outside, None where nobody had looked."""
    if content is None:
        return None
    return _of_host(outside_file(host), host, parse_view, content)


def _of_host(name: str, host: str, read: Callable[[bytes], Seen], content: bytes) -> Seen:
    """Return what a member says of a host; BrokenError when it is none, or of another one."""
    try:
        seen = read(content)
    except BundleError as error:
        raise BrokenError(f"{name}: {error}") from None
    if seen.host != host:
        raise BrokenError(f"{name}: says that it is of {seen.host!a}")
    return seen


def _unasked(host: HostAudit, sealed: SealedRecords) -> HostAudit:
    """Return what follows of a host that sent nothing, in the words that the run has for why."""
    declared = sealed.declared[host.host]
    return HostAudit(
        host=declared.host,
        municipality=declared.municipality,
        tier=declared.tier,
        roles=declared.roles,
        level=declared.level,
        problem=host.problem,
        results=all_errors(sealed.table, declared, host.problem),
    )


def _differing(kept: HostAudit, again: HostAudit) -> Iterator[str]:
    # In results from before there were levels there is none.
    level = {"level"} if kept.level is None else set()
    headers = (one.model_dump(exclude=OF_THE_EXCHANGE | level) for one in (kept, again))
    if next(headers) != next(headers):
        yield f"{kept.host}: {HEADER}"
    for then, now in zip(kept.results, again.results, strict=True):
        if then != now:
            yield f"{kept.host}: {then.control}"


def _run(members: Mapping[str, bytes]) -> AuditRun:
    header = _validated(RUN_FILE, dict[str, Any], _json(RUN_FILE, members[RUN_FILE]))
    names = header.get("hosts")
    hosts = [_host(members, name) for name in names] if isinstance(names, list) else names
    return _validated(RUN_FILE, AuditRun, {**header, "hosts": hosts})


def _host(members: Mapping[str, bytes], host: str) -> HostAudit:
    name = results_file(host)
    header, *lines = members[name].splitlines()
    results = _each(name, lines, Result)
    return _validated(name, HostAudit, {**_json(name, header), "results": results})


def _values(members: Mapping[str, bytes], name: str, kind: type[Value]) -> tuple[Value, ...]:
    return _each(name, members.get(name, b"").splitlines(), kind)


def _each(name: str, lines: Sequence[bytes], kind: type[Value]) -> tuple[Value, ...]:
    return tuple(_validated(name, kind, line) for line in lines)


def _json(name: str, content: bytes) -> dict[str, Any]:
    return _validated(name, dict[str, Any], content)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _validated(name: str, kind: type[Value], value: object) -> Value:
    """Return a value of a kind from JSON's bytes or from parts of it that were read already."""
    adapter: TypeAdapter[Value] = _adapter(kind)  # type: ignore[arg-type]
    try:
        if isinstance(value, bytes):
            return adapter.validate_json(value)
        return adapter.validate_python(value)
    except (ValidationError, RecursionError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise BrokenError(f"{name}: of another version of Bastide: {first}") from None
