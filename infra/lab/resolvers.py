"""The DNS servers that this machine itself uses; lab hosts start with the same ones."""

from ipaddress import IPv4Address
from pathlib import Path

from infra.errors import failed

# The second is where systemd-resolved keeps the real servers when the first names its own stub.
FILES = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


def resolvers(files: tuple[Path, ...] = FILES) -> tuple[IPv4Address, ...]:
    """Return the IPv4 name servers that a lab host can reach; InfraError when there is none."""
    for file in files:
        servers = _servers(file.read_text(encoding="utf-8")) if file.exists() else ()
        if servers:
            return servers
    raise failed(
        "name servers",
        expected="an IPv4 `nameserver` that is not on loopback",
        found=f"none in {', '.join(map(str, files))}",
        advice="name one in /etc/resolv.conf",
    )


def _servers(text: str) -> tuple[IPv4Address, ...]:
    words = (line.split() for line in text.splitlines())
    values = [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"]
    addresses = [IPv4Address(value) for value in values if ":" not in value]
    return tuple(address for address in addresses if not address.is_loopback)
