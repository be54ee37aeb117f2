"""Escrow: sealed for every holder, opened by each alone, with nothing but age."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bastide.actions import escrow
from bastide.support.errors import CommandError
from bastide.support.estate import EstateContext
from inventory.model.buckets import Bucket
from inventory.model.escrow import EscrowHolder
from inventory.secrets import SecretError
from tests.bastide.context import environment_of, lab_context
from tests.command import bastide_here

NAMES = ("velgora-app", "velgora-files", "kastrava-app", "aynzuhur-server")


def holder(folder: Path, name: str) -> tuple[EscrowHolder, Path]:
    """A holder with a key of their own."""
    key = folder / f"{name}.txt"
    made = subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True, text=True)
    return EscrowHolder(name=name, key=made.stderr.split()[-1]), key


def held_by(context: EstateContext, *holders: EscrowHolder) -> EstateContext:
    return replace(context, estate=context.estate.model_copy(update={"escrow": holders}))


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    """The lab with a password of each of its four plans."""
    made = lab_context(tmp_path / "state" / "lab")
    (made.state / "secrets").mkdir(parents=True)
    for name in NAMES:
        (made.state / "secrets" / f"restic-{name}").write_text(f"password of {name}\n")
    return made


def test_who_reads_a_bucket_is_sealed_with_the_passwords_and_who_writes_is_not(
    context: EstateContext, tmp_path: Path
) -> None:
    for name in ("reader", "writer"):
        (tmp_path / name).write_text(f"secret of the {name}")
    keys = {
        n: {"access_key": n, "secret_key": f"file:{tmp_path}/{n}"} for n in ("reader", "writer")
    }
    place = {"id": "offsite", "endpoint": "https://s3.example", "bucket": "copies"}
    bucket = Bucket.model_validate({**place, "lock_days": 180, **keys})
    central = context.estate.central.model_copy(update={"second_target": "offsite"})
    towns = [
        town.model_copy(update={"second_target": "offsite"})
        for town in context.estate.municipalities
    ]
    changed = {"buckets": (bucket,), "central": central, "municipalities": tuple(towns)}
    sealed = escrow.document(replace(context, estate=context.estate.model_copy(update=changed)))
    assert sealed["targets"]["velgora-app/permits"].endswith(", offsite https://s3.example/copies")
    assert sealed["buckets"]["offsite"]["secret_key"] == "secret of the reader"
    assert "secret of the writer" not in json.dumps(sealed)
    assert "buckets" not in escrow.document(context)


def test_an_estate_without_holders_says_how_to_get_some(context: EstateContext) -> None:
    with pytest.raises(CommandError, match="age-keygen"):
        escrow.seal(context)


def test_a_password_that_is_not_there_seals_nothing(context: EstateContext, tmp_path: Path) -> None:
    (context.state / "secrets" / "restic-velgora-app").unlink()
    with pytest.raises(SecretError, match="restic-velgora-app"):
        escrow.seal(held_by(context, holder(tmp_path, "mayor")[0]))
    assert not (context.state / "escrow").exists()


def test_without_age_it_says_what_to_install(
    context: EstateContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = holder(tmp_path, "mayor")
    monkeypatch.setattr(escrow, "AGE", "age-that-is-not-there")
    with pytest.raises(CommandError, match="apt-get install age"):
        escrow.seal(held_by(context, one))


def test_each_holder_opens_all_passwords_alone_and_nobody_else_does(
    context: EstateContext, tmp_path: Path
) -> None:
    (mayor, first), (notary, second) = holder(tmp_path, "mayor"), holder(tmp_path, "notary")
    _, stranger = holder(tmp_path, "stranger")
    assert escrow.seal(held_by(context, mayor, notary))
    sealed = context.state / "escrow" / "passwords.age"
    for key in (first, second):
        found = escrow.opened(sealed, key)
        assert found["passwords"]["velgora-app/permits"] == "password of velgora-app"
        assert len(found["passwords"]) == len(NAMES)
        assert found["targets"]["velgora-files/shares"] == "central-vault 10.77.0.11"
    with pytest.raises(CommandError, match="no identity matched"):
        escrow.opened(sealed, stranger)
    assert b"password of" not in sealed.read_bytes()
    assert all(file.stat().st_mode & 0o077 == 0 for file in (context.state / "escrow").iterdir())


def test_it_is_sealed_anew_only_for_other_passwords_or_holders(
    context: EstateContext, tmp_path: Path
) -> None:
    mayor, notary = holder(tmp_path, "mayor")[0], holder(tmp_path, "notary")[0]
    assert escrow.seal(held_by(context, mayor))
    assert not escrow.seal(held_by(context, mayor))
    assert escrow.seal(held_by(context, mayor, notary))
    (context.state / "secrets" / "restic-velgora-app").write_text("another one\n")
    assert escrow.seal(held_by(context, mayor, notary))
    about = json.loads((context.state / "escrow" / "sealed.json").read_text())
    assert "velgora-app/permits" in about["plans"]
    assert "another one" not in json.dumps(about)
    # A hash without salt would be the same for the same passwords, and is tried by the million.
    known, salt = about["scrypt"], about["salt"]
    (context.state / "escrow" / "passwords.age").unlink()
    assert escrow.seal(held_by(context, mayor, notary))
    anew = json.loads((context.state / "escrow" / "sealed.json").read_text())
    assert salt != anew["salt"]
    assert known != anew["scrypt"]


def test_the_command_opens_it_without_an_estate(context: EstateContext, tmp_path: Path) -> None:
    mayor, key = holder(tmp_path, "mayor")
    escrow.seal(held_by(context, mayor))
    sealed = context.state / "escrow" / "passwords.age"
    nowhere = environment_of(context) | {"BASTIDE_ESTATE": "/nonexistent"}
    opening = ("backup", "escrow", "open", str(sealed), "--key", str(key))
    done = bastide_here(*opening, **nowhere)
    assert done.returncode == 0, done.stderr
    assert (
        json.loads(done.stdout)["passwords"]["kastrava-app/permits"] == "password of kastrava-app"
    )
    done = bastide_here(*opening, "--folder", str(tmp_path / "out"), **nowhere)
    assert "password of" not in done.stdout
    file = tmp_path / "out" / "kastrava-app-permits"
    assert file.read_text() == "password of kastrava-app\n"
    assert file.stat().st_mode & 0o077 == 0


def test_what_opens_and_is_no_escrow_is_told(tmp_path: Path) -> None:
    one, key = holder(tmp_path, "mayor")
    other = tmp_path / "other.age"
    sealing: list[str | Path] = ["age", "--recipient", one.key, "-o", other]
    subprocess.run(sealing, input=b"[1]", check=True)
    with pytest.raises(CommandError, match="no escrow of Bastide's"):
        escrow.opened(other, key)
