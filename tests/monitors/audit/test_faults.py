"""What goes wrong while a fleet is audited costs the host that it happens to, and no other."""

import gzip
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import paramiko
import pytest

from monitors.audit import run as audit_run
from monitors.audit.archive.runs import AuditError, load, load_latest, run_files
from monitors.audit.model.results import AuditRun, HostAudit, Outcome
from monitors.audit.run import ResultsNotKeptError
from monitors.collection.bundle import MAX_PACKED_BYTES, MAX_PLAIN_BYTES, unpack
from tests.monitors.audit.collect.ssh_server import Serve, dies_after, new_key, says
from tests.monitors.audit.estates import packed
from tests.monitors.audit.loopback_fleet import fleet, nobody_looks, well
from tests.monitors.collection.test_bundle import framed
from tests.running import running

HOUR, DAY = 3600, 24 * 3600
TMPFS_BYTES = 256 * 1024

run_audit = partial(audit_run.run_audit, look=nobody_looks)


def bundle_of(name: str) -> bytes:
    return framed(packed("fresh", name))


def gzipped(plain: bytes) -> Serve:
    return says(framed(gzip.compress(plain)))


# How a host answers, and what is said of it.
FAULTS: dict[str, tuple[Serve, str]] = {
    "central-ops": (dies_after(bundle_of("central-ops")[:3000]), "truncated: .* bytes arrived"),
    "central-vault": (says(bundle_of("central-vault")[:3000]), "truncated: .* bytes arrived"),
    "central-scratch": (
        says(f"bastide-bundle 1 {MAX_PACKED_BYTES + 1} {'0' * 64}\n".encode()),
        f"oversized: {MAX_PACKED_BYTES + 1} bytes announced",
    ),
    "velgora-edge": (gzipped(b" " * (MAX_PLAIN_BYTES + 1)), "oversized: unpacks to more"),
    "velgora-app": (gzipped(b'{"host": "\xe9"}'), "not UTF-8 at byte 10"),
    "velgora-files": (well("velgora-files", 3 * HOUR + 30), "3:00:[23].* ahead of the auditor"),
    "kastrava-edge": (well("kastrava-edge", -730 * DAY), "730 days, 0:00.* behind the auditor"),
    # These three answer well; who does not get as far is told apart by the keys.
    "kastrava-app": (well("kastrava-app"), "unknown host key"),
    "aynzuhur-edge": (well("aynzuhur-edge"), "refused the key"),
    "aynzuhur-server": (well("aynzuhur-server"), "host key changed"),
}


@pytest.mark.parametrize("last_well", sorted(FAULTS))
def test_of_a_fleet_in_which_everything_goes_wrong_the_one_host_that_is_well_is_judged(
    tmp_path: Path, last_well: str
) -> None:
    faults = {name: fault for name, fault in FAULTS.items() if name != last_well}
    parts = {name: part for name, (part, _) in faults.items()}
    strangers = frozenset({"aynzuhur-edge"} & set(faults))
    with fleet(tmp_path, parts, strangers) as made:
        keys: dict[str, paramiko.PKey | None] = {
            "kastrava-app": None,
            "aynzuhur-server": new_key(tmp_path / "changed"),
        }
        made.know({name: key for name, key in keys.items() if name in faults})
        run = run_audit(made.estate, made.state)

    for host in run.hosts:
        _, said = faults.get(host.host, (None, "^$"))
        assert_problem(host, said)
    assert load_latest(made.state) == run
    assert len(list((made.state / "bundles").rglob("*.json.gz"))) == kept_of(run)


def assert_problem(host: HostAudit, said: str) -> None:
    outcomes = {result.outcome for result in host.results}
    assert re.search(said, host.problem), host.problem
    if host.problem:
        assert host.problem.startswith(f"{host.host}: ")
        assert outcomes == {Outcome.ERROR, Outcome.SKIP}
    else:
        assert Outcome.PASS in outcomes


def kept_of(run: AuditRun) -> int:
    """Return how many bundles were kept: of the judged, and of those with a wrong clock."""
    return sum(not host.problem or "clock says" in host.problem for host in run.hosts)


