"""Databases, as the servers name them to their own system account, without a password."""

from collections.abc import Iterator

from monitors.inspection.model import Database
from monitors.inspection.values import bounded, number

SCHEMAS_OF_ITS_OWN = frozenset({"information_schema", "performance_schema", "mysql", "sys"})


def read_databases(postgresql: str, mysql: str) -> tuple[Database, ...]:
    """Return each PostgreSQL server by its socket, and MySQL or MariaDB."""
    return bounded((*_postgresql(postgresql), *_mysql(mysql)))


def _postgresql(text: str) -> Iterator[Database]:
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("port "):
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
    for first, *lines in blocks:
        rows = [line.split() for line in lines]
        settings = {row[1]: " ".join(row[2:]) for row in rows if row[:1] == ["setting"] and row[1:]}
        version = _value(rows, "version")
        yield Database(
            engine="postgresql",
            version=version,
            port=number(first.removeprefix("port ")),
            listens=settings.get("listen_addresses", ""),
            folder=settings.get("data_directory", ""),
            databases=_sized(rows),
            problem="" if version else "; ".join(lines),
        )


def _sized(rows: list[list[str]]) -> tuple[tuple[str, int], ...]:
    named = (row for row in rows if len(row) >= 3 and row[0] == "database")
    return bounded((" ".join(row[1:-1]), number(row[-1].partition(".")[0]) or 0) for row in named)


def _value(rows: list[list[str]], *keys: str) -> str:
    """Return the word after these in the first row that begins with them."""
    at = len(keys)
    return next((row[at] for row in rows if tuple(row[:at]) == keys and len(row) > at), "")


def _mysql(text: str) -> Iterator[Database]:
    if not text.strip():
        return
    rows = [line.split() for line in text.splitlines()]
    version = _value(rows, "version")
    sized = {
        row[2].rstrip("/").rpartition("/")[2]: (number(row[1]) or 0) * 1024
        for row in rows
        if len(row) == 3 and row[0] == "size"
    }
    names = [row[1] for row in rows if len(row) == 2 and row[0] == "database"]
    yield Database(
        engine="mariadb" if "MariaDB" in version else "mysql",
        version=version,
        listens=_value(rows, "setting", "bind_address"),
        folder=_value(rows, "setting", "datadir"),
        databases=bounded((n, sized.get(n, 0)) for n in names if n not in SCHEMAS_OF_ITS_OWN),
        problem="" if version else "; ".join(text.split("\n")),
    )
