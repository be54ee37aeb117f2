from monitors.inspection.model import Firewall
from monitors.inspection.readers.firewall import read_firewall
from tests.monitors.inspection.recorded import text


def recorded(case: str, *subjects: str) -> Firewall:
    all_of_them = ("nft", "iptables", "ufw", "firewalld", "fail2ban")
    return read_firewall(*(text(case, s) if s in subjects else "" for s in all_of_them))


def test_ufw_docker_and_a_table_of_the_towns_own_at_once() -> None:
    web = recorded("web", "nft", "iptables", "ufw", "fail2ban")
    assert web.managers == ("docker", "fail2ban", "ufw")
    assert web.jails == ("sshd",)
    chains = {(c.table, c.name): c for c in web.chains}
    assert chains["iptables-nft filter", "INPUT"].policy == "drop"
    assert chains["iptables-nft filter", "INPUT"].hook == "input"
    assert chains["inet town", "limits"].rules[0] == "ip saddr @bad counter drop"
    assert chains["iptables-nft nat", "DOCKER"].owner == "docker"
    assert "ufw: allow tcp 5432 0.0.0.0/0 any 172.27.10.74 in" in web.allowed
    # What iptables keeps in nftables is read once.
    assert not [c for c in web.chains if c.table in ("ip filter", "ip nat", "ip6 filter")]


def test_firewalld_says_what_its_active_zone_lets_in() -> None:
    firewall = recorded("firewalld", "nft", "firewalld")
    assert "firewalld" in firewall.managers
    assert "firewalld: zone public: services dhcpv6-client http ssh" in firewall.allowed
    assert "firewalld: zone public: ports 8443/tcp" in firewall.allowed
    assert not [line for line in firewall.allowed if "zone external" in line]
    assert {c.hook for c in firewall.chains} >= {"input", "forward"}


def test_legacy_iptables_are_seen() -> None:
    chains = {(c.table, c.name): c for c in recorded("legacy", "iptables").chains}
    assert chains["iptables-legacy filter", "FORWARD"].policy == "drop"
    assert chains["iptables-legacy filter", "INPUT"].rules == (
        "-p tcp -m tcp --dport 22 -j ACCEPT",
    )
    assert chains["ip6tables-legacy filter", "INPUT"].policy == "drop"


def test_ufw_that_is_off_allows_nothing() -> None:
    off = text("web", "ufw").replace("ENABLED=yes", "ENABLED=no")
    assert read_firewall("", "", off, "", "") == Firewall()
