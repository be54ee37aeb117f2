"""A small city's estate: one server that nobody of ours made, and nobody at the desk."""

from pathlib import Path
from typing import Any

import yaml

from tests.bastide.estates import host_key
from tests.strange_town.processes import run
from tests.virtual_machine import network
from tests.virtual_machine.image import ADMINISTRATOR, HOSTNAME, PASSWORD
from tests.virtual_machine.machine import Machine

MUNICIPALITY = "kamen"
HOST = f"{MUNICIPALITY}-{HOSTNAME}"
SECRET = "BASTIDE_VM_SUDO"
CONTACTS = [{"name": "Ana", "duty": "IT administrator", "email": "it@kamen.example"}]


def written(folder: Path, machine: Machine) -> dict[str, str]:
    """Write the estate without the server; return the variables with which commands take it.

    One that is there is left as it is.
    """
    variables = {
        "BASTIDE_ESTATE": str(folder / "estate"),
        "BASTIDE_STATE_HOME": str(folder / "state"),
        SECRET: PASSWORD,
    }
    if (folder / "estate").exists():
        return variables
    (folder / "estate" / "municipalities").mkdir(parents=True)
    for file, content in (
        ("estate.yml", _estate(machine)),
        ("central.yml", _central()),
        (f"municipalities/{MUNICIPALITY}.yml", _municipality()),
    ):
        path = folder / "estate" / file
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return variables


def adopted(machine: Machine) -> tuple[str, ...]:
    """Return the words with which the server is adopted; its host key was compared beforehand."""
    shown = run("ssh-keygen", "-lf", "-", stdin=machine.image.host_key.encode())
    return (
        *("host", "adopt", network.ADDRESS, "--municipality", MUNICIPALITY, "--write"),
        *("--user", ADMINISTRATOR, "--key", str(machine.image.login_key)),
        *("--sudo", "password", "--sudo-password", f"env:{SECRET}"),
        *("--host-key", shown.split()[1]),
    )


def _estate(machine: Machine) -> dict[str, Any]:
    key = machine.image.login_key.with_suffix(".pub").read_text(encoding="ascii").split()[:2]
    return {
        "estate": "kamen",
        "title": "Kamen",
        "domain": "kamen.test",
        "provider": "existing",
        "management": [network.NETWORK],
        "administrators": [
            {
                "name": "Ana",
                "login": ADMINISTRATOR,
                "contact": CONTACTS[0]["email"],
                "keys": [" ".join(key)],
            }
        ],
    }


def _central() -> dict[str, Any]:
    return {
        "name": "Operations",
        "contacts": CONTACTS,
        "sites": [{"id": "hq", "name": "Desk", "network": "192.0.2.0/24", "gateway": "192.0.2.1"}],
        "hosts": [
            {
                "id": "ops",
                "site": "hq",
                "address": "192.0.2.10",
                "manage": "full",
                "roles": ["operations"],
                "host_key": host_key(0),
            }
        ],
    }


def _municipality() -> dict[str, Any]:
    site = {"id": "hall", "name": "Hall", "network": network.NETWORK, "gateway": network.GATEWAY}
    return {
        "municipality": MUNICIPALITY,
        "name": "Kamen",
        "tier": "city",  # every control of the table is for a city
        "country": "RS",
        "contacts": CONTACTS,
        "sites": [site],
        "hosts": [],
    }
