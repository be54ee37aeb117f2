"""Evidence is kept as it came, hashed here and signed; a host that lies about it gains nothing."""

import base64
import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bastide.actions import incident
from bastide.actions.incident import EvidenceError, keep

STARTED = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)
RUN = "20261127T023000Z-3fa9"


def archive(files: dict[str, bytes], notes: dict[str, str] | None = None) -> bytes:
    steps = [{"file": name, "note": (notes or {}).get(name, "")} for name in files]
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz") as tar:
        for name, content in {**files, "collection.json": json.dumps(steps).encode()}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return output.getvalue()


def kept(folder: Path, content: bytes) -> tuple[incident.Evidence, dict[str, Any]]:
    text = base64.encodebytes(content).decode()
    evidence = keep(text, folder / "incidents", folder, "velgora-app", RUN, STARTED)
    return evidence, json.loads((evidence.folder / "manifest.json").read_text())


def test_the_archive_is_kept_byte_for_byte_with_the_hash_of_each_file(tmp_path: Path) -> None:
    content = archive({"sockets.txt": b"tcp", "empty": b""}, {"empty": "exit 1"})
    evidence, manifest = kept(tmp_path, content)

    assert evidence.folder == tmp_path / "incidents" / "velgora-app" / RUN
    assert (evidence.folder / "evidence.tar.gz").read_bytes() == content
    assert manifest["archive"]["sha256"] == hashlib.sha256(content).hexdigest()
    first, second, _ = manifest["files"]
    assert first == {
        "name": "sockets.txt",
        "bytes": 3,
        "sha256": hashlib.sha256(b"tcp").hexdigest(),
    }
    assert (second["name"], second["bytes"]) == ("empty", 0)
    assert manifest["started"] == "2026-11-27T02:30:00+00:00"
    assert evidence.missing == tuple(manifest["missing"]) == ("empty: exit 1",)


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    evidence, _ = kept(tmp_path, archive({"a": b"a"}))
    assert evidence.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in evidence.folder.iterdir()} == {0o600}


def test_openssl_verifies_the_signature_and_refuses_a_changed_manifest(tmp_path: Path) -> None:
    evidence, _ = kept(tmp_path, archive({"a": b"a"}))

    def verify() -> str:
        command = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin"
        return subprocess.run(
            [*command.split(), "-in", "manifest.json", "-sigfile", "manifest.sig"],
            cwd=evidence.folder,
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    assert "Verified Successfully" in verify()
    manifest = evidence.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("velgora", "kastrava"))
    assert "Verified Successfully" not in verify()


def test_evidence_is_never_overwritten(tmp_path: Path) -> None:
    kept(tmp_path, archive({"a": b"a"}))
    with pytest.raises(FileExistsError):
        kept(tmp_path, archive({"a": b"b"}))


@pytest.mark.parametrize("text", ["", "no base64!", "YQ"])
def test_what_is_no_archive_is_refused_and_nothing_kept(text: str, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError):
        keep(text, tmp_path / "incidents", tmp_path, "velgora-app", RUN, STARTED)
    assert not (tmp_path / "incidents").exists()


@pytest.mark.parametrize(
    "content",
    [
        archive({"a": b"a" * 9999})[:60],
        b"no gzip",
        gzip.compress(b"no tar"),
        archive({"a": b"a"})[:-12] + b"damaged data",
    ],
    ids=["cut off", "no gzip", "no tar", "damaged"],
)
def test_a_damaged_archive_is_kept_and_said_to_be_one(content: bytes, tmp_path: Path) -> None:
    evidence, manifest = kept(tmp_path, content)
    assert (evidence.folder / "evidence.tar.gz").read_bytes() == content
    assert any("damaged" in line or "has no" in line for line in evidence.missing), manifest


def test_an_archive_that_grows_without_end_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incident, "MOST_BYTES", 1000)
    evidence, manifest = kept(tmp_path, archive({"a": b"a" * 900, "b": b"b" * 900}))
    assert [file["name"] for file in manifest["files"]] == ["a"]
    assert evidence.missing == ("not read to its end: b",)


def test_names_and_notes_of_the_host_cannot_steer_a_terminal(tmp_path: Path) -> None:
    evidence, manifest = kept(tmp_path, archive({"\x1b[2Ja": b""}, {"\x1b[2Ja": "\x1b]0;\x07"}))
    assert evidence.missing == ("\\x1b[2Ja: \\x1b]0;\\x07",)
    assert manifest["files"][0]["name"] == "\\x1b[2Ja"


@pytest.mark.parametrize("contents", [b"nonsense", b"[1]", b'[{"file": 1}]', b"[" * 5000])
def test_a_table_of_contents_that_is_none_is_said(contents: bytes, tmp_path: Path) -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz") as tar:
        entry = tarfile.TarInfo("collection.json")
        entry.size = len(contents)
        tar.addfile(entry, io.BytesIO(contents))
    evidence, _ = kept(tmp_path, output.getvalue())
    assert evidence.missing == ("collection.json cannot be read",)
