"""Databases of MariaDB: dumped in one transaction, with the rows counted in the dump itself.

A dump has one row a line. What the server holds is counted by dumping it again in the same way, so
a restored database is held against the dump, row by row, and not against what is live meanwhile.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, cast

from bastide_manifest import BackupError
from bastide_manifest import sha256 as hash_of

DUMPING = (
    *("--routines", "--events", "--triggers", "--hex-blob", "--default-character-set=utf8mb4"),
    *("--skip-extended-insert", "--no-autocommit", "--skip-dump-date", "--max-allowed-packet=1G"),
)
# Tables whose engine has no transactions are only consistent while nobody writes.
OTHER_ENGINES = """SELECT count(*) FROM information_schema.tables WHERE table_schema = '{0}'
 AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'"""
CHARSET = """SELECT default_character_set_name, default_collation_name
 FROM information_schema.schemata WHERE schema_name = '{0}'"""
TABLE = re.compile(rb"CREATE TABLE `((?:[^`]|``)+)` \(")
ROW = re.compile(rb"INSERT INTO `((?:[^`]|``)+)` ")
LAST_LINE = b"-- Dump completed"
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Server:
    """A server and how its programs are started: by default this host's, as root, by its socket."""

    way: tuple[str, ...] = ()
    options: tuple[str, ...] = ("--protocol=socket", "--user=root")

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return a command line of one of MariaDB's programs."""
        return [*self.way, program, *self.options, *arguments]

    def ask(self, sql: str) -> str:
        """Return the answer to a statement; BackupError with the server's words."""
        asking = self.command("mariadb", "--batch", "--skip-column-names", "--execute", sql)
        done = subprocess.run(asking, capture_output=True, text=True, cwd="/", check=False)
        if done.returncode:
            raise BackupError(f"MariaDB: {_last(done.stderr)}")
        return done.stdout.strip()

    def dump(self, database: str, folder: Path) -> dict[str, Any]:
        """Dump a database into a folder and count its rows; BackupError when that failed."""
        path = folder / f"{database}.mariadb"
        charset, _, collation = self.ask(CHARSET.format(database)).partition("\t")
        if not collation:
            raise BackupError(f"MariaDB: there is no database {database}")
        with self.dumped(database) as lines, path.open("wb") as out:
            tables = count_rows(_written(lines, out))
        return {
            "kind": "mariadb",
            "name": database,
            "dump": str(path),
            "sha256": hash_of(path),
            "size": path.stat().st_size,
            "charset": charset,
            "collation": collation,
            "tables": tables,
        }

    @contextmanager
    def dumped(self, database: str) -> Iterator[Iterator[bytes]]:
        """Give the lines of a dump; BackupError unless it ends well after they were read."""
        locks = self.ask(OTHER_ENGINES.format(database)) != "0"
        whole = "--lock-tables" if locks else "--single-transaction"
        dumping = self.command("mariadb-dump", whole, *DUMPING, database)
        ended: list[bytes] = [b""]
        with tempfile.TemporaryFile() as errors:
            with subprocess.Popen(
                dumping, stdout=subprocess.PIPE, stderr=errors, cwd="/"
            ) as process:
                yield _remembering(cast("IO[bytes]", process.stdout), ended)
            errors.seek(0)
            said = _last(errors.read().decode(errors="replace"))
        if process.returncode or not ended[0].startswith(LAST_LINE):
            raise BackupError(
                f"mariadb-dump {database} ({process.returncode}): {said or 'it was cut off'}"
            )

    def rows(self, database: str) -> list[dict[str, Any]]:
        """Return what the tables of a database hold now, as a dump of it would say."""
        with self.dumped(database) as lines:
            return count_rows(lines)

    def exists(self, database: str) -> bool:
        """Whether there is such a database."""
        return bool(self.ask(CHARSET.format(database)))

    def load(self, name: str, dump: dict[str, Any], path: Path) -> None:
        """Make a database anew from a dump; BackupError unless it has the manifest's rows then."""
        charset, collation = dump["charset"], dump["collation"]
        if not re.fullmatch(r"\w+ \w+", f"{charset} {collation}"):
            raise BackupError(f"no character set: {charset} {collation}")
        self.ask(
            f"DROP DATABASE IF EXISTS `{name}`; "
            f"CREATE DATABASE `{name}` CHARACTER SET {charset} COLLATE {collation}"
        )
        # Binary: what is in the dump is data and SQL, and no command of the client's.
        loading = self.command("mariadb", "--binary-mode", "--max-allowed-packet=1G", name)
        with path.open("rb") as source:
            done = subprocess.run(loading, stdin=source, capture_output=True, cwd="/", check=False)
        if done.returncode:
            raise BackupError(f"MariaDB {name}: {_last(done.stderr.decode(errors='replace'))}")
        found = self.rows(name)
        wrong = [table["name"] for table in dump["tables"] if table not in found]
        if wrong or len(found) != len(dump["tables"]):
            raise BackupError(
                f"MariaDB {name} does not have the rows of the manifest: "
                f"{', '.join(wrong[:SHOWN]) or 'other tables'}"
            )


def count_rows(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """Return each table in a dump with its rows, and a fingerprint that knows no order."""
    counts: dict[bytes, list[int]] = {}
    in_program = False
    for line in lines:
        if line.startswith(b"DELIMITER"):
            in_program = line.startswith(b"DELIMITER ;;")  # of a trigger, a routine, an event
        elif in_program:
            continue
        elif line.startswith(b"INSERT INTO `") and (row := ROW.match(line)):
            count = counts.setdefault(row[1], [0, 0])
            count[0] += 1
            count[1] += int.from_bytes(sha256(line).digest()[:8], "big")
        elif line.startswith(b"CREATE TABLE `") and (table := TABLE.match(line)):
            counts.setdefault(table[1], [0, 0])
    return [
        {
            "name": name.replace(b"``", b"`").decode(errors="replace"),
            "rows": rows,
            "fingerprint": str(fingerprint),
        }
        for name, (rows, fingerprint) in sorted(counts.items())
    ]


def _written(lines: Iterable[bytes], out: IO[bytes]) -> Iterator[bytes]:
    """Give lines on, each written down."""
    for line in lines:
        out.write(line)
        yield line


def _remembering(lines: Iterable[bytes], last: list[bytes]) -> Iterator[bytes]:
    """Give lines on and keep the last."""
    for line in lines:
        last[0] = line
        yield line


def _last(said: str) -> str:
    return " / ".join(line for line in said.strip().splitlines()[-SHOWN:] if line.strip())
