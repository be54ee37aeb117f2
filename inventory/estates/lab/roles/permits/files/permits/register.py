"""The permit register's data: every SQL statement of the application is in this file.

The database is reached over its unix socket as the user that the process runs as (peer
authentication), so there is no password. PERMITS_DATABASE may name another database in libpq's
words, for instance `host=/tmp/drill dbname=permits` in a drill.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras

KINDS = ("new house", "extension", "shop front", "well", "demolition", "solar roof")
PAGE_ROWS = 25
# Names the numbers of all permits made at the same time wait for, so that none is given twice.
NUMBERING_LOCK = 7401


@dataclass(frozen=True, slots=True)
class PermitPage:
    """One page of permits and how many there are in all."""

    permits: tuple[dict[str, Any], ...]
    total: int


@contextmanager
def session() -> Iterator[Any]:
    """Give a cursor inside one transaction; psycopg2.Error when the database does not answer."""
    dsn = os.environ.get("PERMITS_DATABASE", "dbname=permits")
    factory = psycopg2.extras.RealDictCursor
    connection = psycopg2.connect(dsn, connect_timeout=5, cursor_factory=factory)
    with closing(connection), connection, connection.cursor() as cursor:
        yield cursor


def scans_folder() -> Path:
    """Return the folder of the scanned papers."""
    return Path(os.environ.get("PERMITS_SCANS", "/var/lib/permits/scans"))


def count() -> int:
    """Return how many permits the register holds."""
    with session() as cursor:
        cursor.execute("SELECT count(*) AS total FROM permits")
        return int(cursor.fetchone()["total"])


def search(words: str, page: int) -> PermitPage:
    """Return one page (from 1) of the permits with these words in number, name or address."""
    pattern = "%" + words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    where = "WHERE concat_ws(' ', number, applicant, address, kind, status) ILIKE %s"
    with session() as cursor:
        cursor.execute(f"SELECT count(*) AS total FROM permits {where}", (pattern,))  # noqa: S608
        total = int(cursor.fetchone()["total"])
        cursor.execute(
            f"SELECT * FROM permits {where} ORDER BY submitted DESC, id DESC LIMIT %s OFFSET %s",  # noqa: S608
            (pattern, PAGE_ROWS, (page - 1) * PAGE_ROWS),
        )
        return PermitPage(tuple(cursor.fetchall()), total)


def one(number: str) -> dict[str, Any] | None:
    """Return a permit with its events and scans, or None when the number is not in use."""
    with session() as cursor:
        cursor.execute("SELECT * FROM permits WHERE number = %s", (number,))
        permit = cursor.fetchone()
        if permit is None:
            return None
        cursor.execute(
            "SELECT happened, what FROM events WHERE permit = %s ORDER BY happened, id",
            (permit["id"],),
        )
        events = cursor.fetchall()
        cursor.execute("SELECT file FROM scans WHERE permit = %s ORDER BY file", (permit["id"],))
        return {**permit, "events": events, "scans": cursor.fetchall()}


def add(applicant: str, kind: str, address: str, today: date) -> str:
    """Enter an application and return the number it was given; numbers restart every year."""
    with session() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (NUMBERING_LOCK,))
        cursor.execute(
            "SELECT coalesce(max(split_part(number, '-', 2)::int), 0) + 1 AS next"
            " FROM permits WHERE number LIKE %s",
            (f"{today.year}-%",),
        )
        number = f"{today.year}-{int(cursor.fetchone()['next']):04d}"
        insert(cursor, (number, applicant, kind, address, today, "received"))
        return number


def insert(cursor: Any, permit: tuple[str, str, str, str, date, str]) -> int:
    """Write one permit and its first event; return its key."""
    cursor.execute(
        "INSERT INTO permits (number, applicant, kind, address, submitted, status)"
        " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
        permit,
    )
    key = int(cursor.fetchone()["id"])
    cursor.execute(
        "INSERT INTO events (permit, happened, what) VALUES (%s, %s, 'application received')",
        (key, permit[4]),
    )
    return key
