"""Reads the history: trends, how every control stands, failures and their repairs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from monitors.audit.history.database import reading
from monitors.audit.history.intervals import Failure, failures
from monitors.audit.history.model import ControlStatus, History, Repair, TrendPoint
from monitors.audit.history.tables import hosts, interval_of, intervals, runs, scores
from monitors.audit.model.controls import Severity
from monitors.audit.model.results import Outcome
from monitors.audit.model.score import Weights, share

SUMS = tuple(scores.c[name] for name in ("passed", "waived", "determined", "total"))
NOT_MENDED = (Outcome.FAIL, Outcome.ERROR)
EVER_FAILED = intervals.c.outcome == Outcome.FAIL.value


@dataclass(frozen=True, slots=True, order=True)
class ControlOnHost:
    """A control on a host."""

    host: str
    control: str


@dataclass(frozen=True, slots=True)
class FailureHistory:
    """The failures that a control has had on a host, in order, and its outcome now, if any."""

    municipality: str
    failures: tuple[Failure, ...]
    now: Outcome | None

    @property
    def open(self) -> Failure | None:
        """The failure that was not seen mended since, if any."""
        last = self.failures[-1] if self.failures else None
        return last if last and last.mended is None and self.now in NOT_MENDED else None

    @property
    def first_failed(self) -> datetime | None:
        """When the failure was first seen that was not seen mended since."""
        return self.open.since if self.open else None


def read_history(
    url: str, estate: str, since: datetime | None = None, municipality: str | None = None
) -> History:
    """Return what is known of an estate or of one of its municipalities; empty before any audit.

    `since` limits the trend and the repairs, never the statuses. Raises StoreError.
    """
    with reading(url) as connection:
        if connection is None:
            return History()
        histories = dict(_failure_histories(connection, estate, municipality))
        return History(
            trend=tuple(_trend(connection, estate, since, municipality)),
            statuses=tuple(_statuses(connection, estate, municipality, histories)),
            repairs=tuple(_repairs(histories, since)),
        )


@dataclass(frozen=True, slots=True)
class OpenFailure:
    """When a failure was first seen that was not seen mended since.

    `broke`: whether the control had passed before, by the same control set: another set is
    nobody's failure.
    """

    first_failed: datetime
    broke: bool


def read_open_failures(url: str, estate: str) -> dict[ControlOnHost, OpenFailure]:
    """Return the failures that were not seen mended since. Raises StoreError."""
    with reading(url) as connection:
        if connection is None:
            return {}
        newest = connection.scalar(select(func.max(runs.c.id)).where(runs.c.estate == estate))
    return dict(_open_failures(url, estate, newest))


@lru_cache(maxsize=2)
def _open_failures(
    url: str, estate: str, newest: int | None
) -> tuple[tuple[ControlOnHost, OpenFailure], ...]:
    """Read once a run, not at every scrape; another newest run is another key."""
    del newest
    open_ = and_(
        intervals.c.ended.is_(None), intervals.c.outcome.in_([o.value for o in NOT_MENDED])
    )
    with reading(url) as connection:
        if connection is None:
            return ()
        found = [
            (control, history.open)
            for control, history in _failure_histories(connection, estate, None, open_)
        ]
        sets = _control_sets(connection, estate, [failure for _, failure in found if failure])
    return tuple(
        (control, OpenFailure(failure.since, _broke(failure, sets)))
        for control, failure in found
        if failure
    )


def _control_sets(
    connection: Connection, estate: str, open_failures: Iterable[Failure]
) -> dict[datetime, str]:
    """Return the control set of each run that saw one of the failures first, or passing last."""
    times = {at for each in open_failures for at in (each.since, each.passed) if at}
    wanted = select(runs.c.started, runs.c.controls_sha256).where(
        and_(runs.c.estate == estate, runs.c.started.in_(times))
    )
    return {row.started: row.controls_sha256 for row in connection.execute(wanted)}


def _broke(failure: Failure, sets: Mapping[datetime, str]) -> bool:
    if failure.passed is None:
        return False
    return sets.get(failure.passed) == sets.get(failure.since)


def _of(estate: str, municipality: str | None) -> Any:
    where = hosts.c.estate == estate
    return and_(where, hosts.c.municipality == municipality) if municipality else where


def _failure_histories(
    connection: Connection, estate: str, municipality: str | None, chosen: Any = EVER_FAILED
) -> Iterator[tuple[ControlOnHost, FailureHistory]]:
    """Yield every control on a host that has an interval of the chosen kind there."""
    ever = select(intervals.c.host, intervals.c.control).where(chosen).distinct().subquery()
    wanted = (
        select(intervals, hosts.c.name, hosts.c.municipality, hosts.c.checked)
        .join(ever, and_(ever.c.host == intervals.c.host, ever.c.control == intervals.c.control))
        .join(hosts, hosts.c.id == intervals.c.host)
        .where(_of(estate, municipality))
        .order_by(hosts.c.name, intervals.c.control, intervals.c.since)
    )
    rows = connection.execute(wanted)
    for (name, control), group in groupby(rows, key=lambda row: (row.name, row.control)):
        of_control = tuple(group)
        spans = tuple(interval_of(row, row.checked) for row in of_control)
        now = spans[-1].state.outcome if spans[-1].ended is None else None
        history = FailureHistory(of_control[-1].municipality, tuple(failures(spans)), now)
        yield ControlOnHost(name, control), history


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


def _statuses(
    connection: Connection,
    estate: str,
    municipality: str | None,
    histories: dict[ControlOnHost, FailureHistory],
) -> Iterator[ControlStatus]:
    wanted = (
        select(intervals, hosts.c.name, hosts.c.municipality, hosts.c.checked)
        .join(hosts, hosts.c.id == intervals.c.host)
        .where(_of(estate, municipality), intervals.c.ended.is_(None))
        .order_by(hosts.c.name, intervals.c.control)
    )
    good = {(row.host, row.control): row.good for row in connection.execute(_last_good(estate))}
    for row in connection.execute(wanted):
        passing = row.outcome == Outcome.PASS.value
        history = histories.get(ControlOnHost(row.name, row.control))
        yield ControlStatus(
            host=row.name,
            municipality=row.municipality,
            control=row.control,
            severity=Severity(row.severity),
            outcome=Outcome(row.outcome),
            first_failed=history.first_failed if history else None,
            last_good=row.checked if passing else good.get((row.host, row.control)),
            last_checked=row.checked,
            waived=row.waived,
        )


def _last_good(estate: str) -> Select[tuple[int, str, datetime]]:
    """Ask when controls last passed that do so no more, or passed in an earlier interval too."""
    return (
        select(intervals.c.host, intervals.c.control, func.max(intervals.c.last).label("good"))
        .join(hosts, hosts.c.id == intervals.c.host)
        .where(
            hosts.c.estate == estate,
            intervals.c.outcome == Outcome.PASS.value,
            intervals.c.ended.is_not(None),
        )
        .group_by(intervals.c.host, intervals.c.control)
    )


def _repairs(
    histories: dict[ControlOnHost, FailureHistory], since: datetime | None
) -> Iterator[Repair]:
    for control, history in histories.items():
        for failure in history.failures:
            if failure.mended and (since is None or failure.mended >= since):
                yield Repair(
                    host=control.host,
                    municipality=history.municipality,
                    control=control.control,
                    severity=failure.state.severity,
                    failed=failure.since,
                    mended=failure.mended,
                )
