"""escrow_drill.yml on real repositories: it uses the vault's file and a holder's key alone."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook
from tests.playbooks.repositories import make_repository

PASSWORDS = {"app/permits": "correct horse battery", "files/shares": "another horse battery"}
INVENTORY = """
vault:
  hosts:
    vault:
      ansible_connection: local
      bastide_state: FOLDER/state
      bastide_backup_clients: [{name: app, plan: permits}, {name: files, plan: shares}]
"""


class Vault:
    """A vault on this machine with two repositories, and the escrow of their passwords."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, folder / "key.txt"
        made = subprocess.run(
            ["age-keygen", "-o", self.key], check=True, capture_output=True, text=True
        )
        self.recipient = made.stderr.split()[-1]
        for name, password in PASSWORDS.items():
            make_repository(folder / "backups" / name, password)
        self.seal(PASSWORDS)

    def seal(self, passwords: dict[str, str]) -> None:
        text = json.dumps({"passwords": passwords, "targets": {}})
        sealing: list[str | Path] = [
            "age",
            "--armor",
            "--recipient",
            self.recipient,
            "-o",
            self.folder / "escrow.age",
        ]
        subprocess.run(sealing, input=text.encode(), check=True)

    def drill(self, key: Path) -> tuple[int, str]:
        """Run the playbook's own play here; return how it ended and all that it showed."""
        play: dict[str, Any] = yaml.safe_load((PLAYBOOKS / "escrow_drill.yml").read_text())[-1]
        play["vars"]["escrow_file"] = str(self.folder / "escrow.age")
        play["vars"]["escrow_repositories"] = str(self.folder / "backups")
        (self.folder / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
        hosts = self.folder / "hosts.yml"
        hosts.write_text(INVENTORY.replace("FOLDER", str(self.folder)))
        python = "ansible_python_interpreter=/usr/bin/python3"
        done = ansible_playbook(
            *(
                self.folder / "play.yml",
                "-i",
                hosts,
                "-vv",
                "-e",
                python,
                "-e",
                f"escrow_key={key}",
            ),
            ANSIBLE_INVENTORY_ENABLED="yaml",
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def result(self) -> dict[str, Any]:
        saved: dict[str, Any] = json.loads(
            (self.folder / "state" / "escrow" / "drill-vault.json").read_text()
        )
        return saved


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


def test_a_key_of_nobody_opens_nothing(vault: Vault) -> None:
    other = vault.folder / "other.txt"
    subprocess.run(["age-keygen", "-o", other], check=True, capture_output=True)
    returned, _ = vault.drill(other)
    assert returned == 2
    assert not (vault.folder / "state").exists()


@pytest.mark.parametrize(
    "sealed",
    [
        pytest.param(PASSWORDS | {"files/shares": "the one before"}, id="changed since"),
        pytest.param({"app/permits": PASSWORDS["app/permits"]}, id="not in it"),
    ],
)
def test_a_repository_that_it_does_not_open_is_named_and_no_password_shown(
    sealed: dict[str, str], vault: Vault
) -> None:
    vault.seal(sealed)
    returned, shown = vault.drill(vault.key)
    assert returned == 2
    assert "the escrow does not open files/shares" in shown
    assert "horse" not in shown
    assert [(one["plan"], one["rc"] == 0) for one in vault.result["tried"]] == [
        ("app/permits", True),
        ("files/shares", False),
    ]


def test_every_repository_is_opened_by_the_holders_key_alone(vault: Vault) -> None:
    returned, shown = vault.drill(vault.key)
    assert returned == 0, shown
    assert "horse" not in shown
    assert [one["rc"] for one in vault.result["tried"]] == [0, 0]
    assert vault.result["vault"] == "vault"


def test_what_is_put_on_a_vault_is_roots_alone(tmp_path: Path) -> None:
    (tmp_path / "state" / "escrow").mkdir(parents=True)
    (tmp_path / "state" / "escrow" / "passwords.age").write_text("sealed")
    text = (PLAYBOOKS / "escrow.yml").read_text().replace("/var/lib/bastide", str(tmp_path))
    (tmp_path / "play.yml").write_text(yaml.safe_dump([yaml.safe_load(text)[1]], sort_keys=False))
    (tmp_path / "hosts.yml").write_text(INVENTORY.replace("FOLDER", str(tmp_path)))
    for changed in (2, 0):
        done = ansible_playbook(
            *(tmp_path / "play.yml", "-i", tmp_path / "hosts.yml"),
            *("-e", "ansible_python_interpreter=/usr/bin/python3"),
            ANSIBLE_INVENTORY_ENABLED="yaml",
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"changed={changed} " in done.stdout
    installed = tmp_path / "vault" / "escrow.age"
    assert installed.read_text() == "sealed"
    assert (installed.stat().st_uid, installed.stat().st_mode & 0o777) == (0, 0o600)
