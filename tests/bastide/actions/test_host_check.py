"""Audits log in once to a host, and never again where a login was refused."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.command import bastide_here
from tests.monitors.audit.collect.ssh_server import new_key
from tests.monitors.shell_server import Quirks, shell_server
from tests.town_estate import OPERATIONS

HOST = "gradac-web"
CONTACTS = [{"name": "Milan", "duty": "IT administrator"}]


@contextmanager
def audited(folder: Path, quirks: Quirks, key: str = "key") -> Iterator[tuple[Path, Path]]:
    """Serve one host at level audit; yield its estate and a state folder."""
    new_key(folder / "other")
    with shell_server(folder, quirks, new_key(folder / "key")) as server:
        way = {"port": server.port, "user": "itadmin", "key": str(folder / key)}
        host: dict[str, object] = {
            "id": "web",
            "site": "hall",
            "address": "127.0.0.1",
            "host_key": server.host_key_line,
            "manage": "audit",
            "ssh": way | {"sudo": "passwordless"},
        }
        yield estate(folder / "estate", host), folder / "state"


def estate(folder: Path, host: dict[str, object]) -> Path:
    """Write an estate with one host beside the machine for operations, which is this one."""
    files: dict[str, dict[str, object]] = {
        "estate.yml": {
            "estate": "okrug",
            "title": "Okrug",
            "domain": "okrug.test",
            "provider": "existing",
            "management": ["192.0.2.0/24"],
        },
        "central.yml": {
            "name": "Okrug",
            "contacts": CONTACTS,
            "sites": [site("hq", "192.0.2.0/24", "192.0.2.1")],
            "hosts": [OPERATIONS],
        },
        "municipalities/gradac.yml": {
            "municipality": "gradac",
            "name": "Gradac",
            "tier": "town",
            "country": "RS",
            "contacts": CONTACTS,
            "sites": [site("hall", "127.0.0.0/24", "127.0.0.9")],
            "hosts": [host],
        },
    }
    (folder / "municipalities").mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content))
    return folder


def site(own_id: str, network: str, gateway: str) -> dict[str, str]:
    return {"id": own_id, "name": own_id, "network": network, "gateway": gateway}


def audit(folder: Path, state: Path) -> tuple[int, str]:
    done = bastide_here(
        *("audit", "run", "--host", HOST), BASTIDE_ESTATE=str(folder), BASTIDE_STATE_HOME=str(state)
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_the_operations_host_reads_with_a_key_of_its_own(tmp_path: Path) -> None:
    """What the inventory says is the administrator's key, which lies on no other machine."""
    quirks = Quirks()
    with audited(tmp_path, quirks, key="administrators-own") as (folder, state):
        variables = {"BASTIDE_ESTATE": str(folder), "BASTIDE_STATE_HOME": str(state)}
        assert "expected a private key in" in audit(folder, state)[1]
        own = ("--key", str(tmp_path / "key"))
        done = bastide_here("audit", "run", "--host", HOST, *own, "--json", **variables)
        assert done.returncode == 1, done.stderr
        assert not json.loads(done.stdout)["run"]["hosts"][0]["problem"]
        looked_at = bastide_here("host", "look", "--all", *own, "--json", **variables)
    (look,) = json.loads(looked_at.stdout)
    assert (look["host"], look["first"]) == (HOST, True)
    assert len(quirks.logins) == 2


def test_a_refused_login_is_tried_once_in_all_audits(tmp_path: Path) -> None:
    quirks = Quirks()
    with audited(tmp_path, quirks, key="other") as (folder, state):
        status, said = audit(folder, state)
        assert len(quirks.logins) == 1
        assert "login refused" in said
        assert "authorized_keys" in said  # with what mends it
        for _ in range(2):
            status, said = audit(folder, state)
            assert "not tried again before something changes" in said
        bastide_here(
            "host", "check", HOST, BASTIDE_ESTATE=str(folder), BASTIDE_STATE_HOME=str(state)
        )
    assert status == 3
    assert len(quirks.logins) == 1


def test_a_wrong_password_of_sudo_is_given_once_in_all_audits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OKRUG_SUDO", "wrong")
    quirks = Quirks(sudo_password="right")
    with audited(tmp_path, quirks) as (folder, state):
        file = folder / "municipalities" / "gradac.yml"
        asks = "sudo: password\n    sudo_password: env:OKRUG_SUDO"
        file.write_text(file.read_text().replace("sudo: passwordless", asks))
        for _ in range(3):
            status, said = audit(folder, state)
            assert "expected sudo to take the password" in said
    assert status == 3
    assert (tmp_path / "sudo.log").read_text().count("asked") == 1


def test_an_audit_logs_in_once(tmp_path: Path) -> None:
    quirks = Quirks()
    with audited(tmp_path, quirks) as (folder, state):
        _, said = audit(folder, state)
    assert len(quirks.logins) == 1
    assert "login refused" not in said
