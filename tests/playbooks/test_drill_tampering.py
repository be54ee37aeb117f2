"""Whatever of a repository is tampered with fails the drill, and so does a manifest that lies."""

import json
import os
import random
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.test_backup_drill import Stand, made, stand

__all__ = ["made", "stand"]  # pytest finds fixtures by their names here

PARTS = ("config", "keys", "index", "snapshots", "data")
PLACES = random.Random()  # noqa: S311
Entries = list[dict[str, Any]]


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[PLACES.randrange(len(content))] ^= 1 << PLACES.randrange(8)
    file.write_bytes(content)


def fill(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("change", [flip, fill])
def test_one_changed_place_of_any_kind_of_file_is_found(
    part: str, change: Callable[[Path], None], stand: Stand
) -> None:
    files = sorted(p for p in stand.repository.rglob("*") if p.is_file())
    chosen = [p for p in files if str(p.relative_to(stand.repository)).startswith(part)]
    changed = PLACES.choice(chosen)
    changed.chmod(0o600)
    change(changed)
    assert not stand.run().ok, changed


@pytest.mark.parametrize("part", ["config", "keys", "index", "data"])
def test_a_file_that_is_gone_is_found(part: str, stand: Stand) -> None:
    files = sorted(p for p in stand.repository.rglob("*") if p.is_file())
    chosen = [p for p in files if str(p.relative_to(stand.repository)).startswith(part)]
    PLACES.choice(chosen).unlink()
    assert not stand.run().ok


def test_an_older_snapshot_that_somebody_removed_is_missed(stand: Stand) -> None:
    """The host has seen it at the target; retention removes none that is so young."""
    (first,) = (stand.repository / "snapshots").iterdir()
    stand.back_up()
    stand.backup.status(stand.plan)
    seen = json.loads((stand.folder / "state" / "shares.seen.json").read_text())
    assert first.name in seen
    known = {"snapshots": seen, "keep_seconds": 86400}
    assert stand.run(earlier=known).ok
    first.unlink()
    result = stand.run(earlier=known)
    assert (result.ok, result.depth) == (False, "L1")
    assert f"are gone, {first.name[:8]}" in (result.error or "")
    assert result.rto_seconds, "the rest is restored all the same"
    assert stand.run(earlier=known | {"keep_seconds": 0}).ok, "retention may have removed it"


def test_losses_that_were_accepted_are_not_missed_again(stand: Stand) -> None:
    (first,) = (stand.repository / "snapshots").iterdir()
    stand.back_up()
    first.unlink()
    assert stand.backup.run(stand.plan, -1, accept_loss=True)["ok"]
    stand.backup.status(stand.plan)
    assert first.name not in json.loads((stand.folder / "state" / "shares.seen.json").read_text())


def lie(stand: Stand, patch: pytest.MonkeyPatch, told: Callable[[Entries], Entries]) -> str:
    """Back up with a manifest that says something else, and return why the drill failed."""
    truly = stand.backup.hashed
    patch.setattr(stand.backup, "hashed", lambda paths, _: told(list(truly(paths, {}))))
    stand.back_up()
    result = stand.run()
    assert not result.ok
    return result.error or ""


def test_one_file_named_many_times_is_not_many(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = lie(stand, monkeypatch, lambda entries: entries[:1] * 20)
    assert "names 20 files, 1 are different" in said


def test_a_manifest_of_a_few_of_the_files_proves_few(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = lie(stand, monkeypatch, lambda entries: entries[:5])
    assert "the snapshot has 20 files, its manifest names 5" in said


def test_many_files_are_not_believed_to_have_moved_on_although_more_are_verified(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [stand.files / f"more-{number}" for number in range(16)]
    for file in more:
        file.write_text("x")
        os.utime(file, (time.time() + 1, time.time() + 1))
    later = {"sha256": "0" * 64, "mtime_ns": 0}
    said = lie(
        stand,
        monkeypatch,
        lambda entries: [e | (later if "more" in e["path"] else {}) for e in entries],
    )
    for file in more:
        file.unlink()
    assert "20 files have the manifest's hashes, 16 are said to have changed" in said


def test_files_that_were_emptied_one_by_one_are_missed(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many files as before, and each has the manifest's hash."""
    first = stand.run()
    kept = {path: path.read_bytes() for path in stand.files.iterdir()}
    for path in list(kept)[:5]:
        path.write_bytes(b"")
    stand.back_up()
    result = stand.run(earlier={"files": 20, "octets": first.bytes_restored})
    for path in kept:
        path.write_bytes(b"")
    stand.back_up()
    nothing = stand.run()
    for path, content in kept.items():
        path.write_bytes(content)
    assert "30000 octets, the last drill had 40000" in (result.error or "")
    assert "all files are empty" in (nothing.error or "")


def test_a_link_that_leads_out_of_the_snapshot_is_no_restored_file(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = stand.folder / "outside"
    outside.write_bytes(os.urandom(100))
    link = stand.files / "link"
    link.symlink_to(outside)
    digest = sha256(outside.read_bytes()).hexdigest()
    entry = {"path": str(link), "sha256": digest, "mtime_ns": 0, "size": 100}
    said = lie(stand, monkeypatch, lambda entries: [*entries, entry])
    link.unlink()
    assert "link is missing" in said
