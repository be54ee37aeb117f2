"""The score of every municipality at a run's time, over all of its hosts, asked then or earlier."""

from datetime import datetime

from sqlalchemy import Connection, Select, and_, case, delete, func, insert, literal, or_, select

from monitors.audit.history.tables import hosts, intervals, observations, runs, scores
from monitors.audit.model.controls import WEIGHT
from monitors.audit.model.results import Outcome
from monitors.audit.model.score import SCORE_MODEL, STALE_AFTER

COLUMNS = ("run", "municipality", "model", "passed", "waived", "determined", "total")


def rescore(
    connection: Connection, estate: str, since: datetime, until: datetime | None = None
) -> None:
    """Write the scores of the runs from `since` to before `until`; None: of all since.

    A run that comes late changes those of the runs after it, until its hosts were observed again.
    """
    wanted = and_(runs.c.estate == estate, runs.c.started >= since)
    if until:
        wanted = and_(wanted, runs.c.started < until)
    for run in connection.execute(select(runs.c.id, runs.c.started).where(wanted)).all():
        connection.execute(delete(scores).where(scores.c.run == run.id))
        weights = _weights(estate, run.id, run.started)
        connection.execute(insert(scores).from_select(COLUMNS, weights))


def _weights(estate: str, run: int, at: datetime) -> Select[tuple[object, ...]]:
    """Sum severity weights by municipality as score.py does; stale hosts count as unknown."""
    weight = case({severity.value: n for severity, n in WEIGHT.items()}, value=intervals.c.severity)
    recent = (
        select(observations.c.host)
        .where(observations.c.at >= at - STALE_AFTER, observations.c.at <= at)
        .distinct()
        .subquery()
    )
    recently_observed = recent.c.host.is_not(None)
    passed = intervals.c.outcome == Outcome.PASS.value
    failed = intervals.c.outcome == Outcome.FAIL.value
    return (
        select(
            literal(run),
            hosts.c.municipality,
            literal(SCORE_MODEL),
            func.sum(case((and_(recently_observed, passed), weight), else_=0)),
            func.sum(case((and_(recently_observed, failed, intervals.c.waived), weight), else_=0)),
            func.sum(case((and_(recently_observed, or_(passed, failed)), weight), else_=0)),
            func.sum(weight),
        )
        .select_from(intervals)
        .join(hosts, hosts.c.id == intervals.c.host)
        .outerjoin(recent, recent.c.host == intervals.c.host)
        .where(
            hosts.c.estate == estate,
            intervals.c.since <= at,
            or_(intervals.c.ended.is_(None), intervals.c.ended > at),
            intervals.c.outcome != Outcome.SKIP.value,
        )
        .group_by(hosts.c.municipality)
    )
