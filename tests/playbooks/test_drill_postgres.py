"""The drill's own database server, and the service that is asked on top of it."""

import getpass
import sys
from pathlib import Path

import pytest

from tests.playbooks.scratch_machine import Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_a_program_that_fails_is_named_with_its_last_words(machine: Machine) -> None:
    machine.stubs.put("initdb", "printf 'one\\ntwo\\nthree\\nfour\\n' >&2; exit 3")
    with pytest.raises(machine.module.DrillError, match=r"^initdb \(3\): two / three / four$"):
        machine.module.start(machine.folder)


def test_a_server_that_does_not_start_is_quoted_from_its_log(machine: Machine) -> None:
    log = "printf 'one\\nport taken\\nend\\n' >\"$6\""
    machine.stubs.put("pg_ctl", f"{log}; echo gone >&2; exit 1")
    with pytest.raises(machine.module.DrillError, match=r"^pg_ctl \(1\): gone: port taken / end$"):
        machine.module.start(machine.folder)


def test_a_server_that_ends_before_its_log_begins_is_an_error_too(machine: Machine) -> None:
    machine.stubs.put("pg_ctl", "echo gone >&2; exit 1")
    with pytest.raises(machine.module.DrillError, match=r"^pg_ctl \(1\): gone: $"):
        machine.module.start(machine.folder)


def test_what_is_no_text_is_quoted_all_the_same(machine: Machine) -> None:
    machine.stubs.put("pg_ctl", """printf '\\377' >"$6"; printf '\\376' >&2; exit 1""")
    with pytest.raises(machine.module.DrillError) as error:
        machine.module.start(machine.folder)
    assert str(error.value) == "pg_ctl (1): \ufffd: \ufffd"


def test_without_postgresql_its_package_is_named(machine: Machine) -> None:
    with pytest.raises(machine.module.DrillError, match=r"no pg_dumb under .* install the package"):
        machine.module.binary("pg_dumb")


def test_the_newest_version_is_taken_by_its_number(machine: Machine) -> None:
    assert machine.module.binary("initdb") == machine.newest / "initdb"


def test_what_is_run_has_no_network_and_is_not_root(machine: Machine) -> None:
    machine.module.start(machine.folder)
    calls = machine.stubs.calls("unshare")
    assert len(calls) == 2
    assert all(call.startswith("--net -- runuser -u postgres -- ") for call in calls)


def test_a_server_is_made_in_a_folder_of_its_own_and_listens_there_only(machine: Machine) -> None:
    machine.module.start(machine.folder)
    data = machine.folder / "data"
    (made,), (started,) = machine.stubs.calls("initdb"), machine.stubs.calls("pg_ctl")
    assert machine.folder.stat().st_mode & 0o777 == 0o700
    assert made == f"--pgdata {data} --encoding=UTF8 --locale=C.UTF-8 --auth=peer --no-sync"
    assert started.startswith(
        f"start --wait --pgdata {data} --log {machine.folder}/log -o -c fsync=off "
    )
    assert f"-c unix_socket_directories={machine.folder}" in started
    for setting in (
        "fsync=off",
        "listen_addresses=",
        "shared_buffers=16MB",
        "max_connections=20",
    ):
        assert f"-c {setting} " in started


def test_a_dump_is_loaded_whole_or_not_at_all_into_a_new_database(
    machine: Machine, tmp_path: Path
) -> None:
    dump = tmp_path / "permits.pgdump"
    dump.write_bytes(b"rows")
    machine.module.load(machine.folder, "permits", dump)
    assert machine.stubs.calls("createdb") == [f"--host {machine.folder} permits"]
    assert machine.stubs.calls("pg_restore") == [
        f"--host {machine.folder} --dbname permits --no-owner --no-privileges --exit-on-error"
    ]
    assert (tmp_path / "loaded").read_bytes() == b"rows"


def test_a_server_that_runs_is_stopped_and_all_of_it_removed(machine: Machine) -> None:
    data = machine.folder / "data"
    data.mkdir(parents=True)
    (data / "postmaster.pid").touch()
    machine.module.stop(machine.folder)
    assert machine.stubs.calls("pg_ctl") == [f"stop --mode immediate --pgdata {data}"]
    assert not machine.folder.exists()


def test_a_server_that_does_not_run_is_only_removed(machine: Machine) -> None:
    machine.folder.mkdir()
    machine.module.stop(machine.folder)
    machine.module.stop(machine.folder)
    assert machine.stubs.calls("pg_ctl") == []
    assert not machine.folder.exists()


def test_a_database_without_a_known_service_is_not_asked(machine: Machine) -> None:
    machine.probe()
    machine.service("/well")
    machine.probe("register")
    assert machine.stubs.calls("runuser") == []


def test_a_service_that_answers_every_page_has_passed_and_is_stopped(machine: Machine) -> None:
    machine.service("/well", "/well")
    machine.probe()
    (call,) = machine.stubs.calls("runuser")
    socket = machine.folder / "service.sock"
    user = getpass.getuser()
    assert call.startswith(f"-u {user} -- {sys.executable}")
    assert call.endswith(f"service.py {socket}")


def test_a_page_that_is_not_well_fails_with_what_was_answered(machine: Machine) -> None:
    machine.service("/well", "/sick")
    with pytest.raises(
        machine.module.DrillError, match=r"^GET /sick: expected 200, got 503: no database$"
    ):
        machine.probe()


def test_a_service_that_ends_is_quoted(machine: Machine) -> None:
    machine.service("/well", program="print('one\\ntwo\\nthree\\nno table', flush=True)")
    with pytest.raises(machine.module.DrillError, match=r"does not start: two / three / no table$"):
        machine.probe()


def test_a_service_that_ends_in_silence_is_said_to(machine: Machine) -> None:
    machine.service("/well", program="")
    with pytest.raises(machine.module.DrillError, match=r"does not start: it says nothing$"):
        machine.probe()


def test_a_service_that_never_listens_is_given_up(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine.module, "ANSWER_TIMEOUT_SECONDS", 0.5)
    machine.service("/well", program="import time; print('waiting', flush=True); time.sleep(60)")
    with pytest.raises(machine.module.DrillError, match=r"does not start: waiting$"):
        machine.probe()


def test_the_service_is_given_the_databases_socket_and_runs_in_its_own_folder(
    machine: Machine,
) -> None:
    machine.service("/well", program="import os; print(os.environ['DATABASE'], os.getcwd())")
    folder = machine.probes.parent
    with pytest.raises(
        machine.module.DrillError, match=f"does not start: {machine.folder} {folder}$"
    ):
        machine.probe()
