"""bastide-drill's command line: where it reads, what it holds against what, and how it ends."""

import hashlib
import io
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.scratch_machine import Machine

PASSWORD = "correct horse"
RESTIC = """
printf '%s %s' "$RESTIC_PASSWORD" "$TMPDIR" >{here}/environment
stat --format=%a "$TMPDIR" >{here}/mode
for word in "$@"; do
  if [ -e {here}/fails-$word ]; then cat {here}/fails-$word >&2; exit 1; fi
  target=$word
done
case " $* " in
  *" snapshots "*) cat {here}/snapshots;;
  *" restore "*) mkdir -p "$target"; cp -a {here}/tree/. "$target";;
esac
"""
PSQL = """
while read -r sql; do
  case "$sql" in
    *pg_tables*) echo '["public.permits"]';;
    *) cat {here}/rows;;
  esac
done
"""
ROWS = {"name": "public.permits", "rows": 3, "fingerprint": "42"}


class Target:
    """A vault that holds one snapshot of one plan: two files, a dump and their manifest."""

    def __init__(self, machine: Machine, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.module: ModuleType = program("bastide_drill")
        self.stubs, self.work, self._patch = machine.stubs, folder / "work", patch
        self.here, self.tree = machine.stubs.folder, machine.stubs.folder / "tree"
        patch.setattr(self.module, "STAGING", Path("/staging"))
        self.stubs.put("restic", RESTIC.format(here=self.here))
        self.stubs.put("psql", PSQL.format(here=self.here))
        self.snapshots(100)
        self.rows(ROWS)
        self.manifest: dict[str, Any] = {
            "started": (datetime.now(UTC) - timedelta(seconds=160)).isoformat(),
            "files": [self.put("/srv/one", b"one"), self.put("/srv/two", b"two")],
            "database": None,
        }
        self.save()

    def put(self, path: str, content: bytes) -> dict[str, Any]:
        """Put a file into the snapshot; return its entry of the manifest."""
        file = self.tree / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, ns=(5, 5))
        return {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "mtime_ns": 5}

    def save(self) -> None:
        self.put("/staging/permits/manifest.json", json.dumps(self.manifest).encode())

    def database(self) -> None:
        """Let the snapshot hold a dump as well."""
        dump = self.put("/staging/permits/permits.pgdump", b"dump")
        self.manifest["database"] = {
            "dump": dump["path"],
            "sha256": dump["sha256"],
            "tables": [ROWS],
        }
        self.save()

    def rows(self, row: dict[str, Any]) -> None:
        (self.here / "rows").write_text(json.dumps(row) + "\n")

    def snapshots(self, *ages: float) -> None:
        now = datetime.now(UTC)
        entries = [
            {"id": f"s{number}", "time": (now - timedelta(seconds=age)).isoformat()}
            for number, age in enumerate(ages)
        ]
        (self.here / "snapshots").write_text(json.dumps(entries or None))

    def drill(self, *options: str, status: int = 0, rpo: str = "3600") -> dict[str, Any]:
        """Run a drill that is to end with this status; return its document."""
        given = ["--host", "app", "--municipality", "velgora", "--plan", "permits"]
        given += [
            "--target",
            "vault",
            "--target-address",
            "192.0.2.1",
            "--rpo",
            rpo,
            "--work",
            str(self.work),
            *options,
        ]
        printed = io.StringIO()
        self._patch.setattr("sys.argv", ["bastide-drill", *given])
        self._patch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
        self._patch.setattr("sys.stdout", printed)
        assert self.module.main() == status
        document: dict[str, Any] = json.loads(printed.getvalue())
        assert [path.name for path in self.work.iterdir()] == ["lock"]
        return document


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    return Target(Machine(tmp_path, monkeypatch), tmp_path, monkeypatch)


NEEDED = ("--host", "--municipality", "--plan", "--target", "--target-address", "--rpo")


