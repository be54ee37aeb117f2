"""SQLite databases backed up while they are used, drilled and restored, with real repositories."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.playbooks.database_stand import DatabaseStand
from tests.playbooks.programs import program
from tests.running import running

pytestmark = pytest.mark.root

sqlite = program("bastide_sqlite")

Output = pytest.CaptureFixture[str]


def make(path: Path, rows: int = 30, journal: str = "wal") -> None:
    with closing(sqlite3.connect(path)) as made:
        made.execute(f"PRAGMA journal_mode = {journal}")
        made.execute('CREATE TABLE fees (id INTEGER PRIMARY KEY, "what ""it"" is" TEXT)')
        made.executemany("INSERT INTO fees VALUES (?, 'a well')", [(n,) for n in range(rows)])
        made.execute("CREATE TABLE empty (id INTEGER) ")
        made.commit()


def fees(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM fees").fetchone()[0])


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DatabaseStand:
    """A host whose plan has a folder and, in it, a database in WAL mode of 30 rows."""
    stand = DatabaseStand(tmp_path, monkeypatch)
    stand.change(sqlite=(str(live(stand)),))
    make(live(stand))
    live(stand).chmod(0o640)
    os.chown(live(stand), 33, 33)
    return stand


def live(stand: DatabaseStand) -> Path:
    return stand.files / "register.db"


@contextmanager
def locked_by_a_writer(path: Path) -> Iterator[None]:
    """Let another process hold the whole database, as one in the middle of a commit does."""
    held = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('BEGIN EXCLUSIVE'); print(flush=True); time.sleep(100)"
    )
    with running(
        subprocess.Popen([sys.executable, "-c", held, str(path)], stdout=subprocess.PIPE)
    ) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def test_one_that_is_not_there_fails_the_run_and_is_named(register: DatabaseStand) -> None:
    live(register).unlink()
    assert register.run()["error"] == f"SQLite {live(register)}: not there"


def test_one_that_is_no_database_fails_the_run(register: DatabaseStand) -> None:
    live(register).write_bytes(b"no database" * 500)
    assert register.run()["error"] == f"SQLite {live(register)}: file is not a database"


def test_one_that_is_damaged_fails_the_run(register: DatabaseStand) -> None:
    live(register).unlink()
    make(live(register), 30_000, "delete")
    with live(register).open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096))
    error = register.run()["error"]
    assert "is damaged: " in error or "malformed" in error


def test_one_that_stays_locked_is_given_up_and_named(
    register: DatabaseStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 1.0)
    live(register).unlink()
    make(live(register), journal="delete")
    with locked_by_a_writer(live(register)):
        began = time.monotonic()
        assert "register.db: locked by a writer for 1 s" in register.run()["error"]
    assert time.monotonic() - began < 30
    assert register.run()["ok"]


def test_a_full_disk_is_called_that(register: DatabaseStand) -> None:
    small = register.folder / "state"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
    subprocess.run(mount, check=True)
    try:
        live(register).unlink()
        make(live(register), 60_000)
        error = register.run()["error"]
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert error == f"SQLite {live(register)}: database or disk is full"


def test_a_writer_in_wal_mode_goes_on_and_the_copy_is_of_one_moment(
    register: DatabaseStand,
) -> None:
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(live(register), timeout=30)) as database:
            number = 100
            while not stop.is_set():
                # Both or none: a copy with an odd number of rows is torn.
                rows = [(number, "one"), (number + 1, "two")]
                database.executemany("INSERT INTO fees VALUES (?, ?)", rows)
                database.commit()
                number += 2

    writer = threading.Thread(target=write)
    writer.start()
    try:
        rows = [register.back_up()["rows"] for _ in range(2)]
    finally:
        stop.set()
        writer.join()
    assert all(count % 2 == 0 for count in rows)
    assert rows[1] > rows[0] >= 30, "it wrote meanwhile"
    assert register.drill().depth == "L5"


def test_one_in_the_middle_of_a_transaction_is_copied_without_it(register: DatabaseStand) -> None:
    with closing(sqlite3.connect(live(register))) as database:
        database.execute("DELETE FROM fees")
        assert register.back_up()["rows"] == 30
        database.rollback()
    assert register.drill().ok


def test_what_the_backup_touches_stays_the_applications(register: DatabaseStand) -> None:
    register.back_up()
    for path in register.files.glob("register.db*"):
        assert (path.stat().st_uid, path.stat().st_gid) == (33, 33), path


def test_two_of_one_name_are_two_and_virtual_tables_are_no_obstacle(
    register: DatabaseStand,
) -> None:
    other = register.files / "it's 100% new?" / "register.db"
    other.parent.mkdir()
    make(other, 7)
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE VIRTUAL TABLE found USING fts5(text)")
        database.execute("INSERT INTO found VALUES ('a well')")
        database.commit()
    register.change(sqlite=(str(live(register)), str(other)))
    register.back_up()
    result = register.drill()
    assert result.depth == "L5", result.error
    assert result.rows[f"{live(register)}: fees"] == 30
    assert result.rows[f"{other}: fees"] == 7
    assert f"{other}: found" not in result.rows
    assert result.files_verified == 1, "the live databases are not read as files"


def test_a_drill_finds_rows_that_are_not_the_manifests(
    register: DatabaseStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    truly = sqlite.proved
    monkeypatch.setattr(
        sqlite, "proved", lambda path: [{**each, "rows": 31} for each in truly(path)]
    )
    register.back_up()
    result = register.drill()
    assert (result.ok, result.depth) == (False, "L4")
    assert "register.db does not have the rows of the manifest" in (result.error or "")


def test_a_drill_misses_a_database_that_the_plan_names(register: DatabaseStand) -> None:
    register.back_up()
    register.change(sqlite=(*register.plan.sqlite, "/srv/other.db"))
    result = register.drill()
    assert (result.ok, result.depth) == (False, "L4")
    assert "no dump of /srv/other.db" in (result.error or "")


def test_a_snapshot_without_the_copy_does_not_count(register: DatabaseStand) -> None:
    register.change(sqlite=())
    register.back_up()
    for file in (register.folder / "state").glob("data*"):
        file.unlink()
    register.change(sqlite=(str(live(register)),))
    doubted = register.backup.newest(register.plan)["doubted"]
    assert doubted[0]["why"] == f"has no dump of the sqlite database {live(register)}"


def test_a_table_that_was_emptied_since_the_last_drill_fails_it(register: DatabaseStand) -> None:
    register.back_up()
    rows = register.drill().rows
    with closing(sqlite3.connect(live(register))) as database:
        database.execute("DELETE FROM fees WHERE id > 0")
        database.commit()
    register.back_up()
    result = register.drill(rows=rows)
    assert (result.ok, result.depth) == (False, "L4")
    assert "fees has 1 rows, not 30" in (result.error or "")


def test_it_comes_back_beside_and_the_live_one_stays(
    register: DatabaseStand, capsys: Output
) -> None:
    register.back_up()
    live(register).write_bytes(b"encrypted")
    assert register.restore() == 0
    (found,) = json.loads(capsys.readouterr().out)["databases"]
    assert found["kept"] is None
    assert found["name"].startswith(str(register.folder / "restore"))
    assert fees(Path(found["name"])) == 30
    assert live(register).read_bytes() == b"encrypted"


def test_a_damaged_one_is_replaced_and_kept_with_what_lay_beside_it(
    register: DatabaseStand, capsys: Output
) -> None:
    register.back_up()
    register.restore()
    capsys.readouterr()
    live(register).write_bytes(b"encrypted")
    beside = live(register).with_name("register.db-wal")
    beside.write_bytes(b"of another database")
    assert register.put_back() == 0
    (found,) = json.loads(capsys.readouterr().out)["databases"]
    assert fees(live(register)) == 30
    status = live(register).stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (33, 33, 0o640)
    kept = Path(found["kept"])
    assert kept.read_bytes() == b"encrypted"
    assert kept.with_name("register.db-wal").read_bytes() == b"of another database"
    assert register.put_back() == 0
    (again,) = json.loads(capsys.readouterr().out)["databases"]
    assert again["kept"] is None, "it was as in the snapshot already"


def test_one_that_is_in_use_is_not_replaced(register: DatabaseStand, capsys: Output) -> None:
    register.back_up()
    with closing(sqlite3.connect(live(register))) as used:
        used.execute("DELETE FROM fees WHERE id > 0")
        used.commit()
        assert register.put_back() == 1
        assert f"is in use, stop first: {os.getpid()} (" in capsys.readouterr().err
    assert fees(live(register)) == 1
    assert register.put_back() == 0
    assert fees(live(register)) == 30


def test_one_that_is_gone_is_made_again(register: DatabaseStand, capsys: Output) -> None:
    register.back_up()
    live(register).unlink()
    assert register.put_back() == 0
    assert json.loads(capsys.readouterr().out)["databases"][0]["kept"] is None
    assert fees(live(register)) == 30
