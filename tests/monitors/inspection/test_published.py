import pytest

from monitors.inspection.model import Chain, Firewall, Inspection
from monitors.inspection.published import published_ports
from tests.monitors.inspection.recorded import inspection


def names(rule: str, hook: str = "prerouting") -> list[str]:
    """Return what a rule publishes, as it is named."""
    chain = Chain(table="ip nat", name="pre", hook=hook, rules=(rule,))
    read = Inspection(firewall=Firewall(chains=(chain,)))
    return [f"{port.name} {port.to}" for port in published_ports(read)]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "tcp dport 53 redirect to :5353",
        "-p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080",
        "ip daddr 192.0.2.1 tcp dport 443 accept",
        "tcp dport 99999 dnat to 10.0.0.5",
    ],
)
def test_what_leads_nowhere_else_publishes_nothing(rule: str) -> None:
    assert names(rule) == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("tcp dport 8443 dnat to 10.0.0.5:443", ["tcp/8443 10.0.0.5:443"]),
        ("tcp dport { 80, 443 } dnat ip to 10.0.0.5", ["tcp/80 10.0.0.5", "tcp/443 10.0.0.5"]),
        ("udp dport 10000-20000 counter dnat to 10.0.0.7", ["udp/10000-20000 10.0.0.7"]),
        (
            'iifname "wan" tcp dport { 80, 8000-8010 } dnat to 10.0.0.5',
            ["tcp/80 10.0.0.5", "tcp/8000-8010 10.0.0.5"],
        ),
        (
            "-p tcp -m multiport --dports 80,8000:8010 -j DNAT --to-destination 10.0.0.5",
            ["tcp/80 10.0.0.5", "tcp/8000-8010 10.0.0.5"],
        ),
        (
            "! -i br0 -p udp -m udp --dport 5060:5061 -j DNAT --to-destination 10.0.0.7:5060",
            ["udp/5060-5061 10.0.0.7:5060"],
        ),
        (
            "dnat ip addr . port to tcp dport map { 80 : 10.0.0.5 . 8080, 443 : 10.0.0.6 . 443 }",
            ["tcp/80 10.0.0.5:8080", "tcp/443 10.0.0.6:443"],
        ),
        ("-d 192.0.2.7/32 -j DNAT --to-destination 10.0.0.5", ["all/1-65535 10.0.0.5"]),
        ("-p tcp -m tcp ! --dport 22 -j DNAT --to-destination 10.0.0.5", ["tcp/1-65535 10.0.0.5"]),
        ("tcp dport @web dnat to 10.0.0.5", ["tcp/1-65535 10.0.0.5"]),
    ],
)
def test_ports_that_lead_elsewhere(rule: str, expected: list[str]) -> None:
    assert names(rule) == expected


def test_a_chain_that_others_jump_to_does_not_say_which_ports() -> None:
    assert names("-p tcp -j DNAT --to-destination 10.244.0.5:53", hook="") == []


def test_the_recorded_host_publishes_one_port_of_a_container() -> None:
    (port,) = published_ports(inspection("web"))
    assert (port.name, port.to) == ("tcp/8080", "172.18.0.2:80")
    assert port.where == "iptables-nft nat CONTAINERS"
    assert port.has("tcp", 8080)
    assert not port.has("udp", 8080)
    assert not port.has("tcp", 8081)