@pytest.mark.parametrize("left_out", NEEDED)
def test_wrong_use_ends_with_2(
    left_out: str, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [n for n in NEEDED if n != left_out]
    words: Sequence[str] = [word for name in names for word in (name, "7")]
    monkeypatch.setattr("sys.argv", ["bastide-drill", *words])
    with pytest.raises(SystemExit) as ended:
        target.module.main()
    assert ended.value.code == 2


def test_a_target_that_refuses_is_quoted_with_its_last_lines(target: Target) -> None:
    (target.here / "fails-snapshots").write_text("1\n\n2\n3\n4\n5\nwrong password\n")
    result = target.drill(status=1)
    assert result["depth"] is None
    assert result["error"] == (
        "find the newest snapshot: restic snapshots (1): 2 / 3 / 4 / 5 / wrong password"
    )


def test_a_plan_without_a_snapshot_is_named(target: Target) -> None:
    target.snapshots()
    assert "no snapshot of the plan permits of app" in target.drill(status=1)["error"]


@pytest.mark.parametrize(
    ("age", "said"),
    [(4000, "snapshot is 4000 s old, expected 0 to 3600 s"), (-900, "snapshot is -900 s old")],
)
def test_a_snapshot_that_is_too_old_or_from_the_future_is_restored_and_not_well(
    age: float, said: str, target: Target
) -> None:
    target.snapshots(age)
    target.manifest["started"] = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    target.save()
    result = target.drill(status=1)
    assert said in result["error"]
    assert (result["depth"], result["files_verified"]) == ("L0", 2)


def test_the_newest_snapshot_is_the_one(target: Target) -> None:
    target.snapshots(300, 100, 200)
    assert target.drill()["snapshot"] == "s1"


def test_a_snapshot_without_a_manifest_is_not_ours(target: Target) -> None:
    (target.tree / "staging/permits/manifest.json").unlink()
    result = target.drill(status=1)
    assert result["depth"] == "L3"
    assert "has no manifest: it was not made by bastide-backup" in result["error"]


def test_all_that_differs_is_named_up_to_five(target: Target) -> None:
    lost = [{"path": f"/srv/{n}", "sha256": "", "mtime_ns": 5} for n in range(6)]
    target.manifest["files"] += lost[:4]
    target.manifest["files"][0]["sha256"] = "0" * 64
    target.save()
    error = target.drill(status=1)["error"]
    assert error == (
        "compare every file with the manifest: /srv/one has another content; "
        + "; ".join(f"/srv/{n} is missing" for n in range(4))
    )
    target.manifest["files"] += lost[4:]
    target.save()
    assert target.drill(status=1)["error"] == error + " and 2 more"


def test_a_file_that_moved_on_while_it_was_backed_up_is_counted(target: Target) -> None:
    target.manifest["files"][0] |= {"sha256": "0" * 64, "mtime_ns": 6}
    target.save()
    os.utime(target.tree / "srv/one")
    result = target.drill()
    assert (result["files_verified"], result["files_moved"]) == (1, 1)


def test_a_file_that_was_last_changed_before_the_backup_has_not_moved_on(target: Target) -> None:
    target.manifest["files"][0] |= {"sha256": "0" * 64, "mtime_ns": 6}
    target.save()
    assert "/srv/one has another content" in target.drill(status=1)["error"]


def test_a_manifest_whose_every_hash_is_wrong_proves_nothing(target: Target) -> None:
    for entry, path in zip(target.manifest["files"], ("srv/one", "srv/two"), strict=True):
        entry |= {"sha256": "0" * 64, "mtime_ns": 6}
        os.utime(target.tree / path)
    target.save()
    result = target.drill(status=1)
    assert "0 files have the manifest's hashes, 2 are said to have changed" in result["error"]
    assert result["depth"] == "L3"


def test_a_snapshot_of_nothing_fails(target: Target) -> None:
    target.manifest["files"] = []
    target.save()
    assert "holds no file and no database" in target.drill(status=1)["error"]


@pytest.mark.parametrize("age", [-4000, 90_000])
def test_a_manifest_of_another_time_than_its_snapshot_fails(age: float, target: Target) -> None:
    target.manifest["started"] = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    target.save()
    result = target.drill(status=1)
    assert "the manifest is of another time" in result["error"]
    assert result["rpo_seconds"] is None


def test_a_snapshot_of_2030_is_told_and_does_not_hide_the_real_one(target: Target) -> None:
    target.snapshots(-100_000_000, 100)
    result = target.drill(status=1)
    assert "1 snapshots are dated in the future: s0" in result["error"]
    assert (result["snapshot"], result["files_verified"]) == ("s1", 2)


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        ({"files": 40}, "2 files, the last drill had 40; if that is meant"),
        ({"files": 12}, ""),
        ({"files": 2, "rows": {"public.permits": 360}}, "public.permits has 3 rows, not 360"),
        ({"files": 2, "rows": {"public.permits": 3, "public.fees": 1}}, "public.fees is gone"),
        ({"files": 1, "rows": {"public.permits": 4}}, ""),
        ({}, ""),
    ],
)
def test_what_shrank_since_the_last_drill_fails_until_it_is_meant(
    earlier: dict[str, Any], said: str, target: Target
) -> None:
    target.database()
    arguments = ("--database", "permits", "--earlier", json.dumps(earlier))
    result = target.drill(*arguments, status=1 if said else 0)
    assert said in (result["error"] or "")
    assert result["rto_seconds"] > 0, "it was restored all the same"
    assert result["depth"] == ({"2 f": "L3", "pub": "L4"}[said[:3]] if said else "L5")


@pytest.mark.parametrize(
    ("before", "now", "shrunk"),
    [(0, 0, False), (1, 0, True), (11, 1, False), (12, 1, True), (200, 180, False),
     (200, 179, True), (5, 9, False), (3, 0, True)],
)  # fmt: skip
def test_a_count_has_shrunk_by_a_tenth_and_more_than_ten_or_by_all(
    before: int, now: int, shrunk: bool
) -> None:
    assert program("drill_counts").has_shrunk(before, now) is shrunk


