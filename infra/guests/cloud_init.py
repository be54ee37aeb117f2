"""The documents that cloud-init's data source NoCloud reads at a machine's first boot.

https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
"""

from collections.abc import Mapping
from typing import Any

import yaml

from infra.guests.guest import Guest, Interface, hardware_address
from infra.ssh_keys import KeyPair

ROOT = "root"
FORWARDING = "net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.forwarding = 1\n"
FORWARDING_FILE = "/etc/sysctl.d/10-forwarding.conf"
# It has done its work: whoever can attach a disk to the machine must not give it accounts later.
NEVER_AGAIN = "/etc/cloud/cloud-init.disabled"


def documents(guest: Guest, host_key: KeyPair) -> Mapping[str, str]:
    """Return the seed's files by name; `user-data` holds the private host key."""
    return {
        "meta-data": _yaml({"instance-id": guest.identity, "local-hostname": guest.hostname}),
        "user-data": "#cloud-config\n" + _yaml(_user_data(guest, host_key)),
        "network-config": _yaml(_network(guest)),
    }


def _user_data(guest: Guest, host_key: KeyPair) -> dict[str, Any]:
    """Its host key is given, so that it can be pinned before it answers; others are not made."""
    data: dict[str, Any] = {
        "hostname": guest.hostname,
        "manage_etc_hosts": True,
        "ssh_pwauth": False,
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": host_key.private, "ed25519_public": host_key.public},
        **_login(guest),
        "runcmd": [["touch", NEVER_AGAIN]],
    }
    if guest.forward:
        data["write_files"] = [{"path": FORWARDING_FILE, "content": FORWARDING}]
        data["runcmd"] = [["sysctl", "--system"], *data["runcmd"]]
    return data


def _login(guest: Guest) -> dict[str, Any]:
    """The image's own default account is not made: nobody would look after it."""
    keys = list(guest.authorized_keys)
    if guest.user == ROOT:
        return {"disable_root": False, "users": [], "ssh_authorized_keys": keys}
    account = {
        "name": guest.user,
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "shell": "/bin/bash",
        "lock_passwd": True,
        "ssh_authorized_keys": keys,
    }
    return {"disable_root": True, "users": [account]}


def _network(guest: Guest) -> dict[str, Any]:
    """Interfaces are found by MAC address: their kernel names depend on the slot that they got."""
    rows = {one.name: _interface(guest, one) for one in guest.interfaces}
    return {"version": 2, "ethernets": rows}


def _interface(guest: Guest, interface: Interface) -> dict[str, Any]:
    row: dict[str, Any] = {
        "match": {"macaddress": hardware_address(guest.hostname, interface.name)},
        "set-name": interface.name,
        "dhcp4": False,
        "addresses": [str(interface.address)],
    }
    if interface.gateway is not None:
        everywhere = "0.0.0.0/0" if interface.gateway.version == 4 else "::/0"
        row["routes"] = [{"to": everywhere, "via": str(interface.gateway)}]
        row["nameservers"] = {"addresses": list(guest.resolvers)}
    return row


def _yaml(value: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(value), sort_keys=False)
