"""Small estates for tests of the command, as `bastide init` and a person make them."""

from base64 import b64encode
from hashlib import sha256
from ipaddress import ip_network
from itertools import count
from pathlib import Path

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.paths import SHIPPED_ESTATES
from tests.command import bastide_here

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
TEMPLATE_NETWORK = "10.10.0."


def put_host_keys(estate: Path) -> None:
    """Do what the README asks a person to do: put a host key to every host."""
    numbers = count()
    for file in [estate / "central.yml", *sorted((estate / "municipalities").glob("*.yml"))]:
        first, *rest = file.read_text().split("    roles:")
        parts = (f"    host_key: {host_key(next(numbers))}\n    roles:{part}" for part in rest)
        file.write_text("".join((first, *parts)))


def host_key(number: int) -> str:
    """Return an SSH host key of its own for each number."""
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0 " + sha256(str(number).encode()).digest()
    return f"ssh-ed25519 {b64encode(blob).decode()}"


def new_estate(folder: Path, *, network: str = TEMPLATE_NETWORK, tier: str = "village") -> Path:
    """Return an estate of existing hosts, finished and with one municipality, `gornjilug`."""
    assert bastide_here("init", str(folder)).returncode == 0
    for name in ("estate.yml", "central.yml"):
        file = folder / name
        file.write_text(file.read_text().replace(TEMPLATE_NETWORK, network))
    add = ("municipality", "add", "Gornji Lug", "--tier", tier, "--estate", str(folder))
    assert bastide_here(*add).returncode == 0
    put_host_keys(folder)
    return folder


def with_more_networks(municipality: str, *networks: str) -> Estate:
    """Return the lab's estate with further networks at the first site of a municipality."""
    estate = load_estate(SHIPPED_ESTATES / "lab")
    place = [m.municipality for m in estate.municipalities].index(municipality)
    first, *others = estate.municipalities[place].sites
    site = first.model_copy(update={"more_networks": tuple(map(ip_network, networks))})
    changed = list(estate.municipalities)
    changed[place] = changed[place].model_copy(update={"sites": (site, *others)})
    return estate.model_copy(update={"municipalities": tuple(changed)})
