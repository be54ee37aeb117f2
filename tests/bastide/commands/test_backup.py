"""`bastide backup`: the exit status says whether every plan could be restored today."""

import json
import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bastide.actions.backup_output import describe_drill, show_backups, show_drills
from bastide.actions.playbook_recap import Failure, HostRecap, Recap
from bastide.support.estate import EstateContext
from monitors.audit.evidence.verify import BrokenError, verify
from monitors.continuity.objectives import backup_objectives
from monitors.continuity.plan_states import newest_drills
from tests.bastide.context import environment_of, lab_context, new_context
from tests.command import bastide_here, bastide_json
from tests.inventory.test_buckets import BUCKETS
from tests.monitors.audit.evidence.sealed_runs import sealed
from tests.monitors.continuity.state_folder import (
    ago,
    put_buckets,
    put_bundle,
    put_drill,
    put_failed_drill,
    status_text,
)

HOST = "gornjilug-server"


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    """An estate with one plan, of which nothing is known yet."""
    return new_context(tmp_path, "127.82.0.", managed=True)


def snapshot(context: EstateContext, at: datetime) -> None:
    put_bundle(context.state, ago(minutes=1), status_text(at, host=HOST), host=HOST)


def drilled(context: EstateContext, **changed: Any) -> None:
    put_drill(context.state, ago(hours=1), host=HOST, municipality="gornjilug", **changed)


def status(context: EstateContext) -> int:
    return bastide_here("backup", "status", **environment_of(context)).returncode


def test_a_fresh_snapshot_and_a_drill_that_succeeded_are_well(context: EstateContext) -> None:
    snapshot(context, ago(minutes=30))
    drilled(context)
    assert status(context) == 0


def test_a_plan_that_was_never_drilled_is_a_finding(context: EstateContext) -> None:
    snapshot(context, ago(minutes=30))
    assert status(context) == 1


def test_a_failed_drill_is_a_finding_although_an_older_one_succeeded(
    context: EstateContext,
) -> None:
    snapshot(context, ago(minutes=30))
    drilled(context)
    put_failed_drill(context.state, ago(minutes=10), host=HOST, municipality="gornjilug")
    done = bastide_here("backup", "status", **environment_of(context))
    assert done.returncode == 1
    assert "FAILED: no snapshot" in done.stdout


def test_a_snapshot_older_than_the_rpo_is_a_finding(context: EstateContext) -> None:
    snapshot(context, ago(days=30))
    drilled(context)
    assert status(context) == 1


def test_a_host_that_was_never_audited_is_a_finding(context: EstateContext) -> None:
    drilled(context)
    done = bastide_here("backup", "status", **environment_of(context))
    assert done.returncode == 1
    assert "the host was not audited yet" in done.stdout


def test_the_status_is_json_for_programs(context: EstateContext) -> None:
    snapshot(context, ago(minutes=30))
    drilled(context)
    (plan,) = bastide_json("backup", "status", **environment_of(context))
    assert (plan["host"], plan["plan"]) == (HOST, "permits")
    assert plan["within_rpo"] is True
    assert 1800 <= plan["age_seconds"] < 7200  # the module may have been loaded long ago
    assert plan["drill"]["ok"] is True


def test_the_plan_says_what_was_not_measured(context: EstateContext) -> None:
    done = bastide_here("backup", "plan", **environment_of(context))
    assert done.returncode == 0
    assert re.search(rf"{HOST} +│ B +│ 24 h +│ not measured", done.stdout)
    assert "data not measured, machines" in done.stdout.splitlines()[-1]


def test_the_plan_has_the_hours_of_the_last_drill(context: EstateContext) -> None:
    drilled(context, rto_seconds=7200.0)
    values = bastide_json("backup", "plan", **environment_of(context))
    assert values["seconds"] == 7200
    hosts = [host for wave in values["waves"] for host in wave["hosts"]]
    (host,) = (host for host in hosts if host["host"] == HOST)
    assert (host["seconds"], host["rto_seconds"], host["machine_measured"]) == (7200, 86400, False)
    assert "data 2.0 h" in bastide_here("backup", "plan", **environment_of(context)).stdout


