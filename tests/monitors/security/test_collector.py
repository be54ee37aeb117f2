"""The collector itself, run as hosts run it, on lists of commands that misbehave."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from monitors.security.bundle import COLLECTOR_VERSION, Bundle, Recorded, unframe, unpack
from monitors.security.commands import LIST_FILE

COLLECTOR = LIST_FILE.with_name("bastide-collector")


def collect(folder: Path, *commands: str, timeout: float = 5) -> Bundle:
    """Run the collector in a folder of its own with a list of commands."""
    program = folder / "bastide-collector"
    shutil.copy(COLLECTOR, program)
    (folder / "commands.json").write_text(
        json.dumps({"timeout_seconds": timeout, "commands": commands})
    )
    done = subprocess.run([sys.executable, "-I", program], capture_output=True, check=True)
    return unpack(unframe(done.stdout))


def only(bundle: Bundle) -> Recorded:
    (recorded,) = bundle.recorded
    return recorded


def test_a_hung_command_is_killed_with_its_children_and_costs_its_own_result_only(
    tmp_path: Path,
) -> None:
    mark = tmp_path / "alive"
    hung = f"(sleep 3; touch {mark}) & sleep 60"

    bundle = collect(tmp_path, hung, "echo well", timeout=0.5)

    assert [(r.rc, r.stdout) for r in bundle.recorded] == [(None, ""), (0, "well\n")]
    time.sleep(3.2)
    assert not mark.exists(), "a child of the killed command lived on"


def test_output_that_is_not_utf_8_arrives_readable(tmp_path: Path) -> None:
    assert only(collect(tmp_path, r"printf 'caf\351\n'")).stdout == "caf\\xe9\n"


def test_endless_output_is_cut_and_marked(tmp_path: Path) -> None:
    recorded = only(collect(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x"))

    assert recorded.truncated
    assert len(recorded.stdout) == 256 * 1024


def test_a_command_reads_nothing_from_the_caller(tmp_path: Path) -> None:
    assert only(collect(tmp_path, "cat; echo end")).stdout == "end\n"


@pytest.mark.parametrize(
    ("printed", "arrives"),
    [
        ("root:$y$j9T$abcdefgh$ijklmnopqrst:19000", "root:$y$[redacted]:19000"),
        ("a:$6$rounds=5000$saltsalt$hash.hash/hash", "a:$6$[redacted]"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END", None),
    ],
)
def test_a_secret_never_leaves_the_host(tmp_path: Path, printed: str, arrives: str | None) -> None:
    (tmp_path / "secret").write_text(printed)

    found = only(collect(tmp_path, f"cat {tmp_path / 'secret'}")).stdout

    assert "[redacted]" in found
    assert "b3Bl" not in found
    assert arrives is None or found == arrives


def test_its_version_is_the_one_that_the_auditor_expects(tmp_path: Path) -> None:
    assert collect(tmp_path, "true").collector == COLLECTOR_VERSION


def test_a_missing_list_is_an_error_and_no_bundle(tmp_path: Path) -> None:
    program = tmp_path / "bastide-collector"
    shutil.copy(COLLECTOR, program)

    done = subprocess.run([sys.executable, "-I", program], capture_output=True, check=False)

    assert done.returncode != 0
    assert done.stdout == b""
    assert b"commands.json" in done.stderr
