"""The store's tables: intervals of equal results, not a row for every result.

A host is observed by every run that it is in. An interval is the longest row of observations of
a host in which a control's state was the same; the last one of a control is open (`ended` is null)
and lasts until the host's newest observation, so that an unchanged run writes nothing but that.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    false,
)
from sqlalchemy import Row as SqlRow

from monitors.audit.history.intervals import ControlState, Interval
from monitors.audit.model.controls import Severity
from monitors.audit.model.results import Outcome

SCHEMA = 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A time as whole microseconds since 1970, the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return what is kept; ValueError for a time without a zone."""
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value}: a time without a zone cannot be kept")
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Return the time that was kept, UTC."""
        del dialect
        return None if value is None else EPOCH + int(value) * MICROSECOND


METADATA = MetaData()
# SQLite numbers rows by itself only where the key is INTEGER.
KEY = BigInteger().with_variant(Integer, "sqlite")

schema = Table("audit_schema", METADATA, Column("version", Integer, primary_key=True))

runs = Table(
    "audit_run",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("estate", String, nullable=False),
    Column("started", Moment, nullable=False),
    Column("label", String, nullable=False),
    Column("controls_sha256", String, nullable=False),
    Column("waivers_sha256", String, nullable=False),
    UniqueConstraint("estate", "started", "label"),
)

# `checked` is the newest observation (null before the first), `standing` a hash of what it found.
hosts = Table(
    "audit_host",
    METADATA,
    Column("id", KEY, primary_key=True),
    Column("estate", String, nullable=False),
    Column("name", String, nullable=False),
    Column("municipality", String, nullable=False),
    Column("checked", Moment),
    Column("standing", String, nullable=False),
    UniqueConstraint("estate", "name"),
)

observations = Table(
    "audit_observation",
    METADATA,
    Column("host", KEY, ForeignKey(hosts.c.id, ondelete="CASCADE"), primary_key=True),
    Column("at", Moment, primary_key=True),
    Index("audit_observation_at", "at"),
    sqlite_with_rowid=False,
)

# `last` is the last observation of the state (null while open), `ended` the first of another one.
# The table keeps the name that it was made with.
intervals = Table(
    "audit_spell",
    METADATA,
    Column("host", KEY, ForeignKey(hosts.c.id, ondelete="CASCADE"), primary_key=True),
    Column("control", String, primary_key=True),
    Column("since", Moment, primary_key=True),
    Column("last", Moment),
    Column("ended", Moment),
    Column("severity", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("waived", Boolean, nullable=False, server_default=false()),
    sqlite_with_rowid=False,
)
Index("audit_spell_ended", intervals.c.ended)
Index(
    "audit_spell_failed",
    intervals.c.host,
    intervals.c.control,
    sqlite_where=intervals.c.outcome == "fail",
    postgresql_where=intervals.c.outcome == "fail",
)

scores = Table(
    "audit_score",
    METADATA,
    Column("run", KEY, ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("municipality", String, primary_key=True),
    Column("model", Integer, nullable=False),
    Column("passed", BigInteger, nullable=False),
    Column("waived", BigInteger, nullable=False),
    Column("determined", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

Row = dict[str, Any]


def row_of(host: int, control: str, interval: Interval) -> Row:
    """Return an interval as it is kept; the end of an open one is its host's newest observation."""
    return {
        "host": host,
        "control": control,
        "since": interval.since,
        "last": interval.last if interval.ended else None,
        "ended": interval.ended,
        "severity": interval.state.severity.value,
        "outcome": interval.state.outcome.value,
        "waived": interval.state.waived,
    }


def interval_of(row: SqlRow[Any], checked: datetime) -> Interval:
    """Return a row as an interval; `checked` is the newest observation of its host."""
    state = ControlState(Severity(row.severity), Outcome(row.outcome), row.waived)
    return Interval(state, row.since, row.last or checked, row.ended)
