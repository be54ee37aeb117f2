from monitors.inspection.forwarding import networks_behind, published_ports
from monitors.inspection.model import System
from tests.monitors.inspection.recorded import inspection

WEB = inspection("web")


def test_a_port_that_leads_elsewhere_is_found_in_the_rules() -> None:
    (published,) = published_ports(WEB)
    assert (published.protocol, published.port, published.to) == ("tcp", 8080, "172.18.0.2:80")
    assert published.where == "iptables-nft nat CONTAINERS"


def test_a_port_that_nftables_leads_elsewhere() -> None:
    nft = (
        "table ip nat {\n chain pre {\n  type nat hook prerouting priority -100; policy accept;\n"
        "  tcp dport 8443 dnat to 10.0.0.5:443\n }\n}\n"
    )
    (published,) = published_ports(inspection("web", nft=nft, iptables=""))
    assert (published.port, published.to) == (8443, "10.0.0.5:443")


def test_networks_behind_are_those_of_engines_bridges_and_masquerading() -> None:
    behind = {b.network: b.reason for b in networks_behind(WEB)}
    assert behind["172.18.0.0/16"] == "docker network town-net"
    assert behind["172.17.0.0/16"] == "docker network bridge"


def test_a_host_that_forwards_nothing_has_none_behind_it() -> None:
    still = WEB.model_copy(update={"system": System(name="a")})
    assert networks_behind(still) == ()
