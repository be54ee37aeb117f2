"""bastide-backup's command line on a host whose restic and PostgreSQL are the test's."""

import json
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.stubs import Stubs

SUMMARY = '{"snapshot_id": "abc", "total_bytes_processed": 4096, "data_added": 512}'
RESTIC = """
for word in "$@"; do
  if [ -e {here}/fails-$word ]; then
    cat {here}/fails-$word >&2; [ -e {here}/always ] || rm {here}/fails-$word; exit 1
  fi
done
case " $* " in
  *" snapshots "*) cat {here}/snapshots;;
  *" dump "*) for word in "$@"; do [ ! -e {here}/dump-$word ] || cat {here}/dump-$word; done;;
  *" backup "*) cp {staging}/*/manifest.json {here}; echo reading; cat {here}/summary;;
esac
"""
PSQL = """
while read -r sql; do
  echo "$sql" >>{here}/statements
  case "$sql" in
    *pg_export_snapshot*) echo 00000003-0000001B-1;;
    *pg_tables*) echo '["public.permits", "public.it''s"]';;
    *public.permits*) echo '{{"name": "public.permits", "rows": 3, "fingerprint": "42"}}';;
    *) echo '{{"name": "public.its", "rows": 2, "fingerprint": "7"}}';;
  esac
done
"""
PLAN = {
    "id": "shares",
    "host": "velgora-files",
    "municipality": "velgora",
    "target": "central-vault",
    "target_address": "192.0.2.1",
    "target_user": "backup-velgora-files",
    "paths": [],
    "database": "",
}


class Host:
    """A host with two plans, shares and scans, of one file each."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.module: ModuleType = program("bastide_backup")
        self.folder, self._patch = folder, patch
        self.stubs = Stubs(folder / "bin")
        self.config, self.state = folder / "etc", folder / "state"
        self.metrics = folder / "metrics" / "backup.prom"
        self.config.mkdir()
        places = {
            "CONFIG": self.config,
            "STATE": self.state,
            "STAGING": self.state / "staging",
            "CACHE": folder / "cache",
            "METRICS": self.metrics,
        }
        for name, path in places.items():
            patch.setattr(self.module, name, path)
        patch.setenv("PATH", f"{self.stubs.folder}:/usr/bin:/bin")
        here = self.stubs.folder
        self.stubs.put("restic", RESTIC.format(here=here, staging=places["STAGING"]))
        self.stubs.put("runuser", 'shift 3; exec "$@"')
        self.stubs.put("psql", PSQL.format(here=here))
        self.stubs.put("pg_dump", "echo dumped")
        (here / "summary").write_text(SUMMARY + "\n")
        self.snapshots()
        for name in ("shares", "scans"):
            (folder / name).mkdir()
            (folder / name / "paper.txt").write_text(f"a paper of {name}")
        self.plans(self.plan("shares"), self.plan("scans"))

    def plan(self, name: str, **changes: Any) -> dict[str, Any]:
        return {**PLAN, "id": name, "paths": [str(self.folder / name)], **changes}

    def plans(self, *entries: Any) -> None:
        (self.config / "plans.json").write_text(json.dumps(entries))

    def snapshots(self, *ages: float) -> None:
        """Let the target have snapshots of these ages in seconds, called by their numbers."""
        now = datetime.now(UTC)
        entries = [
            {"id": f"s{number}", "time": (now - timedelta(seconds=age)).isoformat()}
            for number, age in enumerate(ages)
        ]
        for entry in entries:
            self.manifest(entry["id"], started=entry["time"])
        (self.stubs.folder / "snapshots").write_text(json.dumps(entries or None))

    def manifest(self, snapshot: str, **changes: Any) -> None:
        """Let a snapshot have a manifest as a run of the plan shares writes it, but for changes."""
        whole = {"host": "velgora-files", "plan": "shares", "files": ["one"], "database": None}
        file = self.stubs.folder / f"dump-{snapshot}"
        before = json.loads(file.read_text()) if file.exists() else whole
        file.write_text(json.dumps(before | changes))

    def begun(self) -> None:
        """Let the host have made the repositories of its plans."""
        self.state.mkdir(exist_ok=True)
        for name in ("shares", "scans"):
            (self.state / f"{name}.begun").touch()

    def fail(self, command: str, message: str, *, always: bool = False) -> None:
        (self.stubs.folder / f"fails-{command}").write_text(message)
        if always:
            (self.stubs.folder / "always").touch()

    def run(self, *arguments: str) -> int:
        self._patch.setattr("sys.argv", ["bastide-backup", *arguments])
        return int(self.module.main())

    def asked(self) -> list[str]:
        """Return restic's own command of each call."""
        commands = {"snapshots", "init", "backup", "unlock", "check", "dump", "cat"}
        words = (call.split() for call in self.stubs.calls("restic"))
        return [next(word for word in call if word in commands) for call in words]

    def saved(self, name: str) -> Any:
        return json.loads((self.state / f"{name}.json").read_text())


