"""A repository that somebody has poisoned, or whose disk flips bytes, is mended by its runbook."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.playbooks.restore_stand import RestoreStand as Stand

pytestmark = pytest.mark.root


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    stand = Stand(tmp_path, monkeypatch)
    (stand.files / "large.bin").write_bytes(os.urandom(400_000))
    stand.back_up()
    subprocess.run(["chmod", "-R", "u+w", str(tmp_path / "repository")], check=True)
    return stand


def on_target(stand: Stand, *arguments: str) -> "subprocess.CompletedProcess[str]":
    way = [*stand.backup.restic_command(stand.plan), *arguments]
    return subprocess.run(way, capture_output=True, text=True, check=False)


def rebuild(stand: Stand, *moved: Path) -> None:
    """Do what the runbook says on the target."""
    for file in moved:
        shutil.move(file, stand.folder / f"aside-{file.name}")
    assert on_target(stand, "unlock").returncode == 0
    assert on_target(stand, "rebuild-index").returncode == 0


def is_whole(stand: Stand) -> bool:
    return on_target(stand, "check", "--read-data").returncode == 0


def test_a_garbage_index_stops_backups_in_words_and_is_moved_out(stand: Stand) -> None:
    planted = stand.folder / "repository" / "index" / hashlib.sha256(b"garbage").hexdigest()
    planted.write_bytes(b"garbage")
    result = stand.backup.run(stand.plan, -1)
    assert not result["ok"]
    assert "a file of the repository is damaged, or not restic's own" in result["error"]
    assert "goroutine" not in result["error"]
    rebuild(stand, planted)
    stand.back_up()
    assert is_whole(stand)


def test_an_index_that_is_gone_is_written_anew(stand: Stand) -> None:
    (index,) = (stand.folder / "repository" / "index").iterdir()
    rebuild(stand, index)
    stand.back_up()
    assert is_whole(stand)


def test_a_flipped_byte_is_found_by_the_share_it_is_in_and_mended_from_the_host(
    stand: Stand,
) -> None:
    files = (stand.folder / "repository" / "data").rglob("*")
    pack = max((p for p in files if p.is_file()), key=lambda p: p.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[1000] ^= 1
    pack.write_bytes(content)
    shares = [
        on_target(stand, "check", f"--read-data-subset={n}/4").returncode for n in range(1, 5)
    ]
    assert sorted(shares) == [0, 0, 0, 1]
    rebuild(stand, pack)
    stand.back_up()
    if not is_whole(stand):  # the first snapshot's own manifest was in that pack
        snapshots = json.loads(on_target(stand, "snapshots", "--json").stdout)
        assert on_target(stand, "forget", snapshots[0]["id"]).returncode == 0
    assert is_whole(stand)
    assert stand.restore() == 0
