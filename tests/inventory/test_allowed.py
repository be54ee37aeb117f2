"""What an estate may say although it looks like a mistake; mistakes are in cases/inventory."""

from pathlib import Path

import pytest

from inventory.load import load_estate
from tests.inventory.test_load import edited_lab

ESTATE, CENTRAL = "estate.yml", "central.yml"
VELGORA, KASTRAVA = "municipalities/velgora.yml", "municipalities/kastrava.yml"
APP = "  - id: app\n"
SERVER = "    roles: [web, database]\n"
EDGE = "    roles: [edge, resolver, snmp_agent]\n"
UPS = "  - id: ups\n"
OLD_VAULT = "{id: old, site: centre, address: 10.77.0.98, manage: audit, roles: [vault]}"
STORAGE = "provider: existing, kind: storage, site: hall"


def backup(target: str) -> str:
    return f"{{id: all, target: {target}, paths: [/srv], password: 'generated:all'}}"


def switch(name: str, address: str, intent: str) -> str:
    return f"  - {{id: {name}, kind: switch, site: hall, address: {address}, intent: [{intent}]}}\n"


@pytest.mark.parametrize(
    ("file", "find", "write"),
    [
        pytest.param(file, find, write, id=name)
        for name, file, find, write in (
            (
                "a watched host needs no host key",
                *(KASTRAVA, SERVER, "    provider: existing\n    manage: watch\n"),
            ),
            (
                "this very machine needs no host key",
                KASTRAVA,
                SERVER,
                "    provider: existing\n    connection: local\n    manage: audit\n",
            ),
            (
                "the lab's hosts need no host key",
                *(KASTRAVA, SERVER, "    provider: lab\n    manage: audit\n"),
            ),
            (
                "an existing edge is reached as it is",
                *(
                    KASTRAVA,
                    "    uplink: 10.77.255.12\n",
                    "    provider: existing\n    manage: watch\n",
                ),
            ),
            (
                "an existing device may be of a kind that the lab has not",
                *(KASTRAVA, "kind: ups\n", "kind: storage\n    provider: existing\n"),
            ),
            (
                "an existing device may speak what the lab's cannot",
                KASTRAVA,
                "kind: ups\n",
                "kind: ups\n    provider: existing\n"
                "    snmp: {version: 2c, community: 'env:COMMUNITY'}\n",
            ),
            (
                "two references to one vault",
                KASTRAVA,
                UPS,
                f"  - {{id: one, {STORAGE}, address: 10.77.2.40,\n"
                "     snmp: {auth: 'vault:all.yml#auth', priv: 'vault:all.yml#priv'}}\n"
                f"  - {{id: two, {STORAGE}, address: 10.77.2.41,\n"
                f"     snmp: {{auth: 'vault:all.yml#auth'}}}}\n{UPS}",
            ),
            (
                "a vault at another site of the same tenant keeps its copies",
                CENTRAL,
                "    gateway: 10.77.0.1\nhosts:\n",
                "    gateway: 10.77.0.1\n"
                "  - {id: far, name: Far, network: 10.77.9.0/24, gateway: 10.77.9.1}\nhosts:\n"
                "  - {id: new, site: far, address: 10.77.9.9, "
                f"backups: [{backup('central-vault')}]}}\n",
            ),
            (
                "the classes' former names are read as ever",
                *(VELGORA, "continuity: B", "continuity: important"),
            ),
            (
                "a schedule of its own that keeps the RPO",
                *(VELGORA, 'at: "02:30"', "every_hours: 12"),
            ),
            ("a host that is no edge forwards", KASTRAVA, APP, f"{APP}    forwards: true\n"),
            (
                "a Windows server is watched",
                VELGORA,
                "  - id: files\n",
                "  - id: files\n    system: windows\n    provider: existing\n    manage: watch\n",
            ),
            (
                "an edge forwards what it did while its role is not ours",
                *(KASTRAVA, EDGE, f"{EDGE}    forwards: true\n    manage: baseline\n"),
            ),
            (
                "what is only watched is not backed up yet",
                CENTRAL,
                "  - id: vault\n",
                f"  - {OLD_VAULT}\n  - {{id: new, site: centre, address: 10.77.0.99, "
                f"manage: watch, backups: [{backup('central-old')}]}}\n  - id: vault\n",
            ),
            (
                "where nothing is managed the operations host need not be",
                *(ESTATE, "witness: central-vault\n", "manage: audit\n"),
            ),
            (
                "each host has plans of its own, whatever they are called",
                *(VELGORA, "      - id: shares\n", "      - id: permits\n"),
            ),
            ("the last port of a device", VELGORA, "port: gi1/0/6", 'port: "48"'),
            ("a port called by its name", VELGORA, "port: gi1/0/6", "port: gi1/0/600"),
            ("the number of ports is not known", VELGORA, "    ports: 48\n", ""),
            (
                "a link that one end declares",
                VELGORA,
                UPS,
                switch("attic", "10.77.1.32", "{port: a, neighbour: velgora-switch}") + UPS,
            ),
            (
                "a VLAN that one end declares",
                VELGORA,
                UPS,
                switch("attic", "10.77.1.32", "{port: a, vlan: 7, neighbour: velgora-cellar}")
                + switch("cellar", "10.77.1.33", "{port: a, neighbour: velgora-attic}")
                + UPS,
            ),
            (
                "two cables between two switches in either order",
                VELGORA,
                UPS,
                switch(
                    "attic",
                    "10.77.1.32",
                    "{port: a, vlan: 1, neighbour: velgora-cellar}, "
                    "{port: b, vlan: 2, neighbour: velgora-cellar}",
                )
                + switch(
                    "cellar",
                    "10.77.1.33",
                    "{port: a, vlan: 2, neighbour: velgora-attic}, "
                    "{port: b, vlan: 1, neighbour: velgora-attic}",
                )
                + UPS,
            ),
        )
    ],
)
def test_it_is_well(file: str, find: str, write: str, tmp_path: Path) -> None:
    assert load_estate(edited_lab(tmp_path, {"file": file, "find": find, "write": write}))
