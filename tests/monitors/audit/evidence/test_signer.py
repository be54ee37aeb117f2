"""The signing process: who may only ask it can neither cut the chain back nor date it back."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitors.audit.evidence.chain import (
    FOLDER,
    LONGEST_RUN,
    Link,
    RunRecord,
    append,
    load_chain,
    parse_chain,
)
from monitors.audit.evidence.package import write_package
from monitors.audit.evidence.records import seal
from monitors.audit.evidence.sealer import VARIABLE, sealer
from monitors.audit.evidence.signer import answer
from monitors.audit.evidence.signing import SigningError, is_signed, signing_key
from monitors.audit.evidence.verify import verify
from monitors.audit.model.canonical import canonical
from tests.monitors.audit.evidence.sealed_runs import audited
from tests.monitors.audit.evidence.test_witness import INPUTS

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def record(folder: Path, **changes: Any) -> dict[str, Any]:
    """Return a run that the signer would sign as its first, with some fields changed."""
    plain = RunRecord(
        number=1,
        previous=None,
        estate="lab",
        label="audit",
        started=NOW,
        inputs=INPUTS,
        leaves=1,
        root="ab" * 32,
        key=signing_key(folder).public,
    )
    return {**plain.model_dump(mode="json"), **changes}


def ask(folder: Path, now: datetime = NOW, **request: Any) -> dict[str, Any]:
    return answer(folder, json.dumps(request).encode() + b"\n", now)


def newest(folder: Path) -> str:
    """Return the hash of the last link that was signed."""
    return load_chain_of(folder)[-1].sha256


def load_chain_of(folder: Path) -> tuple[Link, ...]:
    return parse_chain((folder / "chain.jsonl").read_bytes())


Change = Callable[[Path], dict[str, Any]]
REFUSED: dict[str, tuple[Change, str]] = {
    "the first run again": (lambda _: {}, "does not follow run 1"),
    "another first run": (lambda _: {"root": "cd" * 32}, "does not follow run 1"),
    "a second run of another chain": (
        lambda _: {"number": 2, "previous": "00" * 32},
        "does not follow run 1",
    ),
    "a run left out": (
        lambda folder: {"number": 3, "previous": newest(folder)},
        "does not follow run 1",
    ),
    "a run before the last one": (
        lambda folder: {
            "number": 2,
            "previous": newest(folder),
            "started": (NOW - MINUTE).isoformat(),
        },
        "before the last run",
    ),
    "a run of another key": (lambda _: {"key": "AAAA"}, "another key"),
    "no run": (lambda _: {"leaves": 0}, "not a run"),
    "a run with more in it": (lambda _: {"note": "All is well."}, "not a run"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_follow_is_refused(tmp_path: Path, name: str) -> None:
    assert "signature" in ask(tmp_path, what="run", record=record(tmp_path))
    change, said = REFUSED[name]
    answered = ask(tmp_path, what="run", record=record(tmp_path, **change(tmp_path)))
    assert said in answered["refused"]
    assert len(load_chain_of(tmp_path)) == 1


@pytest.mark.parametrize("off", [-LONGEST_RUN - MINUTE, timedelta(minutes=6)])
def test_a_run_of_another_time_is_refused(tmp_path: Path, off: timedelta) -> None:
    run = record(tmp_path, started=(NOW + off).isoformat())
    assert "and now is" in ask(tmp_path, what="run", record=run)["refused"]


@pytest.mark.parametrize(
    "manifest",
    [
        {"run": "00" * 32, "files": {}},
        {"run": "00" * 32},
        {"files": {}},
        {"run": "00" * 32, "files": {}, "note": ""},
        {"run": "00" * 32, "files": "all"},
        {"number": 2, "previous": None},
    ],
)
def test_members_of_a_run_that_was_not_signed_are_refused(
    tmp_path: Path, manifest: dict[str, Any]
) -> None:
    ask(tmp_path, what="run", record=record(tmp_path))
    assert "refused" in ask(tmp_path, what="members", manifest=manifest)


@pytest.mark.parametrize("more", [{"note": "All is well."}, {"files": "all"}])
def test_more_than_a_list_of_members_is_refused(tmp_path: Path, more: dict[str, Any]) -> None:
    ask(tmp_path, what="run", record=record(tmp_path))
    manifest = {"run": newest(tmp_path), "files": {}, **more}
    assert ask(tmp_path, what="members", manifest=manifest)["refused"] == "not a list of members"


@pytest.mark.parametrize("junk", [b"", b"{", b"[]\n", b"{}\n", b'{"what":"x"}\n', b"[" * 9999])
def test_what_is_no_request_is_refused(tmp_path: Path, junk: bytes) -> None:
    assert "not a request" in answer(tmp_path, junk, NOW)["refused"]


def test_a_run_and_its_members_are_signed(tmp_path: Path) -> None:
    run = record(tmp_path)
    key = signing_key(tmp_path).public
    signature = ask(tmp_path, what="run", record=run)["signature"]
    assert is_signed(canonical(run), signature, key)
    manifest = {"run": newest(tmp_path), "files": {"run.json": "ab" * 32}}
    signed = ask(tmp_path, what="members", manifest=manifest)["signature"]
    assert is_signed(canonical(manifest), signed, key)


@contextmanager
def serving(folder: Path, path: Path) -> Iterator[None]:
    """Start the signer for every connection to a socket, as systemd does."""
    folder.mkdir(parents=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    listening.listen()

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            program = [sys.executable, "-m", "monitors.audit.evidence.signer", str(folder)]
            with connection:
                ends = connection.fileno()
                subprocess.run(program, stdin=ends, stdout=ends, check=True)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


@pytest.fixture
def signer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a signing process that this machine's audits ask."""
    path = tmp_path / "socket"
    monkeypatch.setenv(VARIABLE, str(path))
    with serving(tmp_path / "signer", path):
        yield tmp_path / "signer"


def test_evidence_is_signed_by_the_process_and_no_key_lies_beside_it(
    signer: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    run = audited(state, at=datetime.now(UTC))
    seal(run, state)
    verified = verify(write_package(run, state, {}))
    assert verified.link.record.key == signing_key(signer).public
    assert not (state / FOLDER / "signing.key").exists()
    assert (signer / "chain.jsonl").read_bytes() == (state / FOLDER / "chain.jsonl").read_bytes()


def add(state: Path) -> None:
    now = datetime.now(UTC)
    append(state, estate="lab", label="a", started=now, inputs=INPUTS, root="ab" * 32, leaves=1)


def test_a_chain_that_was_cut_back_is_not_told_again(signer: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / FOLDER).mkdir(parents=True)
    for _ in range(3):
        add(state)
    file = state / FOLDER / "chain.jsonl"
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(SigningError, match="does not follow run 3"):
        add(state)


def test_a_link_that_was_signed_and_not_written_is_written_with_the_next(
    signer: Path, tmp_path: Path
) -> None:
    """A power cut between the two must not end the chain."""
    state = tmp_path / "state"
    (state / FOLDER).mkdir(parents=True)
    for _ in range(2):
        add(state)
    file = state / FOLDER / "chain.jsonl"
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    add(state)
    assert [link.record.number for link in load_chain(state)] == [1, 2, 3]
    assert file.read_bytes() == (signer / "chain.jsonl").read_bytes()


def test_a_signer_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "socket"
    path.touch()
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(SigningError, match="the signer does not answer"):
        sealer(tmp_path)
