"""The packages that hosts get and lose."""

import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitors.audit.checks.test_packages import CLEAR_TEXT
from tests.playbooks.ansible import PLAYBOOKS, ROLES, ansible_playbook

CASES = Path(__file__).parent / "cases" / "packages"
ACTION = runpy.run_path(str(PLAYBOOKS / "action_plugins" / "debian_packages.py"))
# Held, left with its settings, half installed: only what is installed counts as there.
LISTING = ("ii  chrony", "hi  unbound", "rc  nftables", "iU  iproute2", "un  telnet", "ii  nis")


def defaults(role: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text()))


def test_what_is_removed_is_what_the_audit_looks_for() -> None:
    assert set(defaults("packages")["packages_unwanted"]) == set(CLEAR_TEXT.split())


def test_no_role_asks_for_a_package_that_must_not_be_there() -> None:
    unwanted = set(defaults("packages")["packages_unwanted"])
    for path in ROLES.iterdir():
        table = path / "defaults" / "main.yml"
        wanted = defaults(path.name).get(f"{path.name}_packages", []) if table.exists() else []
        assert not unwanted & set(wanted), path.name


def test_only_what_is_missing_is_installed_and_what_is_there_removed() -> None:
    there = ACTION["installed"](LISTING)

    assert there == {"chrony", "unbound", "nis"}
    assert ACTION["missing"](["unbound", "nftables", "iproute2", "chrony"], there) == [
        "iproute2",
        "nftables",
    ]
    assert ACTION["unwanted"](["telnet", "nis"], there) == ["nis"]


@pytest.mark.parametrize("play", ["choose", "apply"])
def test_a_host_gets_the_packages_of_its_roles(play: str) -> None:
    done = ansible_playbook(CASES / f"{play}.yml", "-i", "localhost,")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("role", ["base", "firewall", "time", "resolver", "snmp_agent"])
def test_a_role_names_its_packages(role: str) -> None:
    assert defaults(role)[f"{role}_packages"]
