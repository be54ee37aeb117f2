"""Time stamps of runs, by a real authority on loopback."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitors.audit.evidence.chain import Link
from monitors.audit.evidence.package import TIME_STAMP, write_package
from monitors.audit.evidence.records import seal
from monitors.audit.evidence.signing import signing_key
from monitors.audit.evidence.stamped import stamp_of
from monitors.audit.evidence.time_stamp import TimeStampError, kept, stamp_run
from monitors.audit.evidence.verify import BrokenError, verify
from monitors.audit.model.results import AuditRun
from tests.monitors.audit.evidence.forger import forge
from tests.monitors.audit.evidence.sealed_runs import audited
from tests.monitors.audit.evidence.time_stamp_authority import new_authority, serving


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_authority(tmp_path_factory.mktemp("authority") / "tsa")


def sealed_at(state: Path, started: datetime) -> tuple[AuditRun, Link]:
    run = audited(state, at=started)
    return run, seal(run, state)


def stamped(state: Path, root: Path, ago: timedelta = timedelta(0)) -> Path:
    """Return the evidence file of a run that began some time ago and was stamped now."""
    run, link = sealed_at(state, datetime.now(UTC) - ago)
    with serving(root.parent) as server:
        stamp_run(link, state, server)
    return write_package(run, state, {})


@pytest.mark.parametrize("junk", [b"", b"<html>", b"0" * 70_000])
def test_a_server_that_grants_none_is_named_and_nothing_is_kept(
    tmp_path: Path, root: Path, junk: bytes
) -> None:
    _, link = sealed_at(tmp_path, datetime.now(UTC))
    with serving(root.parent, junk) as server, pytest.raises(TimeStampError):
        stamp_run(link, tmp_path, server)
    assert not kept(tmp_path, link).exists()


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    _, link = sealed_at(tmp_path, datetime.now(UTC))
    with pytest.raises(TimeStampError, match=r"127\.0\.0\.1:9"):
        stamp_run(link, tmp_path, "http://127.0.0.1:9/")


def test_a_run_that_was_dated_back_is_given_away(tmp_path: Path, root: Path) -> None:
    file = stamped(tmp_path, root, timedelta(days=30))
    assert "dated back, or stamped late" in stamp_of(verify(file), root).problem


def test_a_stamp_of_another_run_does_not_hold(tmp_path: Path, root: Path) -> None:
    other = verify(stamped(tmp_path / "other", root)).members[TIME_STAMP]
    run, link = sealed_at(tmp_path / "one", datetime.now(UTC))
    kept(tmp_path / "one", link).parent.mkdir(parents=True)
    kept(tmp_path / "one", link).write_bytes(other)
    file = write_package(run, tmp_path / "one", {})
    assert "does not hold" in stamp_of(verify(file), root).problem


def test_a_stamp_of_another_authority_does_not_hold(tmp_path: Path, root: Path) -> None:
    file = stamped(tmp_path / "state", root)
    assert "does not hold" in stamp_of(verify(file), new_authority(tmp_path / "tsa")).problem


def test_a_stamp_that_was_left_out_is_missed(tmp_path: Path, root: Path) -> None:
    file = stamped(tmp_path, root)
    key = signing_key(tmp_path / "evidence")
    steps = [{"drop": {"name": TIME_STAMP}}]
    file.write_bytes(forge(file.read_bytes(), key, steps))
    with pytest.raises(BrokenError, match="absent"):
        verify(file)
    file.write_bytes(forge(file.read_bytes(), key, [{"resign": None}]))
    assert stamp_of(verify(file), root).problem == "the file has none"


def test_a_true_stamp_proves_the_time(tmp_path: Path, root: Path) -> None:
    verified = verify(stamped(tmp_path, root))
    proved = stamp_of(verified, root)
    assert proved.problem == ""
    assert proved.time is not None
    assert abs(datetime.now(UTC) - proved.time) < timedelta(minutes=5)
    assert stamp_of(verified, None).words == "there, not checked: give --time-stamp-authority"
