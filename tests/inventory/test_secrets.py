"""Secrets are found where their references point, and are only their owner's to read."""

import stat
from pathlib import Path

import pytest

from inventory.load import find_estate, load_estate
from inventory.model.snmp_access import SnmpAccess
from inventory.scalars import ESTATE_FOLDER, SECRET_FIELDS
from inventory.schema import schema
from inventory.secrets import (
    SecretError,
    ensure_generated,
    handed_name,
    references,
    resolve,
    resolve_at_source,
    unresolved,
)
from inventory.vault import PASSWORD_FILE
from tests.inventory.test_vault import encrypted


def test_a_secret_that_is_not_there_names_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="bastide infra up"):
        resolve("generated:nothing", tmp_path)
    with pytest.raises(SecretError, match="BASTIDE_NOT_SET"):
        resolve("env:BASTIDE_NOT_SET", tmp_path)
    with pytest.raises(SecretError, match="/nowhere/secret"):
        resolve("file:/nowhere/secret", tmp_path)


def test_a_file_without_a_secret_in_it_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(SecretError, match="is empty"):
        resolve(f"file:{tmp_path / 'empty'}", tmp_path)
    with pytest.raises(SecretError, match="not UTF-8"):
        resolve(f"file:{tmp_path / 'binary'}", tmp_path)


def test_a_vault_that_cannot_be_opened_is_reported_with_the_reference(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match=r"vault:/nowhere/v\.yml#key: cannot read"):
        resolve("vault:/nowhere/v.yml#key", tmp_path)


def test_a_vaults_file_is_relative_to_the_estates_folder(tmp_path: Path) -> None:
    def read(reference: str) -> str | None:
        data = {"version": "2c", "community": reference}
        return SnmpAccess.model_validate(data, context={ESTATE_FOLDER: tmp_path}).community

    assert read("vault:secrets.yml#key") == f"vault:{tmp_path}/secrets.yml#key"
    assert read("vault:/srv/secrets.yml#key") == "vault:/srv/secrets.yml#key"


def test_what_was_handed_over_takes_the_place_of_vault_and_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reference in ("vault:/not/here/secrets.yml#community", "env:BASTIDE_COMMUNITY"):
        file = tmp_path / handed_name(reference)
        file.parent.mkdir(exist_ok=True)
        file.write_text("handed")
        assert resolve(reference, tmp_path) == "handed"
        with pytest.raises(SecretError):
            resolve_at_source(reference, tmp_path)
    monkeypatch.setenv("BASTIDE_COMMUNITY", "set here")
    assert resolve("env:BASTIDE_COMMUNITY", tmp_path) == "set here"


def test_the_name_of_what_is_handed_over_is_the_same_wherever_the_estate_is() -> None:
    here, there = "vault:/home/me/estate/s.yml#key", "vault:/etc/bastide/estate/s.yml#key"
    assert handed_name(here) == handed_name(there) == "secrets/_vault.s.yml.key"
    assert handed_name("env:KEY") == "secrets/_env.KEY"


def test_a_vaults_value_is_read_and_what_is_missing_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_FILE, str(tmp_path / "password"))
    file = encrypted(tmp_path, "community: from the vault\n")
    assert resolve(f"vault:{file}#community", tmp_path) == "from the vault"
    lab = load_estate(find_estate("lab"))
    broken = SnmpAccess(version="1", community="env:BASTIDE_NOT_SET")  # type: ignore[arg-type]
    estate = lab.model_copy(update={"snmp": broken})
    assert [text.partition(":")[0] for text in unresolved(estate, tmp_path)] == ["env"]
    assert references(estate)[0] == "env:BASTIDE_NOT_SET"
    assert "generated:snmp-auth" not in references(estate)


def test_every_field_that_takes_a_reference_is_known_as_one() -> None:
    fields = {
        name
        for definition in schema()["$defs"].values()
        for name, field in definition.get("properties", {}).items()
        for shape in (field, *field.get("anyOf", ()))
        if "vault:" in shape.get("pattern", "")
    }
    assert fields == SECRET_FIELDS


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


def test_the_password_of_a_repository_in_use_is_never_made_anew(tmp_path: Path) -> None:
    estate = load_estate(find_estate("lab"))
    ensure_generated(estate, tmp_path)
    key = tmp_path / "ssh" / "backup" / "velgora-app-permits.pub"
    key.parent.mkdir(parents=True)
    key.write_text("ssh-ed25519 AAAA")
    password = tmp_path / "secrets" / "restic-velgora-app"
    password.unlink()
    other = tmp_path / "secrets" / "restic-velgora-files"
    other.unlink()
    with pytest.raises(SecretError, match="nothing else opens the repository of velgora-app perm"):
        ensure_generated(estate, tmp_path)
    assert not password.exists()
    assert not other.exists(), "nothing is made by half"
    key.unlink()
    assert ensure_generated(estate, tmp_path) == (
        "generated:restic-velgora-app",
        "generated:restic-velgora-files",
    )