Printed = Callable[[], Any]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    return lambda: json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "text", ["", "{", "7", "[7]", '[{"id": "a"}]', json.dumps([{**PLAN, "colour": "red"}])]
)
def test_plans_that_the_role_did_not_write_are_refused_by_their_file(
    text: str, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    (host.config / "plans.json").write_text(text)
    assert host.run("run") == 1
    said = capsys.readouterr().err
    assert said.startswith(f"bastide-backup: {host.config / 'plans.json'}: ")
    assert "configure.yml" in said


def test_a_host_without_its_plans_says_so(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    (host.config / "plans.json").unlink()
    assert host.run("status") == 1
    assert "plans.json" in capsys.readouterr().err


def test_an_unknown_plan_is_refused_with_those_there_are(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert host.run("run", "shares", "paper") == 1
    assert "no plan paper on this host; it has: shares, scans" in capsys.readouterr().err
    host.plans()
    assert host.run("run", "shares") == 1
    assert "no plan shares on this host; it has: none" in capsys.readouterr().err
    assert host.asked() == []


@pytest.mark.parametrize("arguments", [(), ("delete",), ("run", "--max-age", "old"), ("restic",)])
def test_wrong_use_ends_with_2(arguments: tuple[str, ...], host: Host) -> None:
    with pytest.raises(SystemExit) as ended:
        host.run(*arguments)
    assert ended.value.code == 2


def test_a_plan_that_fails_does_not_stop_the_next_and_fails_the_run(
    host: Host, printed: Printed
) -> None:
    host.metrics.parent.mkdir()
    host.fail("backup", "one\ntwo\nthree\n\nfour\nFatal: no space\n")
    assert host.run("run") == 1
    shares, scans = printed()
    assert not shares["ok"]
    assert shares["error"] == "restic backup (1): two / three / four / Fatal: no space"
    assert shares["last_success"] is None
    assert scans["ok"]
    assert not (host.state / "shares.check.json").exists()
    assert (host.state / "scans.check.json").exists()
    assert 'bastide_backup_last_run_success{plan="shares"} 0.0' in host.metrics.read_text()
    assert 'bastide_backup_last_run_success{plan="scans"} 1.0' in host.metrics.read_text()


def test_a_target_that_does_not_answer_is_given_up(
    host: Host, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host.module, "ASK_TIMEOUT_SECONDS", 0.1)
    host.stubs.put("restic", "exec sleep 10")
    assert host.run("status") == 0
    assert printed()["plans"][0]["error"] == (
        "restic snapshots: central-vault did not answer in 0 s"
    )


def test_a_path_that_is_not_there_is_named_and_nothing_is_sent(
    host: Host, printed: Printed
) -> None:
    host.plans(host.plan("shares", paths=["/nowhere/a", str(host.folder), "/nowhere/b"]))
    assert host.run("run") == 1
    assert printed()[0]["error"] == "plan shares: not there: /nowhere/a, /nowhere/b"
    assert "backup" not in host.asked()


def test_a_target_without_a_repository_gets_one(host: Host) -> None:
    host.fail("snapshots", "Fatal: Is there a repository at the following location?\n")
    assert host.run("run", "shares") == 0
    assert host.asked() == [
        *("snapshots", "init", "backup", "check", "check", "snapshots", "snapshots")
    ]


def test_a_repository_that_is_gone_is_not_made_anew_but_told(host: Host, printed: Printed) -> None:
    assert host.run("run", "shares") == 0
    printed()
    gone = "Fatal: Is there a repository at the following location?\n"
    host.fail("snapshots", gone)
    assert host.run("run", "shares") == 1
    (result,) = printed()
    assert "central-vault has no repository of the plan shares any more" in result["error"]
    assert result["last_success"] == pytest.approx(time.time(), abs=60)
    assert "init" not in host.asked()
    host.fail("snapshots", gone)
    assert host.run("run", "shares", "--accept-loss") == 0
    assert "init" in host.asked()


def test_a_snapshot_that_is_gone_is_told_with_each_run_and_copies_are_made(
    host: Host, printed: Printed
) -> None:
    host.run("run", "shares")
    printed()
    host.begun()
    host.snapshots(100)
    for _ in range(2):
        assert host.run("run", "shares") == 1
        (result,) = printed()
        assert "no longer holds the snapshot abc of the last good run" in result["error"]
        assert (result["snapshot"], result["last_snapshot"]) == ("abc", "abc")
    assert host.run("run", "shares", "--accept-loss") == 0


def test_losses_are_accepted_for_one_plan_by_its_name(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert host.run("run", "--accept-loss") == 1
    assert "--accept-loss is for one plan" in capsys.readouterr().err


def test_a_replaced_host_does_not_add_to_the_copies_that_are_to_be_restored(
    host: Host, printed: Printed
) -> None:
    host.snapshots(90_000)
    assert host.run("run", "shares") == 1
    (result,) = printed()
    assert "this host has never run the plan shares" in result["error"]
    assert host.run("run", "shares") == 1, "what it saved of the refusal is no run"
    assert "backup" not in host.asked()
    assert host.run("run", "shares", "--accept-loss") == 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"plan": "scans"}, "is of the plan scans of velgora-files"),
        ({"host": "velgora-app"}, "is of the plan shares of velgora-app"),
        ({"files": []}, "holds nothing"),
        ({"started": "2020-01-01T00:00:00+00:00"}, "has a manifest of another time"),
        ({"started": "2031-01-01T00:00:00+00:00"}, "has a manifest of another time"),
        ({"started": "yesterday"}, "has a manifest that cannot be read"),
        ({"database": 7, "files": 7, "started": None}, "has a manifest that cannot be read"),
    ],
)
def test_a_newer_snapshot_without_a_whole_manifest_does_not_count_and_is_told(
    changes: dict[str, Any], why: str, host: Host, printed: Printed
) -> None:
    host.snapshots(4000, 100)
    host.manifest("s1", **changes)
    for _ in range(2):
        host.run("status")
        (shares, _) = printed()["plans"]
        assert shares["snapshot"]["id"] == "s0"
        assert shares["snapshot"]["snapshots"] == 2
        assert shares["doubted"][0]["id"] == "s1"
        assert why in shares["doubted"][0]["why"]


