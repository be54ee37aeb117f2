"""The witness's program: it appends runs with its own time, and does nothing else."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitors.audit.facts.sshd_settings import is_allowed

ROLE = Path(__file__).parents[2] / "playbooks" / "roles" / "witness"
PROGRAM = ROLE / "files" / "witness.py"
RUN = b'{"record":{"number":1},"signature":"x"}\n'


def show(log: Path, lines: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-I", PROGRAM, log], input=lines, capture_output=True, timeout=60
    )


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"\n",
        b"no run\n",
        b"[]\n",
        b"{}\n",
        RUN + b"no run\n",
        b'{"record":{},"signature":"","received":"2020-01-01T00:00:00Z"}\n',
        b'{"record":{},"signature":"' + b"x" * 5000 + b'"}\n',
        b"[" * 4000,
        RUN * 1001,
    ],
)
def test_what_is_no_run_is_refused_and_nothing_is_written(tmp_path: Path, lines: bytes) -> None:
    done = show(tmp_path / "log.jsonl", lines)
    assert done.returncode == 1
    assert b"expected 1 to 1000 runs" in done.stderr
    assert not (tmp_path / "log.jsonl").exists()


def test_a_log_that_is_a_link_elsewhere_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").symlink_to(tmp_path / "elsewhere")
    assert show(tmp_path / "log.jsonl", RUN).returncode != 0
    assert not (tmp_path / "elsewhere").exists()


def test_runs_are_appended_with_the_witness_own_time(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    assert show(log, RUN * 2).stdout == b"2\n"
    first = log.read_bytes()
    assert show(log, RUN).stdout == b"1\n"
    assert log.read_bytes().startswith(first)
    entries = [json.loads(line) for line in log.read_bytes().splitlines()]
    assert [entry["link"] for entry in entries] == [json.loads(RUN)] * 3
    for entry in entries:
        assert datetime.now(UTC) - datetime.fromisoformat(entry["received"]) < timedelta(minutes=1)


def test_sshd_starts_nothing_else_whatever_stands_before_a_key() -> None:
    """Who could take the command from the file of keys would still not get to the log."""
    of_key = re.search('command="([^"]+)"', (ROLE / "templates" / "keys.j2").read_text())
    forced = re.search("ForceCommand (.+)", (ROLE / "templates" / "sshd.conf.j2").read_text())
    assert of_key
    assert forced
    assert forced[1] == of_key[1]
    (command,) = re.findall("(?m)^witness_command: (.+)$", (ROLE / "vars/main.yml").read_text())
    assert is_allowed("forcecommand", command.replace("{{ witness_folder }}", "/var/lib/w"))


def test_after_a_torn_line_the_next_one_begins_on_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b'{"received":"20')
    assert show(log, RUN).returncode == 0
    torn, whole = log.read_bytes().splitlines()
    assert torn == b'{"received":"20'
    assert json.loads(whole)["link"] == json.loads(RUN)


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: show(log, RUN), range(12)))
    assert all(one.returncode == 0 for one in done)
    assert len(log.read_bytes().splitlines()) == 12
