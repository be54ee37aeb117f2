"""`bastide backup restore` over real SSH and sudo, with the host's program and real copies."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bastide.support.estate import EstateContext
from inventory.outputs import load_outputs, outputs_path
from tests.bastide.context import environment_of, new_context
from tests.command import BASTIDE, bastide_here, environment
from tests.monitors.audit.collect.ssh_server import new_key
from tests.monitors.continuity.state_folder import ago, put_drill
from tests.monitors.shell_server import Quirks, shell_server
from tests.playbooks.programs import ROLES
from tests.playbooks.restore_stand import RestoreStand

pytestmark = pytest.mark.root

HOST = "gornjilug-server"
MIB = 1 << 20
# The host's own program, with its folders and its repository where the test has them.
PROGRAM = """#!{python}
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "{programs}")
import bastide_backup, bastide_parts
from pathlib import Path
folder = Path("{folder}")
plan = bastide_backup.Plan(
    id="permits", host="app", municipality="velgora", target="central-vault",
    target_address="192.0.2.1", target_user="nobody", paths=(str(folder / "srv"),), database="",
)
way = ["restic", "--repo", str(folder / "repository"), "--no-cache", *{slowly}]
way += ["--password-file", str(folder / "password")]
bastide_backup.restic_command = lambda _: way
bastide_backup.STATE = folder / "state"
bastide_backup.STAGING = folder / "state" / "staging"
bastide_backup.BESIDE = folder / "restore"
bastide_backup.chosen = lambda _: (plan,)
bastide_parts.PART_BYTES = {part}
sys.exit(bastide_backup.main())
"""


class Town:
    """A town's server that answers SSH, and the estate that knows it."""

    def __init__(self, stand: RestoreStand, context: EstateContext, programs: Path) -> None:
        self.stand, self.context, self._programs = stand, context, programs
        self.install()

    def install(self, *, part: int = MIB, slowly: tuple[str, ...] = ()) -> None:
        """Put the program where the account finds it."""
        text = PROGRAM.format(
            python="/usr/bin/python3", programs=ROLES / "backup_client/files/backup",
            folder=self.stand.folder, part=part, slowly=list(slowly),
        )  # fmt: skip
        self.replace(text)

    def replace(self, text: str) -> None:
        file = self._programs / "bastide-backup"
        file.write_text(text)
        file.chmod(0o755)

    def restore(self, *options: str, name: str = HOST) -> "subprocess.CompletedProcess[str]":
        return bastide_here("backup", "restore", name, *options, **environment_of(self.context))

    def begin(self, *options: str, **how: Any) -> "subprocess.Popen[bytes]":
        """Begin one as a process of its own."""
        words = [str(BASTIDE), "backup", "restore", HOST, *options]
        return subprocess.Popen(words, env=environment(**environment_of(self.context)), **how)

    @property
    def beside(self) -> Path:
        (folder,) = (self.stand.folder / "restore").iterdir()
        return folder / str(self.stand.files)[1:]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    stand = RestoreStand(tmp_path / "host", monkeypatch)
    context = new_context(tmp_path, "127.83.0.", managed=True)
    key = new_key(tmp_path / "login")
    with shell_server(tmp_path / "sshd", Quirks(), key) as server:
        file = context.folder / "municipalities" / "gornjilug.yml"
        ssh = f"{{user: itadmin, port: {server.port}, key: {tmp_path / 'login'}}}"
        ours = f"  - id: server\n    ssh: {ssh}\n"
        file.write_text(file.read_text().replace("  - id: server\n", ours))
        outputs = load_outputs(context.state)
        here = {"address": "127.0.0.1", "host_key": server.host_key_line}
        known = {**outputs.hosts, HOST: outputs.hosts[HOST].model_copy(update=here)}
        text = outputs.model_copy(update={"hosts": known}).model_dump_json()
        outputs_path(context.state).write_text(text)
        yield Town(stand, context, server.folder / "bin")


def refused(done: "subprocess.CompletedProcess[str]", *said: str, code: int = 2) -> None:
    assert done.returncode == code, done.stderr
    for words in said:
        assert words in done.stderr


