"""A small estate of existing servers in a folder, for what is written into it and read from it."""

from datetime import date
from pathlib import Path

from inventory.entries import InventoryHost, Tenant, hosts, tenants
from inventory.load import load_estate
from inventory.model.ssh import Ssh
from monitors.inspection.suggestion.inventory_yaml import Arrival

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVGd9LLALxcgC59Iqr29BGsOFvLrTqQ3VBrGdy4sMpO"
OPS_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMd8P2JV7O+dXdRn8SAsSH+14t5cdXIMPEgNh6KGNYg2"
ESTATE = """\
estate: uprava
title: Okrug Gradac
domain: gradac.example
provider: existing
management: [172.27.10.64/26]
"""
CENTRAL = f"""\
name: Okrug
contacts: [{{name: Ana, duty: operations, email: ana@gradac.example}}]
sites: [{{id: hq, name: Office, network: 10.20.0.0/24, gateway: 10.20.0.1}}]
hosts:
  - id: ops
    site: hq
    address: 10.20.0.10
    host_key: {OPS_KEY}
    roles: [operations, vault]
"""
GRADAC = """\
# The town's own remarks.
municipality: gradac
name: "Gradac"   # with two kinds of quotes
tier: town
country: RS
contacts:
  - {name: Milan, duty: IT administrator, email: it@gradac.example}
sites:
  - id: hall
    name: Hall
    network: 172.27.10.0/26
    gateway: 172.27.10.1
"""


def write_estate(folder: Path, gradac: str = GRADAC, estate: str = ESTATE) -> Path:
    """Write the estate and return its folder."""
    (folder / "municipalities").mkdir(parents=True)
    (folder / "estate.yml").write_text(estate)
    (folder / "central.yml").write_text(CENTRAL)
    (folder / "municipalities" / "gradac.yml").write_text(gradac)
    return folder


def tenant(folder: Path, own_id: str = "gradac") -> Tenant:
    """Return a tenant of the estate in a folder."""
    return next(t for t in tenants(load_estate(folder)) if t.id == own_id)


def host(folder: Path, name: str) -> InventoryHost:
    """Return a host of the estate in a folder."""
    return next(entry for entry in hosts(load_estate(folder)) if entry.name == name)


def arrival(folder: Path, ssh: Ssh | None = None) -> Arrival:
    """Return a host that was read at 172.27.10.25."""
    of_town = tenant(folder)
    return Arrival(
        of_town,
        of_town.content.sites[0],
        "172.27.10.25",
        HOST_KEY,
        ssh or Ssh(user="itadmin", port=2222, sudo="password", sudo_password="env:SUDO"),
        date(2026, 11, 27),
    )
