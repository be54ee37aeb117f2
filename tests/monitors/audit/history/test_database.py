"""A store that cannot be used says which, why and what to do, and never its password."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select, update

from monitors.audit.history.database import (
    ENVIRONMENT,
    DamagedError,
    StoreError,
    reading,
    store_url,
    writing,
)
from monitors.audit.history.queries import read_history
from monitors.audit.history.record import record
from monitors.audit.history.tables import SCHEMA, runs, schema
from tests.monitors.audit.history.postgresql import Server
from tests.monitors.audit.history.sample_runs import run

RUN = run(0, {"velgora-app": "pf"})


def file_of(tmp_path: Path) -> tuple[str, Path]:
    file = tmp_path / "store.sqlite"
    return f"sqlite:///{file}", file


def refused(url: str) -> str:
    """Return the error that both a writer and a reader get."""
    with pytest.raises(StoreError) as writer:
        record(url, RUN)
    with pytest.raises(StoreError) as reader:
        read_history(url, "lab")
    assert type(writer.value) is type(reader.value)
    return f"{writer.value}\n{reader.value}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "store.sqlite",
        "mysql://u:hush@h/d",
        "postgresql+asyncpg://u:hush@h/d",
        "sqlite://",
        "x:",
    ],
)
def test_what_is_no_url_of_ours_is_refused_without_being_repeated(url: str) -> None:
    message = refused(url)
    assert "expected sqlite:////PATH or postgresql://USER@HOST/DATABASE" in message
    assert ENVIRONMENT in message
    assert "hush" not in message


def test_an_unreachable_server_is_reported_without_the_password(tmp_path: Path) -> None:
    for place in (f"?host={tmp_path}", "?host=127.0.0.1&port=1"):
        message = refused(f"postgresql://bastide:hush-hush@/history{place}")
        assert "the server cannot be reached" in message
        assert f"correct {ENVIRONMENT}" in message
        assert "bastide:***@" in message
        assert "hush-hush" not in message


def test_a_wrong_password_is_not_repeated_wherever_it_stands(server: Server) -> None:
    url = server.url("postgres", password="wrong-one")
    beside = f"postgresql://bastide@/postgres?host={server.folder}&password=wrong-one"
    for message in (refused(url), refused(beside)):
        assert "the server refuses us" in message
        assert "wrong-one" not in message


def test_a_history_of_another_version_is_not_touched(url: str) -> None:
    record(url, RUN)
    with writing(url) as connection:
        connection.execute(update(schema).values(version=SCHEMA + 1))
    message = refused(url)
    assert f"has schema {SCHEMA + 1}, this program knows {SCHEMA}" in message
    assert "use that one, or another store" in message


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 100])
def test_a_file_that_is_no_database_is_called_damaged(content: bytes, tmp_path: Path) -> None:
    url, file = file_of(tmp_path)
    file.write_bytes(content)
    message = refused(url)
    assert message.count("it is damaged") == 2
    assert str(file) in message
    assert "no audit is lost" in message
    assert file.read_bytes() == content


def test_a_file_with_a_page_overwritten_is_called_damaged(tmp_path: Path) -> None:
    url, file = file_of(tmp_path)
    for number in range(30):
        record(url, run(number, {f"velgora-{letter}": "pfpf" for letter in "abcdefgh"}))
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(DamagedError, match="it is damaged"):
        read_history(url, "lab")


def test_a_locked_file_is_reported_after_the_time_to_wait(tmp_path: Path) -> None:
    url, file = file_of(tmp_path)
    record(url, RUN)
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"another program keeps it locked.*try again"):
            record(f"{url}?timeout=0.1", run(1, {"velgora-app": "p"}))
        assert len(read_history(url, "lab").statuses) == 2, "readers do not wait for writers"
    other.close()
    assert record(url, run(1, {"velgora-app": "p"}))


def test_an_error_in_the_middle_of_a_record_leaves_nothing_of_it(url: str) -> None:
    record(url, RUN)
    before = read_history(url, "lab")
    with suppress(LookupError), writing(url) as connection:
        connection.execute(runs.delete())
        raise LookupError
    assert read_history(url, "lab") == before


def test_only_the_owner_may_read_the_file_and_what_is_beside_it(tmp_path: Path) -> None:
    url, file = file_of(tmp_path / "state")
    with writing(url) as connection:
        connection.execute(select(schema))
        modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_reader_makes_nothing(tmp_path: Path) -> None:
    url, file = file_of(tmp_path)
    with reading(url) as connection:
        assert connection is None
    assert not file.exists()


def test_a_folder_in_the_way_is_reported(tmp_path: Path) -> None:
    url, file = file_of(tmp_path)
    file.mkdir()
    assert "unable to open" in refused(url)


def test_a_file_in_the_folders_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match=r"may not be written \(unable to open"):
        record(f"sqlite:///{tmp_path / 'state' / 'store.sqlite'}", RUN)


def test_the_environment_names_the_store_else_it_is_in_the_state_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert store_url(tmp_path) == f"sqlite:///{tmp_path}/store.sqlite"
    monkeypatch.setenv(ENVIRONMENT, "postgresql://bastide@db/history")
    assert store_url(tmp_path) == "postgresql://bastide@db/history"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=320k", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.root
def test_a_full_disk_is_reported_and_what_was_recorded_stays(small_disk: Path) -> None:
    url, _ = file_of(small_disk)
    record(url, RUN)
    kept = read_history(url, "lab")
    many = {f"velgora-{number:05}": "pfpf" for number in range(20_000)}
    with pytest.raises(StoreError, match=r"no space left on its disk.*make room there"):
        record(url, run(1, many))
    assert read_history(url, "lab") == kept


def test_without_the_driver_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from monitors.audit.history.queries import read_history\n"
        "read_history('postgresql://bastide@/history', 'lab')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "install the extra: bastide[postgresql]" in done.stderr
