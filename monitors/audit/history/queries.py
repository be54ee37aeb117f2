"""Reads what the store remembers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from monitors.audit.history.database import reading
from monitors.audit.history.intervals import Failure, failures
from monitors.audit.history.model import History, Repair, Standing, TrendPoint
from monitors.audit.history.rows import spell_of
from monitors.audit.history.tables import hosts, runs, scores, spells
from monitors.audit.model.controls import Severity
from monitors.audit.model.results import Outcome
from monitors.audit.model.score import Weights, share

SUMS = tuple(scores.c[name] for name in ("passed", "waived", "determined", "total"))
NOT_MENDED = (Outcome.FAIL, Outcome.ERROR)
EVER_FAILED = spells.c.outcome == Outcome.FAIL.value


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A control on a host."""

    host: str
    control: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The failures that a control has had on a host, in order, and how it stands now, if at all."""

    municipality: str
    failures: tuple[Failure, ...]
    now: Outcome | None

    @property
    def first_failed(self) -> datetime | None:
        """When the failure was first seen that was not seen mended since."""
        last = self.failures[-1] if self.failures else None
        lasts = last is not None and last.mended is None and self.now in NOT_MENDED
        return last.since if last and lasts else None


def read_history(
    url: str, estate: str, since: datetime | None = None, municipality: str | None = None
) -> History:
    """Return what is known of an estate or of one of its municipalities; empty before any audit.

    `since` limits the trend and the repairs, never the standings. Raises StoreError.
    """
    with reading(url) as connection:
        if connection is None:
            return History()
        broken = dict(_broken(connection, estate, municipality))
        return History(
            trend=tuple(_trend(connection, estate, since, municipality)),
            standings=tuple(_standings(connection, estate, municipality, broken)),
            repairs=tuple(_repairs(broken, since)),
        )


def read_first_failed(url: str, estate: str) -> dict[Place, datetime]:
    """Return when each failure was first seen that was not seen mended since. Raises StoreError."""
    with reading(url) as connection:
        if connection is None:
            return {}
        newest = connection.scalar(select(func.max(runs.c.id)).where(runs.c.estate == estate))
    return dict(_first_failed(url, estate, newest))


@lru_cache(maxsize=2)
def _first_failed(url: str, estate: str, newest: int | None) -> tuple[tuple[Place, datetime], ...]:
    """Read once a run, not at every scrape; another newest run is another key."""
    del newest
    open_ = and_(spells.c.ended.is_(None), spells.c.outcome.in_([o.value for o in NOT_MENDED]))
    with reading(url) as connection:
        broken = _broken(connection, estate, None, open_) if connection else ()
        return tuple((place, b.first_failed) for place, b in broken if b.first_failed)


def _of(estate: str, municipality: str | None) -> Any:
    where = hosts.c.estate == estate
    return and_(where, hosts.c.municipality == municipality) if municipality else where


def _broken(
    connection: Connection, estate: str, municipality: str | None, chosen: Any = EVER_FAILED
) -> Iterator[tuple[Place, Broken]]:
    """Yield every control on a host that has a spell of the chosen kind there."""
    ever = select(spells.c.host, spells.c.control).where(chosen).distinct().subquery()
    wanted = (
        select(spells, hosts.c.name, hosts.c.municipality, hosts.c.checked)
        .join(ever, and_(ever.c.host == spells.c.host, ever.c.control == spells.c.control))
        .join(hosts, hosts.c.id == spells.c.host)
        .where(_of(estate, municipality))
        .order_by(hosts.c.name, spells.c.control, spells.c.since)
    )
    rows = connection.execute(wanted)
    for (name, control), group in groupby(rows, key=lambda row: (row.name, row.control)):
        last, lasting = None, []
        for last in group:
            lasting.append(spell_of(last, last.checked))
        now = lasting[-1].found.outcome if lasting[-1].ended is None else None
        place = last.municipality if last else ""
        yield Place(name, control), Broken(place, tuple(failures(lasting)), now)


def _trend(
    connection: Connection, estate: str, since: datetime | None, municipality: str | None
) -> Iterator[TrendPoint]:
    of_run = (runs.c.started, runs.c.controls_sha256, runs.c.waivers_sha256, scores.c.model)
    wanted = select(*of_run).join(scores, scores.c.run == runs.c.id).where(runs.c.estate == estate)
    if since:
        wanted = wanted.where(runs.c.started >= since)
    if municipality is None:
        sums = (func.sum(column).label(column.name) for column in SUMS)
        whole = wanted.add_columns(*sums).group_by(runs.c.id, *of_run).order_by(runs.c.started)
        yield from (_point(row, None) for row in connection.execute(whole))
    else:
        wanted = wanted.where(scores.c.municipality == municipality)
    each = wanted.add_columns(scores.c.municipality, *SUMS)
    in_order = each.order_by(runs.c.started, scores.c.municipality)
    yield from (_point(row, row.municipality) for row in connection.execute(in_order))


def _point(row: Row[Any], municipality: str | None) -> TrendPoint:
    weights = Weights(*(int(row._mapping[column.name]) for column in SUMS))
    return TrendPoint(
        at=row.started,
        municipality=municipality,
        proved=share(weights.proved),
        accepted=share(weights.accepted),
        coverage=share(weights.coverage),
        model=row.model,
        controls_sha256=row.controls_sha256,
        waivers_sha256=row.waivers_sha256,
    )


def _standings(
    connection: Connection, estate: str, municipality: str | None, broken: dict[Place, Broken]
) -> Iterator[Standing]:
    wanted = (
        select(spells, hosts.c.name, hosts.c.municipality, hosts.c.checked)
        .join(hosts, hosts.c.id == spells.c.host)
        .where(_of(estate, municipality), spells.c.ended.is_(None))
        .order_by(hosts.c.name, spells.c.control)
    )
    good = {(row.host, row.control): row.good for row in connection.execute(_last_good(estate))}
    for row in connection.execute(wanted):
        passing = row.outcome == Outcome.PASS.value
        found = broken.get(Place(row.name, row.control))
        yield Standing(
            host=row.name,
            municipality=row.municipality,
            control=row.control,
            severity=Severity(row.severity),
            outcome=Outcome(row.outcome),
            first_failed=found.first_failed if found else None,
            last_good=row.checked if passing else good.get((row.host, row.control)),
            last_checked=row.checked,
            waived=row.waived,
        )


def _last_good(estate: str) -> Select[tuple[int, str, datetime]]:
    """Ask when controls last passed that do so no more, or passed in an earlier spell too."""
    return (
        select(spells.c.host, spells.c.control, func.max(spells.c.last).label("good"))
        .join(hosts, hosts.c.id == spells.c.host)
        .where(
            hosts.c.estate == estate,
            spells.c.outcome == Outcome.PASS.value,
            spells.c.ended.is_not(None),
        )
        .group_by(spells.c.host, spells.c.control)
    )


def _repairs(broken: dict[Place, Broken], since: datetime | None) -> Iterator[Repair]:
    for place, found in broken.items():
        for failure in found.failures:
            if failure.mended and (since is None or failure.mended >= since):
                yield Repair(
                    host=place.host,
                    municipality=found.municipality,
                    control=place.control,
                    severity=failure.found.severity,
                    failed=failure.since,
                    mended=failure.mended,
                )
