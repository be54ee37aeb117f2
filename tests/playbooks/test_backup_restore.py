"""bastide-backup restore against real restic repositories and a real PostgreSQL."""

import json
import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.playbooks.programs import program
from tests.playbooks.restore_stand import RestoreStand as Stand
from tests.running import running

pytestmark = pytest.mark.root


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    return Stand(tmp_path, monkeypatch)


def test_it_goes_over_what_is_there_only_when_told_twice(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    stand.back_up()
    (stand.files / "plan.txt").write_text("encrypted")
    assert stand.restore("--over", "yes") == 2
    assert "--over permits" in capsys.readouterr().err
    assert stand.restore() == 0
    assert (stand.files / "plan.txt").read_text() == "encrypted"
    beside = Path(json.loads(capsys.readouterr().out)["beside"])
    assert (beside / str(stand.files).lstrip("/") / "plan.txt").read_text() == "a plan"
    assert beside.stat().st_mode & 0o777 == 0o700


def test_an_unknown_snapshot_is_refused(stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    stand.back_up()
    assert stand.restore("--snapshot", "ffffffff") == 2
    assert "no snapshot ffffffff of permits" in capsys.readouterr().err


def test_files_come_back_with_owners_and_modes_and_what_they_replace_is_kept(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    stand.back_up()
    (stand.files / "plan.txt").write_text("encrypted")
    (stand.files / "deeper" / "scan.pdf").unlink()
    (stand.files / "link").unlink()
    (stand.files / "new.txt").write_text("written since")
    assert stand.put_back() == 0
    result = json.loads(capsys.readouterr().out)
    assert (stand.files / "plan.txt").read_text() == "a plan"
    assert (stand.files / "link").readlink() == Path("plan.txt")
    assert (stand.files / "new.txt").exists()
    scan = (stand.files / "deeper" / "scan.pdf").stat()
    assert (scan.st_uid, scan.st_gid, scan.st_mode & 0o777, scan.st_size) == (1, 1, 0o640, 5000)
    kept = Path(result["kept"]) / str(stand.files).lstrip("/")
    assert [path.name for path in kept.iterdir()] == ["plan.txt"]
    assert (kept / "plan.txt").read_text() == "encrypted"
    assert result["replaced"] == 3


def test_a_second_time_changes_nothing(stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    stand.back_up()
    (stand.files / "plan.txt").write_text("encrypted")
    assert stand.put_back() == 0
    capsys.readouterr()
    assert stand.put_back() == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["replaced"] == 0
    assert "is there already" in said.err


def test_one_that_was_interrupted_goes_on(stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = stand.back_up()["snapshot"]
    half = stand.folder / "restore" / f"permits-{snapshot}" / str(stand.files).lstrip("/")
    half.mkdir(parents=True)
    (half / "plan.txt").write_text("a pl")
    assert stand.restore() == 0
    assert (half / "plan.txt").read_text() == "a plan"
    capsys.readouterr()


def test_what_is_not_as_it_was_backed_up_is_named_and_goes_nowhere(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    truly = stand.backup.hashed
    monkeypatch.setattr(
        stand.backup,
        "hashed",
        lambda paths, _: [{**e, "sha256": "0" * 64} for e in truly(paths, {})],
    )
    stand.back_up()
    (stand.files / "plan.txt").write_text("still here")
    assert stand.put_back() == 1
    assert "has another content" in capsys.readouterr().err
    assert (stand.files / "plan.txt").read_text() == "still here"


def test_a_replaced_host_backs_up_again_after_its_restore(stand: Stand) -> None:
    stand.back_up()
    for file in (stand.folder / "state").glob("permits*"):
        file.unlink()
    (stand.files / "plan.txt").write_text("freshly set up")
    assert not stand.backup.run(stand.plan, -1)["ok"]
    assert stand.put_back() == 0
    assert stand.backup.run(stand.plan, -1)["ok"]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """A host whose database is that of a PostgreSQL server of the test's own."""
    server = program("drill_postgres")
    sockets = tmp_path / "postgres"
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    server.start(sockets)
    monkeypatch.setenv("PGHOST", str(sockets))
    try:
        postgres(sockets, "createuser", "permits")
        postgres(sockets, "createdb", "--owner=permits", "permits")
        # Restored, the catalogue lists them the other way round.
        sql(sockets, "permits", "CREATE TABLE zones (name text)")
        sql(sockets, "permits", "CREATE TABLE fees AS SELECT g FROM generate_series(1, 30) g")
        yield Stand(tmp_path, monkeypatch, database="permits")
    finally:
        server.stop(sockets)


def postgres(sockets: Path, *command: str) -> str:
    words = ["runuser", "-u", "postgres", "--", *command]
    environment = {**os.environ, "PGHOST": str(sockets)}
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, check=True, cwd="/"
    )
    return done.stdout.strip()


def sql(sockets: Path, name: str, text: str) -> str:
    return postgres(sockets, "psql", "-XAtq", "-d", name, "-c", text)


def test_a_database_comes_back_and_the_damaged_one_is_kept_however_often(
    database: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    pwd.getpwnam("postgres")
    sockets = database.folder / "postgres"
    count = "SELECT count(*) FROM fees"
    database.back_up()
    sql(sockets, "permits", "DELETE FROM fees WHERE g > 1")

    assert database.restore() == 0
    beside = json.loads(capsys.readouterr().out)["database"]
    assert beside.startswith("permits_")
    assert (sql(sockets, "permits", count), sql(sockets, beside, count)) == ("1", "30")

    with running(subprocess.Popen(
        ["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "permits"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
    )) as connected:  # fmt: skip
        assert database.put_back() == 0
        connected.kill()
    kept = json.loads(capsys.readouterr().out)["database_kept"]
    assert (sql(sockets, "permits", count), sql(sockets, kept, count)) == ("30", "1")
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'permits'"
    assert sql(sockets, "postgres", owner) == "permits"

    assert database.put_back() == 0
    assert json.loads(capsys.readouterr().out)["database_kept"] is None
    sql(sockets, "permits", "DELETE FROM fees")
    assert database.put_back() == 0
    again = json.loads(capsys.readouterr().out)["database_kept"]
    assert again
    assert sql(sockets, "permits", count) == "30"


def test_a_database_that_is_not_there_is_made_for_its_role(
    database: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    sockets = database.folder / "postgres"
    database.back_up()
    postgres(sockets, "dropdb", "permits")
    assert database.put_back() == 0
    assert json.loads(capsys.readouterr().out)["database_kept"] is None
    assert sql(sockets, "permits", "SELECT count(*) FROM fees") == "30"


def test_a_program_of_anothers_comes_back_with_setuid_and_attributes(stand: Stand) -> None:
    tool = stand.files / "tool"
    tool.write_text("a tool")
    os.chown(tool, 1, 1)
    tool.chmod(0o4750)
    os.setxattr(tool, "user.origin", b"the archive")
    stand.back_up()
    tool.unlink()
    assert stand.put_back() == 0
    assert (tool.stat().st_uid, tool.stat().st_mode & 0o7777) == (1, 0o4750)
    assert os.getxattr(tool, "user.origin") == b"the archive"
