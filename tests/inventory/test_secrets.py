"""Secrets are found where their references point, and are only their owner's to read."""

import stat
from pathlib import Path

import pytest

from inventory.load import find_estate, load_estate
from inventory.secrets import SecretError, ensure_generated, resolve


def test_a_secret_that_is_not_there_names_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="bastide infra up"):
        resolve("generated:nothing", tmp_path)
    with pytest.raises(SecretError, match="BASTIDE_NOT_SET"):
        resolve("env:BASTIDE_NOT_SET", tmp_path)
    with pytest.raises(SecretError, match="/nowhere/secret"):
        resolve("file:/nowhere/secret", tmp_path)


def test_generated_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    estate = load_estate(find_estate("lab"))
    made = ensure_generated(estate, tmp_path)
    first = [resolve(reference, tmp_path) for reference in made]
    assert ensure_generated(estate, tmp_path) == ()
    assert [resolve(reference, tmp_path) for reference in made] == first
    assert len(set(first)) == len(first)


def test_generated_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    ensure_generated(load_estate(find_estate("lab")), tmp_path)
    for file in (tmp_path / "secrets").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
