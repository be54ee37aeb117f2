"""Backups on the running lab: what the keys cannot do, and what the drills have proved."""

import json
import shlex
import subprocess

import pytest

from bastide.support.estate import EstateContext
from monitors.continuity.plan_states import newest_drills
from monitors.continuity.records import Depth, DrillResult
from tests.command import bastide

pytestmark = pytest.mark.lab

CLIENT, TARGET, SCRATCH = "velgora-app", "central-vault", "central-scratch"
FILES = "velgora-files"
FIRST_PERMITS = 360


def on(
    lab: EstateContext, host: str, command: str, stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a command on a lab host as an administrator."""
    keys = lab.state / "ssh"
    return subprocess.run(
        [
            *("ssh", "-i", str(keys / "admin"), "-o", f"UserKnownHostsFile={keys / 'known_hosts'}"),
            *("-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"),
            *(f"root@{lab.outputs.hosts[host].address}", command),
        ],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        errors="replace",  # rclone's answer is HTTP/2, which is no text
        check=False,
        timeout=120,
    )


def key_command(lab: EstateContext, wanted: str) -> str:
    """Return the command with which the client asks the target for something else."""
    return shlex.join(
        [
            *("timeout", "10", "ssh", "-F", "none", "-i", "/etc/bastide/backup/permits/key"),
            *("-o", "UserKnownHostsFile=/etc/bastide/backup/known_hosts", "-o", "BatchMode=yes"),
            *(f"bastide-backup@{lab.outputs.hosts[TARGET].address}", wanted),
        ]
    )


def snapshots(lab: EstateContext) -> list[str]:
    listed = on(lab, CLIENT, "bastide-backup restic permits snapshots --json --no-lock")
    return [snapshot["id"] for snapshot in json.loads(listed.stdout)]


@pytest.mark.parametrize("wanted", ["id", "cat /etc/passwd", "sh -i", "scp -f /etc/passwd"])
def test_a_clients_key_opens_no_shell(lab: EstateContext, wanted: str) -> None:
    done = on(lab, CLIENT, key_command(lab, wanted))
    assert "uid=" not in done.stdout
    assert "root:" not in done.stdout


def test_a_client_cannot_delete_a_snapshot(lab: EstateContext) -> None:
    before = snapshots(lab)
    done = on(lab, CLIENT, f"timeout 8 bastide-backup restic permits forget {before[0]}")
    assert done.returncode != 0
    assert "403 Forbidden" in done.stdout + done.stderr
    assert snapshots(lab) == before


def test_a_client_that_asks_for_anothers_copies_gets_its_own(lab: EstateContext) -> None:
    other = "rclone.args=serve restic --stdio /srv/backups/kastrava-app/permits"
    config = [
        on(lab, CLIENT, f"bastide-backup restic permits {option} cat config --no-lock").stdout
        for option in ("", f"--option {shlex.quote(other)}")
    ]
    assert json.loads(config[0])["id"] == json.loads(config[1])["id"]


@pytest.mark.parametrize(
    "wanted",
    [
        "put /etc/hostname /velgora-app/permits/planted",
        "rm /velgora-app/permits/config",
        "rename /velgora-app/permits/config /velgora-app/permits/gone",
        "ls /etc/ssh",
    ],
)
def test_the_drills_account_reads_copies_and_nothing_else(lab: EstateContext, wanted: str) -> None:
    account = f"bastide-drill@{lab.outputs.hosts[TARGET].address}"
    key = "-i /etc/bastide/drill/key -o UserKnownHostsFile=/etc/bastide/drill/known_hosts"
    sftp = f"sftp -F none {key} -o BatchMode=yes -b - {account}"
    assert on(lab, SCRATCH, sftp, stdin="ls /velgora-app/permits/config\n").returncode == 0
    assert on(lab, SCRATCH, sftp, stdin=f"{wanted}\n").returncode != 0


def test_a_repositorys_password_is_in_one_file_of_its_host(lab: EstateContext) -> None:
    """Nor does check mode, which tells what would change, leave it in the journal."""
    estate = ("--estate", lab.estate.estate)
    done = bastide("playbook", "run", "configure", "--check", "--limit", CLIENT, *estate)
    assert done.returncode == 0, done.stderr
    where = "/etc /var/lib/bastide /var/lib/prometheus /var/log /run/systemd /usr/local"
    done = on(lab, CLIENT, f"grep -rlFf /etc/bastide/backup/permits/password {where}")
    assert done.stdout.split() == ["/etc/bastide/backup/permits/password"]


def test_a_drill_with_the_wrong_password_says_so_and_leaves_nothing(lab: EstateContext) -> None:
    target = lab.outputs.hosts[TARGET].address
    asked = f"--host {CLIENT} --municipality velgora --plan permits --target {TARGET} --rpo 1"
    asked += f" --target-address {target} --database permits"
    done = on(lab, SCRATCH, f"bastide-drill {asked}", stdin="wrong\n")
    result = DrillResult.model_validate_json(done.stdout)
    assert done.returncode == 1
    assert "wrong password" in (result.error or "")
    assert on(lab, SCRATCH, "ls /var/lib/bastide/drill").stdout.split() == ["lock"]


def test_every_register_was_restored_to_a_service_that_answers(lab: EstateContext) -> None:
    drills = [drill for drill in newest_drills(lab.state, lab.estate) if drill.plan == "permits"]
    assert {drill.municipality for drill in drills} == {"velgora", "kastrava", "aynzuhur"}
    for drill in drills:
        assert (drill.ok, drill.depth) == (True, Depth.SERVICE), drill.error
        assert drill.rows["public.permits"] >= FIRST_PERMITS
        assert drill.files_verified > 0


def test_a_file_servers_drill_goes_as_deep_as_its_files(lab: EstateContext) -> None:
    (drill,) = [drill for drill in newest_drills(lab.state, lab.estate) if drill.plan == "shares"]
    assert (drill.ok, drill.depth) == (True, Depth.FILES), drill.error


def test_the_nightly_timer_is_set_and_its_service_works(lab: EstateContext) -> None:
    done = on(
        lab,
        CLIENT,
        "systemctl is-enabled bastide-backup-permits.timer"
        " && systemctl start bastide-backup@permits.service"
        " && cat /var/lib/prometheus/node-exporter/bastide_backup.prom",
    )
    assert done.returncode == 0, done.stderr
    assert 'bastide_backup_last_run_success{plan="permits"} 1.0' in done.stdout


def test_a_plan_is_restored_beside_as_the_runbook_says(lab: EstateContext) -> None:
    """Nothing is replaced; what was made beside is taken away again."""
    done = on(lab, CLIENT, "bastide-backup restore permits")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    name = shlex.quote(result["database"])
    counting = shlex.quote("SELECT count(*) FROM permits")
    try:
        psql = f"cd / && runuser -u postgres -- psql -XAtq -d {name} -c {counting}"
        counted = on(lab, CLIENT, psql)
        assert int(counted.stdout) >= FIRST_PERMITS
        assert "kept" not in result
    finally:
        on(lab, CLIENT, f"cd / && runuser -u postgres -- dropdb --if-exists {name}")
        on(lab, CLIENT, f"rm -r {shlex.quote(result['beside'])}")


def test_a_path_comes_back_beside_by_the_command(lab: EstateContext) -> None:
    """From here, through the inventory's way in; what was brought is taken away again."""
    (plan,) = json.loads(on(lab, FILES, "bastide-backup status").stdout)["plans"]
    listed = on(lab, FILES, "find /srv -type f -size +0 ! -name '*.tmp' -mtime +0 | head -1")
    path = listed.stdout.strip() or "/srv"
    done = bastide(
        *("backup", "restore", FILES, "--path", path, "--yes", "--json"),
        *("--estate", lab.estate.estate),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    beside = shlex.quote(result["beside"])
    try:
        assert result["snapshot"] == plan["snapshot"]["id"]
        assert result["files"] > 0
        assert "files are as they were backed up" in done.stderr
        assert on(lab, FILES, f"test -e {beside}{shlex.quote(path)}").returncode == 0
    finally:
        on(lab, FILES, f"rm -r {beside}")


def test_status_names_no_snapshot_that_does_not_count(lab: EstateContext) -> None:
    done = on(lab, CLIENT, "bastide-backup status")
    (plan,) = json.loads(done.stdout)["plans"]
    assert plan["error"] is None
    assert plan["snapshot"]["id"] in plan["snapshot"]["ids"]
    assert plan["doubted"] == []


def test_another_password_is_refused_by_the_running_host(lab: EstateContext) -> None:
    done = on(lab, CLIENT, "bastide-backup approve permits /etc/hostname")
    assert done.returncode == 1
    assert "the one here stays" in done.stderr
