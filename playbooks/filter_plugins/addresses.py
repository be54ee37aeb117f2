"""Addresses for playbooks: where they belong, and how they are written with a port."""

from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import Any

from inventory.authority import authority


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Return whether an address is in one of some networks; what is no address is in none."""
    try:
        own = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    # IPv4 on a socket of IPv6, as sshd may say it.
    own = getattr(own, "ipv4_mapped", None) or own
    return any(own in ip_network(network, strict=False) for network in networks)


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return each filter by the name that playbooks use."""
        return {"authority": authority, "is_within": is_within}
