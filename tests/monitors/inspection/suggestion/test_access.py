"""From where a port of a host behind firewalld may be reached."""

from pathlib import Path

import pytest

from inventory.enums import Access
from monitors.inspection.suggestion.access import guess_access
from tests.monitors.inspection.estates import tenant, write_estate
from tests.monitors.inspection.recorded import inspection

ZONES = """\
public (default)
  target: default
  interfaces: {interfaces}
  sources: {sources}
  services: dhcpv6-client http ssh
  ports: 8443/tcp 5000-5010/udp
  rich rules:
\trule family="ipv4" source address="172.27.10.0/28" port port="5432" protocol="tcp" accept
\trule family="ipv4" source address="172.27.10.0/28" port port="6000" protocol="tcp" reject

dmz
  ports: 9999/tcp
"""


@pytest.mark.parametrize(
    ("port", "protocol", "access", "said"),
    [
        (80, "tcp", Access.ANYWHERE, "firewalld allows it from 0.0.0.0/0, ::/0"),
        (8443, "tcp", Access.ANYWHERE, "firewalld allows it from"),
        (5007, "udp", Access.ANYWHERE, "firewalld allows it from"),
        (5007, "tcp", Access.SITE, "firewalld has no rule of its own"),
        (5432, "tcp", Access.SITE, "firewalld allows it from 172.27.10.0/28"),
        (6000, "tcp", Access.SITE, "firewalld has no rule of its own"),
        # Of a zone that nothing comes in by.
        (9999, "tcp", Access.SITE, "firewalld has no rule of its own"),
        # 443 is nobody's rule: by the port alone it would be for anybody.
        (443, "tcp", Access.SITE, "firewalld has no rule of its own"),
    ],
)
def test_firewalld_says_it(
    tmp_path: Path, port: int, protocol: str, access: Access, said: str
) -> None:
    town = tenant(write_estate(tmp_path / "estate"))
    read = inspection(
        "web", ufw="", nft="", iptables="", firewalld=ZONES.format(interfaces="ens18", sources="")
    )
    guess = guess_access(read, town, town.content.sites[0], protocol, port)
    assert guess.access is access
    assert guess.reason.startswith(said)


def test_a_zone_of_sources_alone_is_for_them(tmp_path: Path) -> None:
    town = tenant(write_estate(tmp_path / "estate"))
    zones = ZONES.format(interfaces="", sources="172.27.10.64/26 ipset:office")
    read = inspection("web", ufw="", nft="", iptables="", firewalld=zones)
    guess = guess_access(read, town, town.content.sites[0], "tcp", 80)
    assert guess.access is Access.MANAGEMENT