def test_a_clock_a_few_minutes_off_is_still_judged(tmp_path: Path) -> None:
    with fleet(tmp_path, {"velgora-app": well("velgora-app", 200)}) as made:
        (host,) = run_audit(made.estate, made.state, hosts=["velgora-app"]).hosts

    assert host.problem == ""
    assert 100 < (host.clock_offset_seconds or 0) <= 200


def test_what_a_host_with_a_wrong_clock_said_is_kept_and_named_but_no_claim_rests_on_it(
    tmp_path: Path,
) -> None:
    with fleet(tmp_path, {"velgora-app": well("velgora-app", HOUR)}) as made:
        (host,) = run_audit(made.estate, made.state, hosts=["velgora-app"]).hosts

    (kept,) = (made.state / "bundles").rglob("*.json.gz")
    assert str(kept.relative_to(made.state)) in host.problem
    assert host.bundle is None


def test_two_audits_of_one_host_at_once_are_both_whole(tmp_path: Path) -> None:
    with fleet(tmp_path) as made, ThreadPoolExecutor(8) as pool:
        runs = list(
            pool.map(
                lambda label: run_audit(made.estate, made.state, ["velgora-app"], label), "abcdefgh"
            )
        )

    bundles = {run.hosts[0].bundle for run in runs}
    assert all(run.hosts[0].problem == "" for run in runs)
    assert len(bundles) == len(runs) == len(run_files(made.state))
    assert all(unpack((made.state / str(path)).read_bytes()) for path in bundles)


def test_an_auditor_that_is_killed_leaves_nothing_that_is_read_as_whole(tmp_path: Path) -> None:
    with fleet(tmp_path, {"velgora-app": lambda _: time.sleep(60)}) as made:
        words = ["-m", fleet.__module__, str(made.state), str(made.port)]
        with running(subprocess.Popen([sys.executable, *words])) as killed:
            while len(list((made.state / "bundles").rglob("*.json.gz"))) < 5:
                assert killed.poll() is None
                time.sleep(0.02)
            killed.kill()

    assert load_latest(made.state) is None
    for bundle in (made.state / "bundles").rglob("*.json.gz"):
        assert unpack(bundle.read_bytes()).host == bundle.parent.name


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The state folder as a disk of 256 KiB."""
    folder = tmp_path / "state"
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tmpfs", folder], check=True
    )
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(disk: Path, leave: int) -> None:
    """Fill a disk but for some bytes."""
    room = os.statvfs(disk)
    (disk / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize - leave))


def written(disk: Path) -> list[Path]:
    return [path for path in disk.rglob("*") if path.is_file() and path.name != "filler"]


@pytest.mark.root
def test_on_a_full_disk_no_host_is_asked_and_nothing_is_left_in_part(
    tmp_path: Path, disk: Path
) -> None:
    asked: list[HostAudit] = []
    with fleet(tmp_path) as made:
        before = written(disk)
        fill(disk, leave=0)
        with pytest.raises(AuditError, match=r"No space left.*make room there.*no host was asked"):
            run_audit(made.estate, made.state, on_event=asked.append)

    assert written(disk) == before
    assert asked == []


@pytest.mark.root
def test_a_disk_that_fills_up_costs_the_hosts_whose_bundles_do_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: Path
) -> None:
    monkeypatch.setattr("monitors.audit.run.WORKERS", 1)
    with fleet(tmp_path) as made:
        run_audit(made.estate, made.state, hosts=[])  # so that what all are judged by is there
        fill(disk, leave=4 * len(bundle_of("velgora-app")))  # what is declared needs one of them
        with pytest.raises(ResultsNotKeptError, match=r"audits: .*No space left") as error:
            run_audit(made.estate, made.state)

    lost = [host for host in error.value.run.hosts if host.problem]
    kept = [host for host in error.value.run.hosts if not host.problem]
    assert lost
    assert kept
    assert all("cannot keep the bundle" in host.problem for host in lost)
    assert all("No space left on device; make room there" in host.problem for host in lost)
    assert all(unpack((disk / str(host.bundle)).read_bytes()) for host in kept)
    assert len(list((disk / "bundles").rglob("*.json.gz"))) == len(kept)
    assert not [path for path in written(disk) if path.suffix == ".tmp"]
    assert all(load(file) for file in run_files(disk))