def test_a_host_or_service_that_is_not_there_or_has_no_data_is_refused(town: Town) -> None:
    refused(town.restore(name="nowhere"), "no such host or service", HOST)
    refused(town.restore(name="gornjilug-edge"), "no backup plan, so there is nothing to restore")
    refused(town.restore("--plan", "shares"), f"no plan shares\n    expected: one, found: {HOST}")


def test_a_time_before_the_first_snapshot_is_refused_with_what_there_is(town: Town) -> None:
    town.stand.back_up()
    done = town.restore("--at", "2001-02-03 04:05", "--yes")
    refused(done, "no snapshot that counts of permits made until 2001-02-03", "found: 1 of")
    refused(town.restore("--at", "yesterday"), "expected a time such as")


def test_a_snapshot_or_a_path_that_is_not_there_is_refused(town: Town) -> None:
    town.stand.back_up()
    refused(town.restore("--snapshot", "ffffffff", "--yes"), "no snapshot ffffffff of permits")
    refused(town.restore("--path", "/etc/shadow", "--yes"), "not in snapshot", "/etc/shadow")
    refused(town.restore("--at", "2026-01-01", "--snapshot", "ff"), "found both")


def test_a_disk_that_is_too_small_is_refused(town: Town, small_disk: Path) -> None:
    (town.stand.files / "large").write_bytes(os.urandom(2 * MIB))
    town.stand.back_up()
    done = town.restore("--beside", str(small_disk / "here"), "--yes")
    refused(done, "it would not fit", "expected: 2.0 MiB free, found: 1.0 MiB", "do: restore to")


@pytest.mark.parametrize(
    ("options", "told"),
    [((), "say --yes"), (("--over", "permits"), "say --over permits --over permits --yes"),
     (("--over", "permits", "--yes"), "say --over permits --over permits --yes"),
     (("--over", "permits", "--over", "permits"), "say --over permits --over permits --yes")],
)  # fmt: skip
def test_without_a_yes_it_shows_what_would_happen_and_stops(
    town: Town, options: tuple[str, ...], told: str
) -> None:
    snapshot = town.stand.back_up()["snapshot"]
    done = town.restore(*options)
    refused(done, "nothing was restored", told)
    assert f"{snapshot} of {datetime.now(UTC).astimezone():%Y-%m-%d}" in done.stdout
    assert ("REPLACES" in done.stdout) == bool(options)
    assert not (town.stand.folder / "restore").exists()


def test_over_another_plan_than_its_own_is_refused(town: Town) -> None:
    refused(town.restore("--over", "shares", "--yes"), "expected the plan's name, permits")


def test_a_host_with_an_older_program_or_none_says_how_to_get_it(town: Town) -> None:
    do = f"do: bastide playbook run configure --limit {HOST}"
    town.replace(
        "#!/bin/sh\necho 'bastide-backup: error: unrecognized arguments: --look' >&2; exit 2"
    )
    refused(town.restore("--yes"), "found an older one", do, code=3)
    town.replace("#!/bin/sh\nexit 127")
    refused(town.restore("--yes"), "found none", do, code=3)


