"""Records an audit run; what did not change since the last one costs next to nothing."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from monitors.audit.history.database import writing
from monitors.audit.history.intervals import (
    ControlState,
    Interval,
    ObservationTime,
    add_observation,
)
from monitors.audit.history.scores import rescore
from monitors.audit.history.tables import (
    Row,
    hosts,
    interval_of,
    intervals,
    observations,
    row_of,
    runs,
)
from monitors.audit.model.results import AuditRun, HostAudit

CHUNK = 500

HostState = Mapping[str, ControlState]
"""The state of every control of a host at one time."""


@dataclass(frozen=True, slots=True)
class RecordedHost:
    """A host as the store has it; `checked` is None before its first observation."""

    id: int
    checked: datetime | None
    digest: str


@dataclass(frozen=True, slots=True)
class HostObservation:
    """A host in a run: what the store has of it, and what the run found."""

    host: RecordedHost
    when: ObservationTime
    state: HostState

    @property
    def is_newest(self) -> bool:
        """Whether the store has no later observation of the host."""
        return self.when.following is None


def record(url: str, run: AuditRun) -> bool:
    """Record a run; False when it is there already, which changes nothing.

    Runs may come in any order and from several processes at once. Raises StoreError.
    """
    with writing(url) as connection:
        return _add_run(connection, run)


def _add_run(connection: Connection, run: AuditRun) -> bool:
    """Record a run within a transaction; False when it is there already."""
    if _is_recorded(connection, run):
        return False
    connection.execute(
        insert(runs).values(
            estate=run.estate,
            started=run.started,
            label=run.label,
            controls_sha256=run.controls_sha256,
            waivers_sha256=run.waivers_sha256,
        )
    )
    observed = tuple(_host_observations(connection, run))
    changed = [s for s in observed if not s.is_newest or digest_of(s.state) != s.host.digest]
    _write_intervals(connection, changed)
    _write_observations(connection, observed)
    rescore(connection, run.estate, run.started, _all_observed_again(observed))
    return True


def _all_observed_again(observed: Iterable[HostObservation]) -> datetime | None:
    """Return when all the hosts of a late run were observed again; None when one was not."""
    following = [s.when.following for s in observed]
    return None if None in following else max(filter(None, following), default=None)


def digest_of(state: HostState) -> str:
    """Return a hash that two states share only when they are equal."""
    lines = sorted(f"{control} {s.severity} {s.outcome} {s.waived}" for control, s in state.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


GONE = digest_of({})


def _is_recorded(connection: Connection, run: AuditRun) -> bool:
    same = and_(
        runs.c.estate == run.estate, runs.c.started == run.started, runs.c.label == run.label
    )
    return connection.scalar(select(runs.c.id).where(same)) is not None


def _host_observations(connection: Connection, run: AuditRun) -> Iterator[HostObservation]:
    """Yield the hosts of a run; of a whole run also those that are in the estate no more."""
    before = _recorded_hosts(connection, run.estate)
    new = [audit for audit in run.hosts if audit.host not in before]
    if new:
        connection.execute(insert(hosts), [_new_host(audit, run) for audit in new])
    recorded = _recorded_hosts(connection, run.estate)
    for audit in run.hosts:
        host = recorded[audit.host]
        if when := _time_of(connection, host, run.started):
            yield HostObservation(host, when, _state_of(audit))
    asked = {audit.host for audit in run.hosts}
    for name in sorted(before.keys() - asked) if run.whole else ():
        host = before[name]
        if host.digest != GONE and host.checked and host.checked < run.started:
            yield HostObservation(host, ObservationTime(run.started, host.checked), {})


def _recorded_hosts(connection: Connection, estate: str) -> dict[str, RecordedHost]:
    columns = (hosts.c.name, hosts.c.id, hosts.c.checked, hosts.c.standing)
    rows = connection.execute(select(*columns).where(hosts.c.estate == estate))
    return {row.name: RecordedHost(row.id, row.checked, row.standing) for row in rows}


def _new_host(audit: HostAudit, run: AuditRun) -> dict[str, Any]:
    return {
        "estate": run.estate,
        "name": audit.host,
        "municipality": audit.municipality,
        "checked": None,
        "standing": GONE,
    }


def _state_of(audit: HostAudit) -> HostState:
    return {r.control: ControlState(r.severity, r.outcome, r.is_waived) for r in audit.results}


def _time_of(connection: Connection, host: RecordedHost, at: datetime) -> ObservationTime | None:
    """Return an observation's place among the host's others; None when it has one of that time."""
    if host.checked is None or host.checked < at:
        return ObservationTime(at, host.checked)
    of_host = observations.c.host == host.id
    times = observations.c.at
    if connection.scalar(select(times).where(of_host, times == at)):
        return None
    return ObservationTime(
        at,
        connection.scalar(select(func.max(times)).where(of_host, times < at)),
        connection.scalar(select(func.min(times)).where(of_host, times > at)),
    )


def _write_intervals(connection: Connection, changed: Sequence[HostObservation]) -> None:
    removed: list[Row] = []
    added: list[Row] = []
    for observation, kept in _with_intervals(connection, changed):
        for control in {*kept, *observation.state}:
            old = kept.get(control, ())
            new = add_observation(old, observation.when, observation.state.get(control))
            before = [row_of(observation.host.id, control, interval) for interval in old]
            after = [row_of(observation.host.id, control, interval) for interval in new]
            removed += [row for row in before if row not in after]
            added += [row for row in after if row not in before]
    if removed:
        names = ("host", "control", "since")
        key = [intervals.c[name] == bindparam(f"its_{name}") for name in names]
        keys = [{f"its_{name}": row[name] for name in names} for row in removed]
        connection.execute(delete(intervals).where(*key), keys)
    if added:
        connection.execute(insert(intervals), added)


def _with_intervals(
    connection: Connection, changed: Sequence[HostObservation]
) -> Iterator[tuple[HostObservation, Mapping[str, tuple[Interval, ...]]]]:
    """Yield observations with the intervals that they may change: open ones, of a late one all."""
    newest = [observation for observation in changed if observation.is_newest]
    for start in range(0, len(newest), CHUNK):
        chunk = newest[start : start + CHUNK]
        kept = _intervals(connection, chunk, only_open=True)
        yield from ((observation, kept[observation.host.id]) for observation in chunk)
    for observation in changed:
        if not observation.is_newest:
            kept = _intervals(connection, (observation,), only_open=False)
            yield observation, kept[observation.host.id]


def _intervals(
    connection: Connection, of: Iterable[HostObservation], *, only_open: bool
) -> dict[int, dict[str, tuple[Interval, ...]]]:
    checked = {s.host.id: s.host.checked for s in of if s.host.checked}
    wanted = select(intervals).where(intervals.c.host.in_(checked)).order_by(intervals.c.since)
    if only_open:
        wanted = wanted.where(intervals.c.ended.is_(None))
    kept: dict[int, dict[str, tuple[Interval, ...]]] = defaultdict(dict)
    for row in connection.execute(wanted):
        interval = interval_of(row, checked[row.host])
        kept[row.host][row.control] = (*kept[row.host].get(row.control, ()), interval)
    return kept


def _write_observations(connection: Connection, observed: Sequence[HostObservation]) -> None:
    if not observed:
        return
    rows = [{"host": s.host.id, "at": s.when.at} for s in observed]
    connection.execute(insert(observations), rows)
    newest = [s for s in observed if s.is_newest]
    if newest:
        connection.execute(
            update(hosts)
            .where(hosts.c.id == bindparam("its_id"))
            .values(checked=bindparam("its_checked"), standing=bindparam("its_standing")),
            [
                {"its_id": s.host.id, "its_checked": s.when.at, "its_standing": digest_of(s.state)}
                for s in newest
            ],
        )
