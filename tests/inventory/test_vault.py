"""A value out of an ansible-vault file; no error repeats anything decrypted."""

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from inventory.vault import PASSWORD_FILE, VaultError, read_value

PASSWORD = "correct horse"
COMMUNITY = "00123-battery-staple"


def encrypted(folder: Path, text: str) -> Path:
    """A file encrypted by Ansible's own program, and the file with its password."""
    file = folder / "secrets.yml"
    file.write_text(ciphertext(text))
    (folder / "password").write_text(PASSWORD)
    return file


@lru_cache
def ciphertext(text: str) -> str:
    """What Ansible's own program, which takes a second to start, makes of a text."""
    program = Path(sys.executable).parent / "ansible-vault"
    with TemporaryDirectory() as folder:
        key = Path(folder) / "password"
        key.write_text(PASSWORD)
        done = subprocess.run(
            [str(program), "encrypt"],
            input=text,
            text=True,
            check=True,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C.UTF-8", PASSWORD_FILE: str(key)},
        )
    return done.stdout


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(PASSWORD_FILE, str(tmp_path / "password"))
    return encrypted(tmp_path, f"community: {COMMUNITY}\nnested: {{a: {COMMUNITY}}}\n")


def refused(file: Path, key: str = "community") -> str:
    with pytest.raises(VaultError) as caught:
        read_value(file, key)
    chain: BaseException | None = caught.value
    while chain:
        assert COMMUNITY not in str(chain)
        assert PASSWORD not in str(chain)
        chain = chain.__cause__
    return str(caught.value)


def test_without_a_password_the_variable_is_named(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD_FILE)
    assert f"{PASSWORD_FILE} is not set" in refused(vault)


def test_a_password_file_that_is_not_there_is_named(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_FILE, "/nowhere/password")
    assert "/nowhere/password" in refused(vault)


def test_a_wrong_password_is_named_as_such(vault: Path) -> None:
    (vault.parent / "password").write_text("wrong")
    assert "the password in" in refused(vault)


def test_a_damaged_file_is_named_as_such(vault: Path) -> None:
    text = vault.read_text()
    vault.write_text(text[:200] + ("0" if text[200] != "0" else "1") + text[201:])
    assert "damaged" in refused(vault)


def test_without_ansible_it_is_said_where_it_is(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ansible.parsing.vault", None)
    assert "Ansible is not installed here" in refused(vault)


def test_a_file_in_the_open_is_refused(vault: Path) -> None:
    vault.write_text(f"community: {COMMUNITY}\n")
    assert "is not encrypted; run `ansible-vault encrypt" in refused(vault)


def test_a_missing_file_and_a_missing_key_are_named(vault: Path) -> None:
    assert "/nowhere/vault.yml: No such file" in refused(Path("/nowhere/vault.yml"))
    assert "no key 'comunity'" in refused(vault, "comunity")


def test_a_value_that_is_no_text_is_refused(vault: Path) -> None:
    assert "nested: expected one text" in refused(vault, "nested")


@pytest.mark.parametrize("text", [f"{COMMUNITY}\n", f"- {COMMUNITY}\n", f"a: [{COMMUNITY}\n", "\n"])
def test_what_is_no_mapping_is_refused_unquoted(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_FILE, str(tmp_path / "password"))
    assert "decrypted, but" in refused(encrypted(tmp_path, text))


def test_digits_keep_their_zeros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_FILE, str(tmp_path / "password"))
    assert read_value(encrypted(tmp_path, "community: 00123\n"), "community") == "00123"


def test_the_value_is_what_was_encrypted_and_follows_the_file(vault: Path) -> None:
    assert read_value(vault, "community") == COMMUNITY
    encrypted(vault.parent, "community: changed\n")
    assert read_value(vault, "community") == "changed"
