"""The auditor's key: made once, kept for the owner only, refused when it is not one."""

import base64
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitors.audit.evidence.signing import (
    KEY_FILE,
    SigningError,
    fingerprint,
    is_signed,
    signing_key,
)


def test_a_damaged_key_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(b"-----BEGIN PRIVATE KEY-----\nnonsense")
    with pytest.raises(SigningError, match=KEY_FILE):
        signing_key(tmp_path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / KEY_FILE
    subprocess.run(["openssl", "genrsa", "-out", file, "2048"], check=True, capture_output=True)
    with pytest.raises(SigningError, match="expected an Ed25519 key"):
        signing_key(tmp_path)


def test_many_at_once_make_one_key_for_the_owner_only(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: signing_key(tmp_path / "e").public, range(8)))

    assert len(keys) == 1
    assert (tmp_path / "e" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    # The name stays: under another, every estate would sign with a new key.
    assert [file.name for file in (tmp_path / "e").iterdir()] == ["signing.key"]


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64!", "A" * 88])
def test_what_is_no_signature_is_none(tmp_path: Path, signature: str) -> None:
    assert not is_signed(b"text", signature, signing_key(tmp_path).public)
    assert not is_signed(b"text", signing_key(tmp_path).sign(b"text"), signature)


def test_only_the_signature_and_the_key_as_they_were_written_count(tmp_path: Path) -> None:
    """Base64 with a line break in it reads the same, and is not what was signed."""
    key = signing_key(tmp_path)
    signature = key.sign(b"text")
    assert is_signed(b"text", signature, key.public)
    assert not is_signed(b"text", f"{signature[:40]}\n{signature[40:]}", key.public)
    assert not is_signed(b"text", signature, f"{key.public[:20]}\n{key.public[20:]}")


def test_openssl_agrees_with_a_signature(tmp_path: Path) -> None:
    key = signing_key(tmp_path)
    (tmp_path / "text").write_bytes(b"text")
    (tmp_path / "signature").write_bytes(base64.b64decode(key.sign(b"text")))
    asked = ["openssl", "pkeyutl", "-verify", "-rawin", "-inkey", KEY_FILE, "-in", "text"]
    done = subprocess.run([*asked, "-sigfile", "signature"], cwd=tmp_path, capture_output=True)

    assert b"Verified Successfully" in done.stdout
    assert is_signed(b"text", key.sign(b"text"), key.public)
    assert not is_signed(b"texts", key.sign(b"text"), key.public)


def test_a_fingerprint_can_be_read_aloud(tmp_path: Path) -> None:
    groups = fingerprint(signing_key(tmp_path).public).split(" ")
    assert [len(group) for group in groups] == [8] * 8
