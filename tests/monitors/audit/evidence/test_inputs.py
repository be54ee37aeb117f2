"""Which inputs were in force on a date, as the signed chain tells."""

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.audit.evidence import inputs
from monitors.audit.evidence.inputs import (
    CONTROLS,
    WAIVERS,
    InputsError,
    checks_sha256,
    in_force,
    keep_inputs,
)
from monitors.audit.evidence.records import seal
from monitors.audit.model.controls import ControlTable
from tests.monitors.audit.estates import TABLE
from tests.monitors.audit.evidence.sealed_runs import audited, sealed


def test_before_the_first_run_there_was_nothing_in_force(tmp_path: Path) -> None:
    run, _ = sealed(tmp_path)
    first = f"no run had been sealed by .*; the first is of {run.started:%F}"
    with pytest.raises(InputsError, match=first):
        in_force(tmp_path, run.started.date() - timedelta(days=1))
    with pytest.raises(InputsError, match="there is none at all"):
        in_force(tmp_path / "empty", run.started.date())


def test_each_date_has_the_control_set_of_its_newest_run(tmp_path: Path) -> None:
    old = ControlTable(controls=TABLE.controls[:5])
    run = audited(tmp_path, "fresh")
    inputs = keep_inputs(tmp_path, old, (), ())
    seal(run.model_copy(update=dict(inputs)), tmp_path)
    later, _ = sealed(tmp_path, days=2)

    day = run.started.date()
    assert CONTROLS.load(tmp_path, in_force(tmp_path, day).controls_sha256) == old
    then = in_force(tmp_path, later.started.date() + timedelta(days=9))
    assert CONTROLS.load(tmp_path, then.controls_sha256) == TABLE
    assert in_force(tmp_path, day + timedelta(days=1)) == in_force(tmp_path, day)


def test_an_input_that_was_changed_or_lost_is_refused(tmp_path: Path) -> None:
    digest = WAIVERS.keep(tmp_path, ())
    file = tmp_path / "evidence" / "waivers" / f"{digest}.json"
    file.write_bytes(b"[] ")
    with pytest.raises(InputsError, match="changed since it was kept"):
        WAIVERS.load(tmp_path, digest)
    file.unlink()
    with pytest.raises(InputsError, match="was not kept"):
        WAIVERS.load(tmp_path, digest)


def test_an_input_that_another_version_wrote_is_refused_with_what_does_not_fit(
    tmp_path: Path,
) -> None:
    content = b'[{"control":"SSH-01"}]'
    digest = hashlib.sha256(content).hexdigest()
    folder = tmp_path / "evidence" / "waivers"
    folder.mkdir(parents=True)
    (folder / f"{digest}.json").write_bytes(content)
    with pytest.raises(InputsError, match="of another version of Bastide: Field required"):
        WAIVERS.load(tmp_path, digest)


def test_each_input_is_kept_once_for_its_owner_only(tmp_path: Path) -> None:
    def kept() -> dict[str, tuple[int, int]]:
        files = (tmp_path / "evidence").glob("*/*.json")
        return {file.parent.name: (file.stat().st_ino, file.stat().st_mode) for file in files}

    keep_inputs(tmp_path, TABLE, (), ())
    first = kept()
    assert set(first) == {"controls", "waivers", "declared"}
    assert {mode & 0o777 for _, mode in first.values()} == {0o600}
    keep_inputs(tmp_path, TABLE, (), ())
    assert kept() == first


@pytest.mark.parametrize(
    "changed",
    [
        "checks/test_ssh.py",
        "checks/conftest.py",
        "checks/releases.yml",
        "controls/ssh.yml",
        "facts/sshd.py",
    ],
)
def test_the_hash_of_the_checks_is_of_all_that_decides(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = Path(__file__).parents[4] / "monitors" / "audit"
    for folder in ("checks", "controls", "facts"):
        shutil.copytree(audit / folder, tmp_path / folder)
    shipped = checks_sha256()
    monkeypatch.setattr(inputs, "AUDIT", tmp_path)
    assert checks_sha256() == shipped
    (tmp_path / changed).write_bytes((tmp_path / changed).read_bytes() + b"\n")
    assert checks_sha256() != shipped