def test_a_database_that_is_not_in_the_manifest_makes_a_snapshot_no_copy(
    host: Host, printed: Printed
) -> None:
    host.plans(host.plan("shares", database="permits"))
    host.snapshots(100)
    host.run("status")
    (shares,) = printed()["plans"]
    assert shares["snapshot"] is None
    assert shares["doubted"][0]["why"] == "has no dump of the database permits"


def test_a_snapshot_of_2030_hides_no_real_one(host: Host, printed: Printed) -> None:
    host.snapshots(4000, -100_000_000)
    host.run("status")
    (shares, _) = printed()["plans"]
    assert shares["snapshot"]["id"] == "s0"
    assert shares["doubted"][0]["why"] == "is dated in the future"


def test_each_snapshot_of_others_is_looked_at_once_and_only_some_at_a_time(host: Host) -> None:
    host.state.mkdir()
    host.plans(host.plan("shares"))
    host.snapshots(*range(1000, 1900, 100))
    for number in range(8):
        host.manifest(f"s{number}", files=[])
    host.run("status")
    assert host.asked().count("dump") == 5
    host.run("status")
    assert host.asked().count("dump") == 9
    host.run("status")
    assert host.asked().count("dump") == 9


def test_a_run_that_was_killed_is_told_and_leaves_no_dump(host: Host) -> None:
    host.metrics.parent.mkdir()
    host.run("run", "shares")
    before = host.saved("shares")
    staging = host.state / "staging" / "shares"
    staging.mkdir(parents=True)
    (staging / "permits.pgdump").write_text("citizens")
    (host.state / "shares.running").write_text('{"started": "2026-11-28T02:30:00+00:00"}')
    assert host.run("settle", "shares") == 0
    after = host.saved("shares")
    assert (after["ok"], after["started"]) == (False, "2026-11-28T02:30:00+00:00")
    assert "cut off" in after["error"]
    assert after["last_success"] == before["last_success"]
    assert after["last_snapshot"] == "abc"
    assert not staging.exists()
    assert 'bastide_backup_last_run_success{plan="shares"} 0.0' in host.metrics.read_text()
    host.run("settle")
    assert host.saved("shares") == after