def test_what_is_not_as_it_was_backed_up_is_a_finding(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    truly = town.stand.backup.hashed
    monkeypatch.setattr(
        town.stand.backup, "hashed", lambda *of: [{**e, "sha256": "0" * 64} for e in truly(*of)]
    )
    town.stand.back_up()
    done = town.restore("--over", "permits", "--over", "permits", "--yes")
    refused(done, f"{HOST}: not as it was backed up: ", "has another content", code=1)
    assert not list((town.stand.folder / "restore").glob("*before*"))


def large(town: Town) -> None:
    for number in range(8):
        (town.stand.files / f"{number}").write_bytes(os.urandom(MIB))
    town.stand.back_up()


def until_begun(town: Town) -> None:
    """Wait until some of it is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any((town.stand.folder / "restore").glob("*/**/[0-9]")):
            return
        time.sleep(0.05)
    raise AssertionError("nothing came")


def test_one_that_is_stopped_says_how_to_go_on_and_goes_on(town: Town) -> None:
    large(town)
    town.install(slowly=("--limit-download", "1000"))
    with town.begin("--yes", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        until_begun(town)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130, said
    again = re.search(r"bastide backup restore \S+ --plan permits --snapshot \w{8}", said)
    assert again, said
    whole = (town.stand.folder / "restore").glob("*/.parts")
    assert len(next(whole).read_text().splitlines()) > 1

    town.install()
    done = town.restore(*again[0].split()[4:], "--yes")
    assert done.returncode == 0, done.stderr
    assert "of it are there" in done.stdout
    assert "10 files" in done.stdout
    assert len(list(town.beside.glob("[0-9]"))) == 8


def test_a_lost_connection_says_how_to_go_on(town: Town) -> None:
    large(town)
    town.install(slowly=("--limit-download", "1000"))
    done: list[subprocess.CompletedProcess[str]] = []
    restoring = threading.Thread(target=lambda: done.append(town.restore("--yes")))
    restoring.start()
    until_begun(town)
    for transport in threading.enumerate():
        if type(transport).__name__ == "Transport" and getattr(transport, "server_mode", False):
            transport.sock.close()  # type: ignore[attr-defined]
    restoring.join(60)
    refused(done[0], "connection cut off", "go on with it: bastide backup restore", code=3)


def test_what_happens_is_shown_first_with_the_time_that_the_last_drill_took(town: Town) -> None:
    town.stand.back_up()
    assert "no drill has restored this plan yet" in town.restore().stdout
    put_drill(town.context.state, ago(hours=1), host=HOST, municipality="gornjilug")
    done = town.restore()
    assert "by the drill of " in done.stdout
    assert f"{town.stand.folder}/restore/permits-" in done.stdout
    assert "nothing is replaced" in done.stdout


def test_a_path_of_an_earlier_time_comes_beside_by_the_services_name(town: Town) -> None:
    town.stand.back_up()
    between = datetime.now(UTC).isoformat()
    (town.stand.files / "plan.txt").write_text("encrypted")
    town.stand.back_up()
    path = str(town.stand.files / "plan.txt")
    done = town.restore("--at", between, "--path", path, "--yes", name="gornjilug-permits")
    assert done.returncode == 0, done.stderr
    assert "1 files are as they were backed up" in done.stderr
    assert re.search(r"put in place .* --path \S+ --over permits", done.stdout)
    assert [p.name for p in town.beside.iterdir()] == ["plan.txt"]
    assert (town.beside / "plan.txt").read_text() == "a plan"
    assert Path(path).read_text() == "encrypted"


def test_a_second_time_it_is_there_already(town: Town) -> None:
    town.stand.back_up()
    assert town.restore("--yes").returncode == 0
    done = town.restore("--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert "is there already" in done.stderr
    result = json.loads(done.stdout)
    assert (result["host"], result["files"], result["lacking_octets"]) == (HOST, 2, 0)
    assert result["replaced"] is None


def test_told_twice_it_goes_over_what_is_there(town: Town) -> None:
    town.stand.back_up()
    (town.stand.files / "plan.txt").write_text("encrypted")
    done = town.restore("--over", "permits", "--over", "permits", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["replaced"] == 1
    assert (town.stand.files / "plan.txt").read_text() == "a plan"
    assert Path(result["kept"], str(town.stand.files)[1:], "plan.txt").read_text() == "encrypted"


@pytest.mark.parametrize(
    ("typed", "code", "content"), [("yes", 2, "bad"), ("permits", 0, "a plan")]
)
def test_at_a_terminal_the_plans_name_is_typed(
    town: Town, typed: str, code: int, content: str
) -> None:
    town.stand.back_up()
    (town.stand.files / "plan.txt").write_text("bad")
    ours, theirs = pty.openpty()
    with town.begin(
        "--over", "permits", stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr
        said = b""
        while b"type the plan's name" not in said:
            assert select.select([process.stderr], [], [], 60)[0]
            said += os.read(process.stderr.fileno(), 4096)
        os.write(ours, f"{typed}\n".encode())
        process.communicate(timeout=60)
    for end in (ours, theirs):
        os.close(end)
    assert process.returncode == code
    assert (town.stand.files / "plan.txt").read_text() == content
