"""The backbone: a network namespace that is the lab's WAN and central's router, with its uplink."""

import os
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict

from infra.driver.spec import SPEC
from infra.errors import failed
from infra.lab import sysctls
from infra.lab.commands import in_netns, ip, ip_json, netns_path, nft
from infra.lab.layout import Lab

INNER_UPLINK = "uplink0"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """The address ranges of a lab: everything in `range`, `uplink` a /30 to the outer machine."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    range: IPv4Network
    uplink: IPv4Network

    @property
    def outer_address(self) -> str:
        """The outer machine's end of the uplink."""
        return str(self.uplink[1])

    @property
    def inner_address(self) -> str:
        """The backbone's end of the uplink."""
        return str(self.uplink[2])


def ensure(lab: Lab, spec: BackboneSpec) -> None:
    """Make the backbone, or bring what is there to what it should be."""
    refuse_foreign_uplink(lab)
    ensure_netns(lab.namespace, forward=True)
    _ensure_uplink(lab, spec)
    nft(rules(lab, spec))
    sysctls.apply()


def exists(lab: Lab) -> bool:
    """Tell whether the namespace and its uplink are there."""
    return netns_path(lab.namespace).exists() and find_link(lab.uplink) is not None


def remove(lab: Lab) -> None:
    """Remove the backbone with all its bridges; no error when it is not there."""
    link = find_link(lab.uplink)
    if link is not None and link.get("ifalias") == lab.alias:
        ip("link", "delete", lab.uplink)
    remove_netns(lab.namespace)
    nft(f"table ip {lab.table}\ndelete table ip {lab.table}\n")


def refuse_foreign_uplink(lab: Lab) -> None:
    """Raise InfraError when a link with our name is not ours."""
    link = find_link(lab.uplink)
    if link is not None and link.get("ifalias") != lab.alias:
        raise failed(
            f"network interface {lab.uplink}",
            expected="none, or the one that this lab made",
            found=f"one marked {link.get('ifalias') or 'with nothing'!r}",
            advice="take down the lab that it belongs to (another root file system on this "
            f"kernel?), or remove it: ip link delete {lab.uplink}",
        )


def find_link(name: str, netns: str | None = None) -> dict[str, str] | None:
    """Return what `ip` prints of a link, or None when there is none with that name."""
    return next(
        (row for row in ip_json("link", "show", netns=netns) if row["ifname"] == name), None
    )


def ensure_netns(name: str, *, forward: bool) -> None:
    """Make a network namespace that does or does not forward; what is there stays."""
    if not netns_path(name).exists():
        ip("netns", "add", name)
    ip("link", "set", "lo", "up", netns=name)
    # A new namespace takes these over from the outer machine, so both values are written.
    in_netns(name, "tee", str(FORWARDING), stdin="1" if forward else "0")


def remove_netns(name: str) -> None:
    """Remove a named network namespace; no error when it is not there."""
    if netns_path(name).exists():
        ip("netns", "delete", name)


def rules(lab: Lab, spec: BackboneSpec) -> str:
    """Return the outer machine's rules: masquerade what leaves the lab, fit TCP to the path.

    The maximum segment size is clamped since an outer path may carry less than 1,500 bytes and
    drop the messages that say so (RFC 2923).
    """
    return f"""\
table ip {lab.table}
delete table ip {lab.table}
table ip {lab.table} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {spec.range} oifname != "{lab.uplink}" masquerade
  }}
  chain forward {{
    type filter hook forward priority mangle; policy accept;
    iifname "{lab.uplink}" tcp flags syn tcp option maxseg size set rt mtu
    oifname "{lab.uplink}" tcp flags syn tcp option maxseg size set rt mtu
  }}
}}
"""


def _ensure_uplink(lab: Lab, spec: BackboneSpec) -> None:
    if find_link(lab.uplink) is None or find_link(INNER_UPLINK, lab.namespace) is None:
        _remake_uplink(lab)
    ip("address", "replace", f"{spec.outer_address}/{spec.uplink.prefixlen}", "dev", lab.uplink)
    inner = f"{spec.inner_address}/{spec.uplink.prefixlen}"
    ip("address", "replace", inner, "dev", INNER_UPLINK, netns=lab.namespace)
    ip("link", "set", lab.uplink, "up")
    ip("link", "set", INNER_UPLINK, "up", netns=lab.namespace)
    ip("route", "replace", "default", "via", spec.outer_address, netns=lab.namespace)
    ip("route", "replace", str(spec.range), "via", spec.inner_address, "dev", lab.uplink)


def _remake_uplink(lab: Lab) -> None:
    """Make the pair anew; a half of one that a crash left is removed first.

    The outer end is marked as ours before it appears on the outer machine: whenever we are
    killed, no unmarked link is left there.
    """
    if find_link(lab.uplink) is not None:
        ip("link", "delete", lab.uplink)
    for name in (INNER_UPLINK, lab.uplink):
        if find_link(name, lab.namespace) is not None:
            ip("link", "delete", name, netns=lab.namespace)
    ip("link", "add", INNER_UPLINK, "type", "veth", "peer", lab.uplink, netns=lab.namespace)
    ip("link", "set", lab.uplink, "alias", lab.alias, netns=lab.namespace)
    ip("link", "set", lab.uplink, "netns", str(os.getpid()), netns=lab.namespace)
