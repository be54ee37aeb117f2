"""The way in that is left when the team's machines are lost, walked on the lab's own vault."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bastide.support.estate import EstateContext
from inventory.backup_plans import backup_plans
from inventory.entries import hosts
from tests.command import bastide
from tests.lab_ssh import on

pytestmark = pytest.mark.lab

VAULT, OPERATIONS = "central-vault", "central-ops"
SEALED = "/var/lib/bastide/vault/escrow.age"
TOLD = "/var/lib/bastide/lab/escrow"


@dataclass(frozen=True, slots=True)
class Holder:
    """The lab's estate with a holder outside the team, and the key that the holder keeps."""

    estate: Path
    key: Path
    stranger: Path


def made_key(file: Path) -> str:
    """Make a key; return the public half."""
    subprocess.run(["age-keygen", "--output", file], check=True, capture_output=True)
    shown = subprocess.run(["age-keygen", "-y", file], check=True, capture_output=True, text=True)
    return shown.stdout.strip()


@pytest.fixture
def holder(lab: EstateContext, tmp_path: Path) -> Iterator[Holder]:
    estate = tmp_path / "lab"
    shutil.copytree(lab.folder, estate)
    key, stranger = tmp_path / "holder.key", tmp_path / "stranger.key"
    named = f"escrow: [{{name: The notary of Velgora, key: {made_key(key)}}}]\n"
    made_key(stranger)
    file = estate / "estate.yml"
    file.write_text(file.read_text() + named)
    try:
        yield Holder(estate, key, stranger)
    finally:
        shutil.rmtree(lab.state / "escrow", ignore_errors=True)
        on(lab, VAULT, f"rm -f {SEALED}")
        on(lab, OPERATIONS, f"rm -rf {TOLD}")


def test_every_repository_of_the_vault_opens_with_the_holders_key_and_no_other(
    lab: EstateContext, holder: Holder
) -> None:
    estate = ("--estate", str(holder.estate))
    plans = [f"{e.name}/{plan.id}" for e in hosts(lab.estate) for plan in backup_plans(e)]
    sealed = bastide("backup", "escrow", "seal", *estate)
    assert sealed.returncode == 0, sealed.stderr

    by_stranger = bastide("backup", "escrow", "drill", *estate, "--key", str(holder.stranger))
    by_holder = bastide("backup", "escrow", "drill", *estate, "--key", str(holder.key), "--json")

    assert by_stranger.returncode != 0
    assert by_holder.returncode == 0, by_holder.stderr
    (drilled,) = json.loads(by_holder.stdout)
    assert sorted(one["plan"] for one in drilled["tried"]) == sorted(plans)
    assert on(lab, VAULT, f"stat -c %U:%a {SEALED}").strip() == "root:600"
    told = on(lab, OPERATIONS, f"cat {TOLD}/*")
    for file in (lab.state / "secrets").glob("restic-*"):
        assert file.read_text().strip() not in told