def test_a_path_that_leads_out_of_the_restore_is_refused(target: Target) -> None:
    target.manifest["files"][0]["path"] = "/srv/../../etc/shadow"
    target.save()
    assert "outside the snapshot: /srv/../../etc/shadow" in target.drill(status=1)["error"]


def test_a_dump_with_another_content_is_named(target: Target) -> None:
    target.database()
    target.put("/staging/permits/permits.pgdump", b"another")
    result = target.drill("--database", "permits", status=1)
    assert "/staging/permits/permits.pgdump has another content" in result["error"]
    assert result["depth"] == "L3"


@pytest.mark.parametrize(
    ("row", "tables", "said"),
    [
        ({**ROWS, "rows": 2}, [ROWS], "not the rows of the manifest: public.permits"),
        ({**ROWS, "fingerprint": "7"}, [ROWS], "not the rows of the manifest: public.permits"),
        (ROWS, [], "not the rows of the manifest: other tables"),
        (ROWS, [ROWS, {**ROWS, "name": "public.fees"}], "of the manifest: public.fees"),
    ],
)
def test_rows_that_are_not_those_of_the_backup_fail(
    row: dict[str, Any], tables: list[dict[str, Any]], said: str, target: Target
) -> None:
    target.database()
    target.manifest["database"]["tables"] = tables
    target.save()
    target.rows(row)
    result = target.drill("--database", "permits", status=1)
    assert said in result["error"]
    assert result["depth"] == "L4"


def test_a_database_that_does_not_answer_fails(target: Target) -> None:
    target.database()
    target.stubs.put("psql", "read -r line; exit 2")
    error = target.drill("--database", "permits", status=1)["error"]
    assert error.startswith("compare every table with the manifest: PostgreSQL did not answer")


def test_a_restore_that_is_whole_is_proved_and_measured(target: Target) -> None:
    target.database()
    result = target.drill("--database", "permits")
    assert (result["ok"], result["depth"], result["error"]) == (True, "L5", None)
    assert (result["files_verified"], result["rows"]) == (2, {"public.permits": 3})
    # The age of the data is that of the manifest: what was written later is not in the copy.
    assert 160 <= result["rpo_seconds"] < 220
    assert result["rto_seconds"] > 0
    assert [step["name"] for step in result["steps"] if not step["recovery"]] == [
        "hold its age against the RPO",
        "compare the snapshots with those that were there",
        "check the repository's structure",
        "read the repository's data",
        "compare the number of files with the last drill's",
        "compare the rows with the last drill's",
    ]
    (query,) = target.stubs.calls("psql")
    assert query.endswith("--dbname permits")
    assert target.stubs.calls("createdb")[0].endswith("/postgres permits")


def test_a_manifest_of_before_there_were_times_takes_the_snapshots(target: Target) -> None:
    del target.manifest["started"]
    target.save()
    assert 100 <= target.drill()["rpo_seconds"] < 150


def test_the_copies_are_read_over_a_pinned_way_and_the_password_is_in_no_argument(
    target: Target,
) -> None:
    target.drill("--subset", "1/7")
    etc = "/etc/bastide/drill"
    way = (
        "--repo sftp:bastide-drill@192.0.2.1:/app/permits --option sftp.command="
        f"ssh -F none -i {etc}/key -o IdentitiesOnly=yes -o BatchMode=yes "
        "-o StrictHostKeyChecking=yes -o ConnectTimeout=8 "
        f"-o UserKnownHostsFile={etc}/known_hosts -o ServerAliveInterval=30 "
        "bastide-drill@192.0.2.1 -s sftp --no-lock --cache-dir "
    )
    calls = target.stubs.calls("restic")
    assert all(call.startswith(way) for call in calls)
    folder, *rests = (call.removeprefix(way).partition("/cache ") for call in calls)
    assert [folder[2], *(rest[2] for rest in rests)] == [
        "snapshots --json --host app --tag plan=permits",
        "check",
        "check --read-data-subset=1/7",
        f"restore s0 --target {folder[0]}/restore",
    ]
    assert (target.here / "environment").read_text() == f"{PASSWORD} {folder[0]}"
    assert Path(folder[0]).parent == target.work


def test_all_data_is_read_unless_less_is_wished(target: Target) -> None:
    target.drill()
    assert target.stubs.calls("restic")[2].endswith("--read-data-subset=100%")


def test_what_a_killed_drill_left_is_wiped_first(target: Target) -> None:
    left = target.work / "drill-killed"
    (left / "postgres" / "data").mkdir(parents=True)
    (left / "postgres" / "data" / "postmaster.pid").touch()
    target.drill()
    assert not left.exists()
    assert target.stubs.calls("pg_ctl")[0].startswith("stop --mode immediate")


def test_others_may_pass_through_its_folder_and_not_look_into_it(target: Target) -> None:
    target.drill()
    assert target.work.stat().st_mode & 0o777 == 0o711
    assert (target.here / "mode").read_text() == "711\n"
