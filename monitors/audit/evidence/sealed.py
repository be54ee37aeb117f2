"""The records of an evidence file as values: a run, and what its hosts were judged by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from inventory.model.waivers import Waiver
from monitors.audit.evidence.records import (
    CONTROLS_FILE,
    DECLARED_FILE,
    RUN_FILE,
    WAIVERS_FILE,
    results_file,
)
from monitors.audit.evidence.verify import BrokenError, Verified
from monitors.audit.model.controls import Control, ControlTable
from monitors.audit.model.declared import Declared
from monitors.audit.model.results import AuditRun, HostAudit, Result

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class SealedRecords:
    """A file's records as values: the run, and what its hosts were judged by."""

    run: AuditRun
    table: ControlTable
    waivers: tuple[Waiver, ...]
    declared: Mapping[str, Declared]


def sealed_records(verified: Verified) -> SealedRecords:
    """Return the records of a verified file as values.

    Raises BrokenError when a record is of another version of Bastide, or a run of all hosts has
    not one that the others' declarations name.
    """
    members = verified.members
    table = _validated(
        CONTROLS_FILE, ControlTable, {"controls": _values(members, CONTROLS_FILE, Control)}
    )
    waivers = _values(members, WAIVERS_FILE, Waiver)
    declared = {one.host: one for one in _values(members, DECLARED_FILE, Declared)}
    run = _run(members)
    asked = {host.host for host in run.hosts} | {host.host for host in run.watched}
    for by, other in _named_by_others(declared.values()):
        if run.whole and other not in asked:
            raise BrokenError(
                f"{RUN_FILE}: leaves out {other!a}, which the declaration of {by} names"
            )
    return SealedRecords(run, table, waivers, declared)


def _named_by_others(declared: Iterable[Declared]) -> Iterator[tuple[str, str]]:
    """Yield hosts of the estate that declarations of others name, after these others."""
    for one in declared:
        watched = (other.host for other in one.watched)
        neighbours = (other.host for other in one.neighbours)
        kept = (copy.partition("/")[0] for copy in one.keeps)
        yield from ((one.host, other) for other in (*watched, *neighbours, *kept))


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
