"""An estate for the strange town, as its administrator would write it."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from tests.strange_town.town import Town, TownHost

NAME = "gradac"
PASSWORD = "BASTIDE_TOWN_SUDO"
HOSTS = ("jump", "web", "files", "new", "bare")
NOTHING: Mapping[str, Any] = MappingProxyType({})
CONTACTS = [{"name": "IT desk", "duty": "administrator", "email": "it@gradac.example"}]
OPERATIONS: dict[str, object] = {
    "id": "ops",
    "site": "hq",
    "address": "192.0.2.10",
    "connection": "local",
    "manage": "watch",
    "roles": ["operations"],
}
"""The machine for operations: this one, of which nothing is asked."""


def town_estate(
    folder: Path,
    town: Town,
    *,
    hosts: Iterable[str] = HOSTS,
    estate: Mapping[str, Any] = NOTHING,
    changes: Mapping[str, Mapping[str, Any]] = NOTHING,
    ssh: Mapping[str, Mapping[str, Any]] = NOTHING,
    front: str = "",
    operations: Mapping[str, object] = OPERATIONS,
) -> Path:
    """Write an estate with hosts of the town at level audit, and this machine for operations.

    `changes` are keys of a host by its name, `ssh` keys of its way in, `front` a network that
    stands for the town's own, `operations` the machine for operations, in place of this one. The
    password of sudo is in the environment, as PASSWORD.
    """
    written = [_host(town, town.hosts[name], dict(ssh.get(name, {}))) for name in hosts]
    for host in written:
        host |= dict(changes.get(host["id"], {}))
    (folder / "municipalities").mkdir(parents=True)
    _write(folder / "estate.yml", _estate(town) | dict(estate))
    _write(folder / "central.yml", _central(operations))
    _write(folder / "municipalities" / f"{NAME}.yml", _municipality(town, written, front))
    return folder


def environment(folder: Path, state: Path, **more: str) -> dict[str, str]:
    """Return the environment in which commands take this estate and a state of its own."""
    return {"BASTIDE_ESTATE": str(folder), "BASTIDE_STATE_HOME": str(state), **more}


def password(town: Town) -> dict[str, str]:
    """Return the variable with web's password for sudo."""
    return {PASSWORD: town.hosts["web"].password}


def _host(town: Town, facts: TownHost, ssh: Mapping[str, Any]) -> dict[str, Any]:
    inside = facts.jump is not None
    way: dict[str, Any] = {"user": facts.user, "port": facts.port, "key": str(town.key)}
    way |= {"sudo": facts.sudo if facts.sudo != "root" else "none"}
    if facts.sudo == "password":
        way |= {"sudo_password": f"env:{PASSWORD}"}
    if facts.jump:
        way |= {"jump": f"{NAME}-{facts.jump}"}
    return {
        "id": facts.name,
        "site": "inside" if inside else "front",
        "address": facts.address,
        "host_key": next(key for key in facts.host_keys if key.startswith("ssh-ed25519")),
        "ssh": way | dict(ssh),
    }


def _estate(town: Town) -> dict[str, Any]:
    return {
        "estate": "gradac",
        "title": "Gradac",
        "domain": "gradac.test",
        "provider": "existing",
        "manage": "audit",
        "management": [town.network],
    }


def _central(operations: Mapping[str, object]) -> dict[str, Any]:
    return {
        "name": "Operations",
        "contacts": CONTACTS,
        "sites": [{"id": "hq", "name": "Desk", "network": "192.0.2.0/24", "gateway": "192.0.2.1"}],
        "hosts": [dict(operations)],
    }


def _municipality(town: Town, hosts: list[dict[str, Any]], network: str) -> dict[str, Any]:
    front, inside = IPv4Network(network or town.network), IPv4Network(town.inside)
    return {
        "municipality": NAME,
        "name": "Gradac",
        "tier": "town",
        "country": "RS",
        "contacts": CONTACTS,
        "sites": [
            _site("front", "Front", front, gateway=1),
            _site("inside", "Inside", inside, gateway=10),
        ],
        "hosts": hosts,
    }


def _site(own_id: str, name: str, network: IPv4Network, gateway: int) -> dict[str, Any]:
    return {"id": own_id, "name": name, "network": str(network), "gateway": str(network[gateway])}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False))
