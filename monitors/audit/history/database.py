"""Opens the store: SQLite or PostgreSQL by URL, one writer at a time, errors in words.

Whatever goes wrong is a StoreError without secrets. The store is derived from the files of
`<state>/audits`, so nothing is lost with it (see catch_up.py).
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from inventory.files import write_first
from monitors.audit.history.tables import METADATA, SCHEMA, schema

ENVIRONMENT = "BASTIDE_STORE_URL"
FILE = "store.sqlite"
BUSY_SECONDS = 30
CONNECT_SECONDS = 5
# Any number will do, as long as no other program of the database takes the same lock.
WRITERS_LOCK = 0x62617374696465
SECRETS = ("password", "sslpassword", "sslkey")
NOTHING_LOST = (
    "no audit is lost: each is a file in audits/, and the next audit records what is missing"
)

# What a driver says, what that means, what to do.
CAUSES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("is locked", "lock timeout"), "another program keeps it locked", "try again when it ended"),
    (
        ("disk is full", "No space left", "disk I/O error", "53100"),
        "there is no space left on its disk",
        "make room there",
    ),
    (
        ("not a database", "malformed"),
        "it is damaged",
        "move it away; the next audit makes it anew from the files in audits/",
    ),
    (("readonly", "unable to open", "permission denied"), "it may not be written", "mend its mode"),
    (
        ("could not translate", "refused", "timeout expired", "no such file", "could not receive"),
        "the server cannot be reached",
        f"start it, or correct {ENVIRONMENT}",
    ),
    (("authentication failed", "no password"), "the server refuses us", f"correct {ENVIRONMENT}"),
)


class StoreError(Exception):
    """The store cannot be used; the text names it, without its password, and what to do."""


class DamagedError(StoreError):
    """The store's file is not a whole database."""


def store_url(state: Path) -> str:
    """Return where an estate's history is: BASTIDE_STORE_URL, else SQLite in its state folder."""
    return os.environ.get(ENVIRONMENT) or f"sqlite:///{state / FILE}"


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite store; None for another. StoreError when it is no URL."""
    parsed = _parsed(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


@contextmanager
def writing(url: str) -> Iterator[Connection]:
    """Yield a connection in a transaction, the only writer meanwhile; all tables are there.

    Kept when the block ends well, undone when it raises. Raises StoreError.
    """
    file = sqlite_file(url)
    with _translated_errors(url):
        if file:
            _create_file(file)
        with _engine(url, "BEGIN IMMEDIATE").begin() as connection:
            if not file:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})"))
            if not _has_schema(connection, url):
                METADATA.create_all(connection)
                connection.execute(insert(schema).values(version=SCHEMA))
            yield connection


@contextmanager
def reading(url: str) -> Iterator[Connection | None]:
    """Yield a connection that sees one state of the store, or None when nothing was ever kept.

    Raises StoreError.
    """
    file = sqlite_file(url)
    with _translated_errors(url):
        if file and not file.exists():
            yield None
            return
        with _engine(url, "BEGIN").begin() as connection:
            if not file:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            yield connection if _has_schema(connection, url) else None


def _has_schema(connection: Connection, url: str) -> bool:
    if not inspect(connection).has_table(schema.name):
        return False
    version = connection.scalar(select(schema.c.version))
    if version != SCHEMA:
        raise StoreError(
            f"{_display_name(_parsed(url))}: the history has schema {version}, "
            f"this program knows {SCHEMA}; it belongs to another version of Bastide: "
            "use that one, or another store"
        )
    return True


def _engine(url: str, begin: str) -> Engine:
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        options = {} if "timeout" in parsed.query else {"timeout": BUSY_SECONDS}
        engine = create_engine(
            parsed, poolclass=NullPool, hide_parameters=True, connect_args=options
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine
    options = {} if "connect_timeout" in parsed.query else {"connect_timeout": CONNECT_SECONDS}
    return create_engine(
        parsed,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={**options, "options": f"-c lock_timeout={BUSY_SECONDS}s"},
    )


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Leave transactions to SQLAlchemy."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for setting in ("synchronous = NORMAL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _create_file(file: Path) -> None:
    """Make the file unless it is there; SQLite gives the files beside it the same mode (0600).

    It comes into being in WAL mode: that cannot be switched on while several open it. And it is
    not opened here afterwards: closing it again would take away other threads' locks on it.
    """
    if file.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder, file.name)
        connection = sqlite3.connect(empty)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
        content = empty.read_bytes()
    with suppress(FileExistsError):
        write_first(file, content)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(_bad_url("what was given")) from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StoreError(_bad_url(parsed.drivername))
    if parsed.drivername == "sqlite" and not parsed.database:
        raise StoreError(_bad_url("sqlite without a file"))
    return parsed


def _bad_url(found: str) -> str:
    return (
        f"the store's URL: expected sqlite:////PATH or postgresql://USER@HOST/DATABASE, "
        f"found {found}; correct {ENVIRONMENT}"
    )


def _display_name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    hidden = {name: "***" for name in SECRETS if name in url.query}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


@contextmanager
def _translated_errors(url: str) -> Iterator[None]:
    """Turn what the drivers raise into a StoreError."""
    parsed = _parsed(url)
    try:
        yield
    except OSError as error:
        raise _error(parsed, str(error)) from None
    except (ImportError, NoSuchModuleError):
        raise StoreError(
            f"{_display_name(parsed)}: the PostgreSQL driver is not installed; "
            "install the extra: bastide[postgresql]"
        ) from None
    except SQLAlchemyError as error:
        raise _error(parsed, str(getattr(error, "orig", None) or error)) from None


def _error(url: URL, message: str) -> StoreError:
    secrets = (url.password, *(url.query.get(name) for name in SECRETS))
    for secret in filter(None, map(str, filter(None, secrets))):
        message = message.replace(secret, "***")
    message = " ".join(message.split())
    for parts, meaning, action in CAUSES:
        if any(part.casefold() in message.casefold() for part in parts):
            kind = DamagedError if meaning == "it is damaged" else StoreError
            return kind(
                f"{_display_name(url)}: the history cannot be used: {meaning} ({message}); "
                f"{action}; {NOTHING_LOST}"
            )
    return StoreError(
        f"{_display_name(url)}: the history cannot be used: {message}; {NOTHING_LOST}"
    )