def test_the_runbook_on_paper_needs_nothing_else(context: EstateContext, tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    formats = ("--format", "html", "--format", "pdf", "--folder", str(folder))
    done = bastide_here("backup", "plan", *formats, **environment_of(context))
    assert done.returncode == 0, done.stderr
    files = {file.suffix: file for file in folder.iterdir()}
    html = files[".html"].read_text()
    assert files[".pdf"].read_bytes().startswith(b"%PDF")
    assert "generated:restic-gornjilug-server" in html
    assert "it@gornjilug" in html
    assert not re.search(r"<script|src=|href=.?http|url\(", html)
    assert all(file.stat().st_mode & 0o077 == 0 for file in files.values())


def test_a_copy_in_a_bucket_is_in_the_status_and_on_paper_with_who_reads_it(
    context: EstateContext, tmp_path: Path
) -> None:
    for file, text in (
        ("estate.yml", BUCKETS.format(endpoint="https://s3.example", days=180)),
        ("municipalities/gornjilug.yml", "\nsecond_target: offsite\n"),
    ):
        with (context.folder / file).open("a") as opened:
            opened.write(text)
    snapshot(context, ago(minutes=30))
    drilled(context, target="offsite")
    said = bastide_here("backup", "status", **environment_of(context)).stdout
    assert "was not audited yet" in " ".join(said.split())
    put_buckets(context.state, ago(hours=3), "gornjilug-server", "offsite", by="central-vault")
    said = bastide_here("backup", "status", **environment_of(context)).stdout
    assert " h on offsite" in " ".join(said.split())
    (plan,) = bastide_json("backup", "status", **environment_of(context))
    assert (plan["second_target"], plan["second_in_bucket"]) == ("offsite", True)
    assert plan["second_last_snapshot"] == ago(hours=3).isoformat()
    assert [(copy["target"], copy["ok"]) for copy in plan["drilled_copies"]][1] == ("offsite", True)
    formats = ("--format", "html", "--folder", str(tmp_path / "paper"))
    assert bastide_here("backup", "plan", *formats, **environment_of(context)).returncode == 0
    (page,) = (tmp_path / "paper").iterdir()
    html = page.read_text()
    assert "bucket copies at https://s3.example, read as reader" in html
    assert "--repo s3:ENDPOINT/BUCKET/HOST/PLAN" in html


def test_an_unknown_municipality_is_wrong_use(context: EstateContext) -> None:
    done = bastide_here("backup", "plan", "--municipality", "x", **environment_of(context))
    assert done.returncode == 2
    assert "it has: gornjilug" in done.stderr


def test_the_report_is_a_finding_until_all_is_proved(context: EstateContext) -> None:
    done = bastide_here("backup", "report", **environment_of(context))
    assert done.returncode == 1
    assert "never restored in a drill" in done.stdout
    drilled(context)
    done = bastide_here("backup", "report", **environment_of(context))
    assert done.returncode == 0, done.stdout
    assert "up to 95%" in done.stdout
    (service,) = bastide_json("backup", "report", **environment_of(context))["services"]
    assert (service["continuity"], service["proved"]) == ("B", True)
    (plan,) = service["plans"]
    assert plan["evidence"].endswith(f"Z-{HOST}-permits.json")
    assert plan["proved_rto_seconds"] > 0


def test_evidence_without_an_audit_could_not_be_made(context: EstateContext) -> None:
    drilled(context)
    done = bastide_here("backup", "report", "--format", "evidence", **environment_of(context))
    assert done.returncode == 3
    assert "bastide audit run" in done.stderr


def test_evidence_is_signed_with_the_newest_audit_and_a_changed_drill_is_found(
    tmp_path: Path,
) -> None:
    context = lab_context(tmp_path / "state" / "lab")
    sealed(context.state)
    put_drill(context.state, ago(hours=1))
    into = ("--folder", str(tmp_path / "out"))
    done = bastide_here(
        "backup", "report", "--format", "evidence", *into, **environment_of(context)
    )
    assert done.returncode == 1, done.stderr
    (file,) = (tmp_path / "out").rglob("*-evidence.zip")
    members = set(verify(file).members)
    assert {"reports/continuity.html", "reports/continuity.json"} <= members
    (drill,) = (name for name in members if name.startswith("reports/drills/"))
    raw = file.read_bytes()
    with zipfile.ZipFile(file) as packed:
        content = packed.read(drill)
    forged = tmp_path / "forged.zip"
    forged.write_bytes(raw.replace(content, content.replace(b'"L5"', b'"L6"')))
    with pytest.raises(BrokenError, match=re.escape(drill)):
        verify(forged)


@pytest.mark.parametrize(
    "arguments",
    [("run", "--host", "nobody"), ("drill", "--host", "nobody"), ("drill", "--plan", "nothing")],
)
def test_an_unknown_host_or_plan_is_wrong_use_and_lists_those_there_are(
    arguments: tuple[str, ...], context: EstateContext
) -> None:
    done = bastide_here("backup", *arguments, **environment_of(context))
    assert done.returncode == 2
    assert f"the estate has: {HOST} permits" in done.stderr


def backed_up(context: EstateContext, recap: Recap, capsys: pytest.CaptureFixture[str]) -> Any:
    show_backups(backup_objectives(context.estate), recap, as_json=True)
    return json.loads(capsys.readouterr().out)


def test_a_rebuild_is_of_one_host_that_is_named(context: EstateContext) -> None:
    done = bastide_here("backup", "drill", "--depth", "L6", **environment_of(context))
    assert done.returncode == 2
    assert "depth L6 rebuilds one HOST" in done.stderr


def test_a_backup_that_ran_is_shown_as_such(
    context: EstateContext, capsys: pytest.CaptureFixture[str]
) -> None:
    recap = Recap({HOST: HostRecap(1, 1, 0, 0)})
    assert backed_up(context, recap, capsys) == [
        {"host": HOST, "plans": ["permits"], "ok": True, "error": None}
    ]


@pytest.mark.parametrize(
    "recap",
    [
        Recap({HOST: HostRecap(0, 0, 1, 0)}, (Failure(HOST, "Make", "", "disk full"),), 2),
        Recap({HOST: HostRecap(0, 1, 1, 0)}, (Failure(HOST, "Make", "", "disk full"),), 2),
        Recap({HOST: HostRecap(0, 0, 0, 1)}, (Failure(HOST, "Make", "", "disk full"),), 4),
    ],
)
def test_a_backup_that_failed_says_why(
    recap: Recap, context: EstateContext, capsys: pytest.CaptureFixture[str]
) -> None:
    (result,) = backed_up(context, recap, capsys)
    assert not result["ok"]
    assert result["error"] == "disk full"


@pytest.mark.parametrize("recap", [Recap(), Recap({HOST: HostRecap(1, 0, 0, 0)})])
def test_a_host_on_which_nothing_was_made_is_not_backed_up(
    recap: Recap, context: EstateContext, capsys: pytest.CaptureFixture[str]
) -> None:
    show_backups(backup_objectives(context.estate), recap, as_json=False)
    assert "FAILED: see the log" in capsys.readouterr().out


def test_a_drill_is_shown_with_what_it_proved_and_measured(
    context: EstateContext, capsys: pytest.CaptureFixture[str]
) -> None:
    drilled(context)
    (result,) = newest_drills(context.state, context.estate)
    show_drills([result], as_json=False)
    table = capsys.readouterr().out
    assert describe_drill(result) in table
    assert str(sum(result.rows.values())) in table
    assert describe_drill(None) == "never"