def test_a_run_that_goes_on_is_not_settled(host: Host) -> None:
    host.run("run", "shares")
    (plan,) = host.module.chosen(["shares"])
    (host.state / "shares.running").write_text("{}")
    with host.module.locked(plan):
        assert not host.module.settle(plan)
    assert host.saved("shares")["ok"]


def test_a_run_into_a_damaged_repository_is_not_well(host: Host, printed: Printed) -> None:
    host.fail("check", "error: pack 0a is missing\nFatal: repository contains errors\n")
    assert host.run("run", "shares") == 1
    (result,) = printed()
    assert result["error"].startswith("the repository is damaged: restic check (1): ")
    assert "error: pack 0a is missing" in result["error"]
    assert not host.saved("status")["plans"][0]["check"]["ok"]
    assert host.saved("shares")["ok"], "the snapshot was made"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Fatal: wrong password or no key found\n", "wrong password"),
        ("rclone: ssh: connect to host 192.0.2.1 port 22: Connection timed out\n", "cannot be re"),
    ],
)
def test_a_password_that_does_not_open_the_repository_replaces_none(
    said: str, words: str, host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    (host.config / "shares").mkdir()
    (host.config / "shares" / "password").write_text("the good one")
    fresh = host.folder / "fresh"
    fresh.write_text("another")
    host.fail("cat", said)
    assert host.run("approve", "shares", str(fresh)) == 1
    assert words in capsys.readouterr().err
    assert host.run("approve", "shares", str(fresh)) == 0
    assert f"--password-file {fresh} cat config" in host.stubs.calls("restic")[-1]


def test_a_first_password_is_taken_as_it_is(host: Host) -> None:
    host.fail("cat", "Fatal: wrong password or no key found\n")
    assert host.run("approve", "shares", "/nowhere") == 0
    assert host.stubs.calls("restic") == []


def test_a_target_that_refuses_gets_none(host: Host, printed: Printed) -> None:
    host.fail("snapshots", "Permission denied\n")
    assert host.run("run", "shares") == 1
    assert "Permission denied" in printed()[0]["error"]
    assert "init" not in host.asked()


def test_a_stale_lock_is_removed_and_the_snapshot_made(host: Host) -> None:
    host.fail("backup", "unable to create lock: repository is already locked by PID 7\n")
    assert host.run("run", "shares") == 0
    assert host.asked()[:4] == ["snapshots", "backup", "unlock", "backup"]


def test_any_other_failure_removes_no_lock(host: Host) -> None:
    host.fail("backup", "no space left\n")
    assert host.run("run", "shares") == 1
    assert "unlock" not in host.asked()


def test_a_file_that_never_settles_is_kept_and_said_to_be_so(
    host: Host, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter(range(9))
    monkeypatch.setattr(host.module, "file_states", lambda _: {"one": next(states)})
    assert host.run("run", "shares") == 0
    assert printed()[0]["settled"] is False
    assert host.asked().count("backup") == 2


@pytest.mark.parametrize(
    ("age", "most", "ran"), [(100, "200", False), (100, "50", True), (-900, "200", True)]
)
def test_a_plan_runs_when_its_newest_snapshot_is_too_old_or_from_the_future(
    age: float, most: str, ran: bool, host: Host, printed: Printed
) -> None:
    host.begun()
    host.snapshots(9000, age)
    assert host.run("run", "shares", "--max-age", most) == 0
    (result,) = printed()
    assert result["ran"] is ran
    assert result["snapshot"] == ("abc" if ran else "s1")
    assert ("backup" in host.asked()) is ran


def test_what_a_killed_run_left_is_no_part_of_the_next(host: Host) -> None:
    left = host.state / "staging" / "shares" / "old.pgdump"
    left.parent.mkdir(parents=True)
    left.write_text("half a dump")
    assert host.run("run", "shares") == 0
    assert not left.exists()


@pytest.mark.root
def test_a_full_disk_of_the_host_is_said_in_words_and_fails_the_unit(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(full))
    subprocess.run(mount, check=True)
    try:
        with suppress(OSError):
            (full / "filled").write_bytes(bytes(64 * 1024))
        monkeypatch.setattr(host.module, "STATE", full)
        assert host.run("run", "shares") == 1
    finally:
        subprocess.run(("umount", str(full)), check=True)
    assert "bastide-backup: [Errno 28] No space left on device" in capsys.readouterr().err


def test_without_an_age_every_plan_runs(host: Host, printed: Printed) -> None:
    host.begun()
    host.snapshots(0)
    assert host.run("run") == 0
    assert [result["ran"] for result in printed()] == [True, True]


def test_the_way_to_the_target_is_pinned_and_the_password_is_in_no_argument(host: Host) -> None:
    host.plans(host.plan("shares"))
    host.run("run")
    etc = host.config
    way = (
        f"--repo rclone: --option rclone.program=ssh -F none -i {etc}/shares/key "
        "-o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=8 "
        f"-o UserKnownHostsFile={etc}/known_hosts -o ServerAliveInterval=30 "
        "backup-velgora-files@192.0.2.1 "
        f"--password-file {etc}/shares/password --cache-dir {host.folder}/cache "
    )
    calls = host.stubs.calls("restic")
    assert all(call.startswith(way) for call in calls)
    asking = "snapshots --json --no-lock --tag plan=shares --host velgora-files"
    assert [call.removeprefix(way) for call in calls[:3]] == [
        asking,
        "backup --json --host velgora-files --tag plan=shares --tag municipality=velgora "
        f"{host.state}/staging/shares {host.folder}/shares",
        "check --no-lock",
    ]


def test_a_run_says_what_it_made_and_keeps_it_for_root_alone(host: Host, printed: Printed) -> None:
    before = time.time()
    assert host.run("run", "shares") == 0
    (result,) = printed()
    assert {key: result[key] for key in ("host", "plan", "ran", "ok", "error", "settled")} == {
        "host": "velgora-files",
        "plan": "shares",
        "ran": True,
        "ok": True,
        "error": None,
        "settled": True,
    }
    assert (result["snapshot"], result["size_bytes"], result["added_bytes"]) == ("abc", 4096, 512)
    assert (result["files"], result["rows"]) == (1, 0)
    assert 0 <= result["duration_seconds"] < 60
    assert before <= result["last_success"] <= time.time()
    assert datetime.fromisoformat(result["started"]).tzinfo is not None
    assert host.saved("shares") == result
    assert host.state.stat().st_mode & 0o777 == 0o700
    for name in ("shares.json", "status.json"):
        assert (host.state / name).stat().st_mode & 0o777 == 0o600
    assert list((host.state / "staging").iterdir()) == []


def test_the_manifest_says_whose_it_is_and_what_every_file_was(host: Host) -> None:
    host.run("run", "shares")
    manifest = json.loads((host.stubs.folder / "manifest.json").read_text())
    file = host.folder / "shares" / "paper.txt"
    (entry,) = manifest.pop("files")
    assert datetime.fromisoformat(manifest.pop("started")).tzinfo is not None
    assert manifest == {
        "format": 1,
        "host": "velgora-files",
        "municipality": "velgora",
        "plan": "shares",
        "database": None,
        "dumps": [],
    }
    assert entry["path"] == str(file)
    assert entry["size"] == file.stat().st_size
    assert entry["mtime_ns"] == file.stat().st_mtime_ns


def test_a_database_is_dumped_and_counted_in_one_snapshot_of_it(
    host: Host, printed: Printed
) -> None:
    host.plans(host.plan("shares", database="permits"))
    assert host.run("run") == 0
    assert printed()[0]["rows"] == 5
    database = json.loads((host.stubs.folder / "manifest.json").read_text())["database"]
    dump = host.state / "staging" / "shares" / "permits.pgdump"
    assert (database["name"], database["dump"], database["size"]) == ("permits", str(dump), 7)
    assert [table["name"] for table in database["tables"]] == ["public.permits", "public.its"]
    assert host.stubs.calls("psql") == ["-XAtq -v ON_ERROR_STOP=1 -d permits"]
    assert host.stubs.calls("pg_dump") == ["-Fc -Z0 --snapshot=00000003-0000001B-1 permits"]
    assert host.stubs.calls("runuser")[0].startswith("-u postgres -- psql ")
    begin, tables, *rows = (host.stubs.folder / "statements").read_text().splitlines()
    assert begin == (
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot();"
    )
    assert tables.startswith("SET timezone = 'UTC'; SET datestyle = 'ISO';")
    assert len(rows) == 2


def test_a_dump_that_failed_fails_the_plan_with_its_words(host: Host, printed: Printed) -> None:
    host.plans(host.plan("shares", database="permits"))
    host.stubs.put("pg_dump", "echo ' permission denied ' >&2; exit 1")
    assert host.run("run") == 1
    assert printed()[0]["error"] == "pg_dump permits: permission denied"
    assert "backup" not in host.asked()


def test_a_database_that_does_not_answer_fails_the_plan(host: Host, printed: Printed) -> None:
    host.plans(host.plan("shares", database="permits"))
    host.stubs.put("psql", "read -r line; exit 2")
    assert host.run("run") == 1
    assert "PostgreSQL did not answer" in printed()[0]["error"]


def test_what_the_targets_hold_is_kept_for_audits_after_a_run_that_made_something(
    host: Host,
) -> None:
    host.begun()
    host.snapshots(100)
    host.run("run", "shares", "--max-age", "200")
    first = (host.state / "status.json").read_text()
    (host.state / "status.json").write_text("{}")
    host.run("run", "shares", "--max-age", "200")
    assert (host.state / "status.json").read_text() == "{}"
    host.run("run", "shares", "--max-age", "50")
    kept = json.loads((host.state / "status.json").read_text())
    assert kept["plans"][0]["snapshot"] == json.loads(first)["plans"][0]["snapshot"]


def test_the_status_of_each_plan_is_what_its_target_says_and_what_was_last_done(
    host: Host, printed: Printed
) -> None:
    host.run("run", "shares")
    printed()
    host.snapshots(500, 100, 300)
    assert host.run("status") == 0
    document = printed()
    shares, scans = document["plans"]
    assert (document["host"], shares["plan"], scans["plan"]) == ("velgora-files", "shares", "scans")
    assert (shares["target"], shares["target_address"]) == ("central-vault", "192.0.2.1")
    assert shares["snapshot"]["id"] == "s1"
    assert shares["snapshot"]["snapshots"] == 3
    assert shares["snapshot"]["ids"] == ["s0", "s1", "s2"]
    assert shares["error"] is None
    assert shares["last_run"] == host.saved("shares")
    assert shares["check"] == host.saved("shares.check")
    assert (scans["last_run"], scans["check"]) == ({}, {})
    assert datetime.fromisoformat(document["at"]).tzinfo is not None


def test_the_status_is_kept_only_when_that_is_wished(host: Host, printed: Printed) -> None:
    host.state.mkdir()
    host.run("status")
    assert list(host.state.iterdir()) == []
    printed()
    host.run("status", "--keep")
    assert host.saved("status") == printed()
    assert (host.state / "status.json").stat().st_mode & 0o777 == 0o600


def test_a_host_without_plans_has_a_status_all_the_same(host: Host, printed: Printed) -> None:
    host.plans()
    assert host.run("status") == 0
    document = printed()
    assert (document["host"], document["plans"]) == ("", [])


def test_by_hand_it_becomes_restic_on_the_plans_repository(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(host.module.os, "execvp", lambda *command: became.append(command))
    with pytest.raises(TypeError):
        host.run("restic", "scans", "list", "--json", "locks")
    ((name, command),) = became
    (plan,) = host.module.chosen(["scans"])
    assert name == "restic"
    assert command == [*host.module.restic_command(plan), "list", "--json", "locks"]


def test_its_places_are_those_that_the_role_makes() -> None:
    module = program("bastide_backup")
    assert str(module.CONFIG) == "/etc/bastide/backup"
    assert str(module.STATE) == "/var/lib/bastide/backup"
    assert str(module.CACHE) == "/var/cache/bastide-backup"
    assert str(module.METRICS) == "/var/lib/prometheus/node-exporter/bastide_backup.prom"
    assert module.STATUS == "status.json"
