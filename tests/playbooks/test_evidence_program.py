"""What is read on a host of an incident: the most fleeting first, bounded, and nothing written."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.ansible import ROLES
from tests.playbooks.programs import program
from tests.running import running

PROGRAM = ROLES / "isolation" / "files" / "evidence.py"


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tarfile.TarFile:
    """What the program reads on this machine, without its long walk."""
    text = PROGRAM.read_text().replace("WALK_SECONDS = 60", "WALK_SECONDS = 1")
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-"],
        input=text.replace("STEP_SECONDS = 30", "STEP_SECONDS = 5").encode(),
        capture_output=True,
        check=True,
        cwd=tmp_path_factory.mktemp("here"),
    )
    return tarfile.open(fileobj=io.BytesIO(base64.b64decode(done.stdout, validate=True)))


def content(collected: tarfile.TarFile, name: str) -> bytes:
    file = collected.extractfile(name)
    assert file is not None
    return file.read()


def test_what_is_gone_first_is_read_first(collected: tarfile.TarFile) -> None:
    names = collected.getnames()
    order = ["clock.txt", "sockets.txt", "processes.txt", "memory-maps.txt", "logged-in.txt"]
    order += ["journal.txt", "hashes.txt", "collection.json"]
    assert [names.index(name) for name in order] == sorted(names.index(name) for name in order)


def test_processes_are_read_with_their_maps_and_without_their_environment(
    collected: tarfile.TarFile,
) -> None:
    processes = json.loads(content(collected, "process-details.json"))
    own = next(process for process in processes if process["pid"] == os.getpid())
    assert own["exe"] == str(Path("/proc/self/exe").readlink())
    assert own["open"]
    assert "environ" not in own
    assert f"== {os.getpid()} " in content(collected, "memory-maps.txt").decode()


def test_files_have_their_hash_owner_and_times(collected: tarfile.TarFile) -> None:
    digest = hashlib.sha256(Path("/etc/passwd").read_bytes()).hexdigest()
    lines = content(collected, "hashes.txt").decode().splitlines()
    (line,) = [line for line in lines if line.endswith(" /etc/passwd")]
    assert line.startswith(f"{digest} -rw-r--r-- 0:0 ")
    assert content(collected, "files/etc/passwd") == Path("/etc/passwd").read_bytes()


def test_every_file_has_its_hash_and_what_is_missing_of_it(collected: tarfile.TarFile) -> None:
    steps = json.loads(content(collected, "collection.json"))
    assert [step["file"] for step in steps] == collected.getnames()[:-1]
    for step in steps:
        assert step["sha256"] == hashlib.sha256(content(collected, step["file"])).hexdigest()


@pytest.fixture
def module() -> Any:
    return program("evidence")


def test_a_command_that_is_not_there_fails_or_hangs_says_so(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEP_SECONDS", 0.2)
    assert module.command_output(("no-such-program",)) == (b"", "No such file or directory")
    assert module.command_output(("sh", "-c", "echo a; exit 3")) == (b"a\n", "exit 3")
    started = time.monotonic()
    assert module.command_output(("sh", "-c", "echo a; sleep 30")) == (
        b"a\n",
        "not done in 0.2 s",
    )
    assert time.monotonic() - started < 10


def test_what_has_no_end_is_cut_off(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 100)
    monkeypatch.setattr(module.bounded, "__defaults__", (100,))
    read, note = module.command_output(("yes",))
    assert (len(read), note) == (100, "cut off after 100 bytes")


def test_of_a_long_log_the_newest_lines_are_kept(
    module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "LONGEST", 4)
    (tmp_path / "log").write_bytes(b"older newer"[:9])
    assert module.newest(str(tmp_path / "log")) == (b" new", "cut off before byte 5")


def test_reading_a_file_leaves_its_time_of_access(module: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    os.utime(file, (1, 2))
    module.hash_row(str(file))
    module.newest(str(file))
    assert file.stat().st_atime == 1


def test_a_program_whose_file_is_gone_is_taken_from_the_kernel(module: Any, tmp_path: Path) -> None:
    copy = tmp_path / "sleeper"
    copy.write_bytes(Path("/bin/sleep").read_bytes())
    copy.chmod(0o755)
    with running(subprocess.Popen([copy, "60"])) as process:
        time.sleep(0.2)
        copy.unlink()
        programs = dict(module.running_programs())
        process.kill()
    assert programs[str(process.pid)] == Path("/bin/sleep").read_bytes()


def test_when_the_time_is_over_the_rest_says_so(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ALL_SECONDS", -1)
    output = io.StringIO()
    archive = module.Archive(module.Base64(output))
    module.collect(archive)
    assert {step["note"] for step in archive.steps} == {"left out: -1 s were over"}


@pytest.mark.parametrize("pieces", [[b""], [b"a"], [b"ab", b"", b"cdefg", b"h"], [b"abc", b"def"]])
def test_base64_is_whole_whatever_it_is_written_in(module: Any, pieces: list[bytes]) -> None:
    output = io.StringIO()
    writer = module.Base64(output)
    for piece in pieces:
        assert writer.write(piece) == len(piece)
    writer.finish()
    assert base64.b64decode(output.getvalue(), validate=True) == b"".join(pieces)
