"""The login of Prometheus and Alertmanager is made once, and its hash is always of it."""

from pathlib import Path

import bcrypt
import pytest

from infra import web_login
from inventory.web_login import hash_file, password_file


def test_it_is_made_once_and_differs_everywhere(tmp_path: Path) -> None:
    assert web_login.ensure(tmp_path / "one")
    first = password_file(tmp_path / "one").read_bytes(), hash_file(tmp_path / "one").read_bytes()
    assert not web_login.ensure(tmp_path / "one")
    again = password_file(tmp_path / "one").read_bytes(), hash_file(tmp_path / "one").read_bytes()
    assert again == first
    web_login.ensure(tmp_path / "two")
    assert password_file(tmp_path / "two").read_bytes() != first[0]


@pytest.mark.parametrize("spoilt", [b"", b"no hash", b"$2b$10$" + b"a" * 53, None])
def test_a_hash_that_is_not_of_the_password_is_made_anew(
    tmp_path: Path, spoilt: bytes | None
) -> None:
    web_login.ensure(tmp_path)
    if spoilt is None:
        hash_file(tmp_path).unlink()
    else:
        hash_file(tmp_path).write_bytes(spoilt)
    assert not web_login.ensure(tmp_path)
    password = password_file(tmp_path).read_bytes()
    assert bcrypt.checkpw(password, hash_file(tmp_path).read_bytes())


def test_a_password_that_was_removed_is_another(tmp_path: Path) -> None:
    web_login.ensure(tmp_path)
    before = password_file(tmp_path).read_bytes()
    password_file(tmp_path).unlink()
    assert web_login.ensure(tmp_path)
    after = password_file(tmp_path).read_bytes()
    assert after != before
    assert bcrypt.checkpw(after, hash_file(tmp_path).read_bytes())
