"""Records an audit run; what did not change since the last one costs next to nothing."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from monitors.audit.history.database import writing
from monitors.audit.history.intervals import Found, Observed, Spell, observe
from monitors.audit.history.rows import Row, row_of, spell_of
from monitors.audit.history.scores import rescore
from monitors.audit.history.tables import hosts, observations, runs, spells
from monitors.audit.model.results import AuditRun, HostAudit

CHUNK = 500

Standing = Mapping[str, Found]
"""How every control of a host was found at one time."""


@dataclass(frozen=True, slots=True)
class Known:
    """A host as the store knows it; `checked` is None before its first observation."""

    id: int
    checked: datetime | None
    digest: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """A host in a run: what the store knew of it, and what was found now."""

    host: Known
    when: Observed
    found: Standing

    @property
    def is_newest(self) -> bool:
        """Whether no later observation of the host is known."""
        return self.when.following is None


def record(url: str, run: AuditRun) -> bool:
    """Record a run; False when it is there already, which changes nothing.

    Runs may come in any order and from several processes at once. Raises StoreError.
    """
    with writing(url) as connection:
        return add_run(connection, run)


def add_run(connection: Connection, run: AuditRun) -> bool:
    """Record a run within a transaction; False when it is there already."""
    if _is_known(connection, run):
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
    sightings = tuple(_sightings(connection, run))
    changed = [s for s in sightings if not s.is_newest or digest_of(s.found) != s.host.digest]
    _write_spells(connection, changed)
    _write_sightings(connection, sightings)
    rescore(connection, run.estate, run.started, _next_known(sightings))
    return True


def _next_known(sightings: Iterable[Sighting]) -> datetime | None:
    """Return when all the hosts of a late run were observed again; None when one was not."""
    following = [s.when.following for s in sightings]
    return None if None in following else max(filter(None, following), default=None)


def digest_of(found: Standing) -> str:
    """Return a hash that two standings share only when they are equal."""
    lines = sorted(f"{control} {f.severity} {f.outcome} {f.waived}" for control, f in found.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


GONE = digest_of({})


def _is_known(connection: Connection, run: AuditRun) -> bool:
    same = and_(
        runs.c.estate == run.estate, runs.c.started == run.started, runs.c.label == run.label
    )
    return connection.scalar(select(runs.c.id).where(same)) is not None


def _sightings(connection: Connection, run: AuditRun) -> Iterator[Sighting]:
    """Yield the hosts of a run; of a whole run also those that are in the estate no more."""
    before = _known(connection, run.estate)
    new = [audit for audit in run.hosts if audit.host not in before]
    if new:
        connection.execute(insert(hosts), [_new_host(audit, run) for audit in new])
    known = _known(connection, run.estate)
    for audit in run.hosts:
        host = known[audit.host]
        if when := _when(connection, host, run.started):
            yield Sighting(host, when, _found(audit))
    asked = {audit.host for audit in run.hosts}
    for name in sorted(before.keys() - asked) if run.whole else ():
        host = before[name]
        if host.digest != GONE and host.checked and host.checked < run.started:
            yield Sighting(host, Observed(run.started, host.checked), {})


def _known(connection: Connection, estate: str) -> dict[str, Known]:
    columns = (hosts.c.name, hosts.c.id, hosts.c.checked, hosts.c.standing)
    found = connection.execute(select(*columns).where(hosts.c.estate == estate))
    return {row.name: Known(row.id, row.checked, row.standing) for row in found}


def _new_host(audit: HostAudit, run: AuditRun) -> dict[str, Any]:
    return {
        "estate": run.estate,
        "name": audit.host,
        "municipality": audit.municipality,
        "checked": None,
        "standing": GONE,
    }


def _found(audit: HostAudit) -> Standing:
    return {r.control: Found(r.severity, r.outcome, r.is_waived) for r in audit.results}


def _when(connection: Connection, host: Known, at: datetime) -> Observed | None:
    """Return an observation's place among the host's others; None when it has one of that time."""
    if host.checked is None or host.checked < at:
        return Observed(at, host.checked)
    of_host = observations.c.host == host.id
    times = observations.c.at
    if connection.scalar(select(times).where(of_host, times == at)):
        return None
    return Observed(
        at,
        connection.scalar(select(func.max(times)).where(of_host, times < at)),
        connection.scalar(select(func.min(times)).where(of_host, times > at)),
    )


def _write_spells(connection: Connection, changed: Sequence[Sighting]) -> None:
    removed: list[Row] = []
    added: list[Row] = []
    for sighting, kept in _with_spells(connection, changed):
        for control in {*kept, *sighting.found}:
            old = kept.get(control, ())
            new = observe(old, sighting.when, sighting.found.get(control))
            before = [row_of(sighting.host.id, control, spell) for spell in old]
            after = [row_of(sighting.host.id, control, spell) for spell in new]
            removed += [row for row in before if row not in after]
            added += [row for row in after if row not in before]
    if removed:
        names = ("host", "control", "since")
        key = [spells.c[name] == bindparam(f"its_{name}") for name in names]
        keys = [{f"its_{name}": row[name] for name in names} for row in removed]
        connection.execute(delete(spells).where(*key), keys)
    if added:
        connection.execute(insert(spells), added)


def _with_spells(
    connection: Connection, changed: Sequence[Sighting]
) -> Iterator[tuple[Sighting, Mapping[str, tuple[Spell, ...]]]]:
    """Yield sightings with the spells that they may change: the open ones, or all of a late one."""
    newest = [sighting for sighting in changed if sighting.is_newest]
    for start in range(0, len(newest), CHUNK):
        chunk = newest[start : start + CHUNK]
        kept = _spells(connection, chunk, only_open=True)
        yield from ((sighting, kept[sighting.host.id]) for sighting in chunk)
    for sighting in changed:
        if not sighting.is_newest:
            kept = _spells(connection, (sighting,), only_open=False)
            yield sighting, kept[sighting.host.id]


def _spells(
    connection: Connection, of: Iterable[Sighting], *, only_open: bool
) -> dict[int, dict[str, tuple[Spell, ...]]]:
    checked = {s.host.id: s.host.checked for s in of if s.host.checked}
    wanted = select(spells).where(spells.c.host.in_(checked)).order_by(spells.c.since)
    if only_open:
        wanted = wanted.where(spells.c.ended.is_(None))
    kept: dict[int, dict[str, tuple[Spell, ...]]] = defaultdict(dict)
    for row in connection.execute(wanted):
        spell = spell_of(row, checked[row.host])
        kept[row.host][row.control] = (*kept[row.host].get(row.control, ()), spell)
    return kept


def _write_sightings(connection: Connection, sightings: Sequence[Sighting]) -> None:
    if not sightings:
        return
    seen = [{"host": s.host.id, "at": s.when.at} for s in sightings]
    connection.execute(insert(observations), seen)
    newest = [s for s in sightings if s.is_newest]
    if newest:
        connection.execute(
            update(hosts)
            .where(hosts.c.id == bindparam("its_id"))
            .values(checked=bindparam("its_checked"), standing=bindparam("its_standing")),
            [
                {"its_id": s.host.id, "its_checked": s.when.at, "its_standing": digest_of(s.found)}
                for s in newest
            ],
        )
