"""MariaDB databases backed up, drilled and restored, with a real server on a socket."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.playbooks.database_stand import DatabaseStand
from tests.playbooks.programs import program

pytestmark = pytest.mark.root

mariadb = program("bastide_mariadb")

Output = pytest.CaptureFixture[str]
BOTH = """BEGIN; INSERT INTO register.fees (id) VALUES ({0});
 INSERT INTO register.`odd ``name``` VALUES ({0}); COMMIT"""
MANY = """INSERT INTO register.fees (id, scan) SELECT seq, REPEAT('x', 5000)
 FROM register.seq_100_to_900"""
REGISTER = """
CREATE DATABASE register CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
USE register;
CREATE TABLE fees (id INT PRIMARY KEY, what TEXT, scan LONGBLOB, twice INT AS (id * 2));
INSERT INTO fees (id, what, scan) SELECT seq, 'it''s a well;\nINSERT INTO `fees` ', X'00ff0a0d27'
 FROM seq_1_to_30;
CREATE TABLE `odd ``name``` (id INT);
CREATE VIEW dear AS SELECT * FROM fees WHERE id > 10;
CREATE TABLE log (id INT);
DELIMITER $$
CREATE TRIGGER noted AFTER DELETE ON fees FOR EACH ROW
BEGIN
INSERT INTO `log` VALUES (OLD.id);
END$$
CREATE PROCEDURE sweep() BEGIN DELETE FROM log; END$$
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM log$$
DELIMITER ;
"""


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that the database's account can pass through, as it cannot through pytest's."""
    with TemporaryDirectory(prefix="bastide-mariadb-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """A server of the tests' own, started as a drill starts one; gives its folder."""
    with open_folder() as top:
        yield from served(top / "mariadb")


def served(folder: Path) -> Iterator[Path]:
    drills = program("drill_mariadb")
    drills.start(folder)
    # A host's own server is asked as root.
    root = "root@localhost"
    drills.server(folder).ask(
        f"CREATE OR REPLACE USER {root} IDENTIFIED VIA unix_socket; "
        f"GRANT ALL ON *.* TO {root} WITH GRANT OPTION"
    )
    try:
        yield folder
    finally:
        drills.stop(folder)


@pytest.fixture
def register(server: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseStand]:
    """A host whose plan has the database `register`."""
    # Debian's own configuration names a socket: only an administrator's file goes before it.
    (server / ".my.cnf").write_text(f"[client]\nsocket = {server}/socket\n")
    monkeypatch.setenv("HOME", str(server))
    subprocess.run(["mariadb"], input=REGISTER, text=True, check=True)
    with open_folder() as folder:
        yield DatabaseStand(folder, monkeypatch, mariadb="register")
    for name in sql("SELECT schema_name FROM information_schema.schemata").splitlines():
        if name.startswith("register"):
            sql(f"DROP DATABASE `{name}`")


def sql(text: str) -> str:
    done = subprocess.run(
        ["mariadb", "-BN", "-e", text], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def fees(database: str = "register") -> int:
    return int(sql(f"SELECT count(*) FROM `{database}`.fees"))  # noqa: S608


def test_a_server_that_is_not_there_fails_the_run_with_its_words(
    register: DatabaseStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("HOME", "/nowhere")
        error = register.run()["error"]
    assert error.startswith("MariaDB: ERROR 2002")


def test_a_database_that_is_not_there_is_named(register: DatabaseStand) -> None:
    register.change(mariadb="permits")
    assert register.run()["error"] == "MariaDB: there is no database permits"


def test_a_dump_that_is_killed_fails_the_run(
    register: DatabaseStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    truly = mariadb._written

    def killing(lines: Any, out: Any) -> Iterator[bytes]:
        yield next(truly(lines, out))
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        (dumping,) = (
            int(child)
            for child in children
            if Path(f"/proc/{child}/comm").read_text().strip() == "mariadb-dump"
        )
        os.kill(dumping, signal.SIGKILL)
        yield from truly(lines, out)

    sql(MANY)
    monkeypatch.setattr(mariadb, "_written", killing)
    result = register.run()
    assert result["error"] == f"mariadb-dump register ({-signal.SIGKILL}): it was cut off"
    assert result.get("snapshot") is None


def test_a_full_disk_fails_the_run_and_ends_the_dump(register: DatabaseStand) -> None:
    sql(MANY)
    small = register.folder / "state"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
    subprocess.run(mount, check=True)
    try:
        error = register.run()["error"]
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert "No space left on device" in error
    assert sql("SELECT count(*) FROM information_schema.processlist WHERE db = 'register'") == "0"


def test_a_dump_without_its_last_line_is_none(
    register: DatabaseStand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = tmp_path / "bin" / "mariadb-dump"
    stub.parent.mkdir()
    stub.write_text("#!/bin/sh\necho 'CREATE TABLE `fees` ('\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stub.parent}:{os.environ['PATH']}")
    assert register.run()["error"] == "mariadb-dump register (0): it was cut off"


def test_a_writer_goes_on_and_the_dump_is_of_one_moment(register: DatabaseStand) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 1000
        while not stop.is_set():
            sql(BOTH.format(number))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while fees() < 40:
            time.sleep(0.02)
        register.back_up()
    finally:
        stop.set()
        writer.join()
    rows = register.drill().rows
    assert rows["register: fees"] - 30 == rows["register: odd `name`"] > 0


def test_tables_without_transactions_are_locked_for_the_dump(
    register: DatabaseStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql("CREATE TABLE register.old (id INT) ENGINE=MyISAM; INSERT INTO register.old VALUES (1)")
    asked: list[str] = []
    truly = mariadb.Server.command

    def command(self: Any, *words: str) -> list[str]:
        asked.extend(words)
        made: list[str] = truly(self, *words)
        return made

    monkeypatch.setattr(mariadb.Server, "command", command)
    register.back_up()
    assert "--lock-tables" in asked
    assert "--single-transaction" not in asked
    assert register.drill().rows["register: old"] == 1


def test_a_drill_restores_it_into_a_server_of_its_own(register: DatabaseStand) -> None:
    assert register.back_up()["rows"] == 30
    result = register.drill()
    assert (result.ok, result.depth) == (True, "L5"), result.error
    assert result.rows == {
        "register: fees": 30, "register: log": 0, "register: odd `name`": 0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("rows", 31, "does not have the rows of the manifest: fees"),
        ("fingerprint", "7", "does not have the rows of the manifest: fees"),
    ],
)
def test_a_drill_finds_rows_that_are_not_the_manifests(
    key: str, value: Any, said: str, register: DatabaseStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    truly = mariadb.count_rows

    def lying(lines: Any) -> list[dict[str, Any]]:
        return [t | ({key: value} if t["name"] == "fees" else {}) for t in truly(lines)]

    with monkeypatch.context() as patch:
        patch.setattr(mariadb, "count_rows", lying)
        register.back_up()
    result = register.drill()
    assert (result.ok, result.depth) == (False, "L4")
    assert said in (result.error or "")


def test_it_comes_back_beside_with_all_that_belongs_to_it(
    register: DatabaseStand, capsys: Output
) -> None:
    register.back_up()
    sql("DELETE FROM register.fees WHERE id > 1")
    assert register.restore() == 0
    (found,) = json.loads(capsys.readouterr().out)["databases"]
    assert (fees(), fees(found["name"])) == (1, 30)
    name = found["name"]
    assert sql(f"SELECT count(*) FROM `{name}`.dear") == "20"  # noqa: S608
    for what in ("ROUTINES WHERE routine", "TRIGGERS WHERE trigger", "EVENTS WHERE event"):
        there = f"SELECT count(*) FROM information_schema.{what}_schema = '{name}'"  # noqa: S608
        assert sql(there) == "1"
    assert sql(mariadb.CHARSET.format(name)).split() == ["utf8mb4", "utf8mb4_unicode_ci"]
    assert sql(f"SELECT hex(scan) FROM `{name}`.fees WHERE id = 1") == "00FF0A0D27"  # noqa: S608


def test_a_damaged_one_is_replaced_and_kept_however_often(
    register: DatabaseStand, capsys: Output
) -> None:
    register.back_up()
    sql("DELETE FROM register.fees WHERE id > 1")
    assert register.put_back() == 0
    (found,) = json.loads(capsys.readouterr().out)["databases"]
    assert fees() == 30
    kept = Path(found["kept"])
    assert kept.stat().st_mode & 0o777 == 0o600
    sql("CREATE DATABASE register_kept")
    subprocess.run(["mariadb", "register_kept"], stdin=kept.open("rb"), check=True)
    assert fees("register_kept") == 1
    assert sql("SHOW DATABASES LIKE 'register\\_%'") == "register_kept"
    assert register.put_back() == 0
    assert json.loads(capsys.readouterr().out)["databases"][0]["kept"] is None


def test_one_that_is_gone_is_made_again(register: DatabaseStand, capsys: Output) -> None:
    register.back_up()
    sql("DROP DATABASE register")
    assert register.put_back() == 0
    assert json.loads(capsys.readouterr().out)["databases"][0]["kept"] is None
    assert fees() == 30


def test_commands_of_the_client_in_a_dump_are_not_obeyed(
    register: DatabaseStand, tmp_path: Path
) -> None:
    dump = tmp_path / "hostile"
    dump.write_text(f"\\! touch {tmp_path}/obeyed\nsystem touch {tmp_path}/obeyed\n")
    about = {"charset": "utf8mb4", "collation": "utf8mb4_unicode_ci", "tables": []}
    with pytest.raises(mariadb.BackupError):
        mariadb.Server().load("register_hostile", about, dump)
    assert not (tmp_path / "obeyed").exists()


def test_a_character_set_that_is_sql_is_refused(tmp_path: Path) -> None:
    about = {"charset": "utf8mb4; DROP DATABASE x", "collation": "a", "tables": []}
    with pytest.raises(mariadb.BackupError, match="no character set"):
        mariadb.Server().load("register", about, tmp_path / "none")
