"""The rules that the firewall role writes, rendered by Ansible and read by nft."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook

CASES = Path(__file__).parent / "cases" / "firewall"


def render(rendered: Path, *arguments: str | Path, estate: str = "lab") -> Path:
    done = ansible_playbook(
        CASES / "render.yml",
        "-e",
        f"rendered={rendered} playbook_folder={PLAYBOOKS}",
        *arguments,
        estate=estate,
        ANSIBLE_INVENTORY_ENABLED="bastide,yaml",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for host, text in json.loads((rendered / "rules.json").read_text()).items():
        (rendered / f"{host}.nft").write_text(text)
    return rendered


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp("cases"), "-i", CASES / "inventory.yml")


def rules(folder: Path, host: str, about: str) -> list[str]:
    """Return a host's rules with some comment."""
    lines = (folder / f"{host}.nft").read_text().splitlines()
    return [line.strip() for line in lines if line.endswith(f'comment "{about}"')]


def test_a_source_of_one_family_opens_nothing_in_the_other(cases: Path) -> None:
    assert rules(cases, "six-only", "ssh") == [
        'ip6 saddr { 2001:db8::/32 } tcp dport 22 accept comment "ssh"'
    ]
    assert rules(cases, "edge-six-to-four", "https") == []


def test_a_host_that_serves_nothing_lets_nothing_new_in(cases: Path) -> None:
    text = (cases / "serves-nothing.nft").read_text()
    assert "dport" not in text
    assert text.count("policy drop;") == 2


def test_nobody_else_speaks_from_the_hosts_own_addresses(cases: Path) -> None:
    for file in cases.glob("*.nft"):
        text = file.read_text()
        for own in ("ip saddr 127.0.0.0/8 drop", "ip6 saddr ::1 drop"):
            assert text.index('iifname "lo" accept') < text.index(own), file.stem
            assert text.index(own) < text.index("dport") if "dport" in text else True


def test_protocols_without_ports_are_let_in_where_they_are_set(cases: Path) -> None:
    assert rules(cases, "takes-protocols", "protocols without ports") == [
        'meta l4proto { 112, 50 } accept comment "protocols without ports"'
    ]
    assert rules(cases, "plain", "protocols without ports") == []


def test_only_an_edge_lets_anything_through(cases: Path) -> None:
    through = (cases / "plain.nft").read_text().split("chain forward")[1]
    assert "accept" not in through
    assert rules(cases, "edge-nat", "the site goes out")


def test_what_forwards_for_containers_is_left_to_their_rules(cases: Path) -> None:
    text = (cases / "forwards-for-containers.nft").read_text()
    assert "hook forward" not in text
    assert text.count("policy drop;") == 1


def test_every_network_of_a_site_goes_out_and_ipv6_is_not_translated(cases: Path) -> None:
    out = rules(cases, "edge-nat", "the site goes out")
    assert [line.split(" accept")[0].split('"wan0" ')[1] for line in out] == [
        "ip saddr 192.0.2.0/24",
        "ip saddr 198.51.100.128/25",
        "ip6 saddr 2001:db8:1::/64",
    ]
    hidden = rules(cases, "edge-nat", "the site behind one address")
    assert [line.split('"wan0" ')[1].split(" masq")[0] for line in hidden] == [
        "ip saddr 192.0.2.0/24",
        "ip saddr 198.51.100.128/25",
    ]


def test_a_service_for_everyone_has_no_source(cases: Path) -> None:
    assert rules(cases, "open-to-all", "https") == ['tcp dport 443 accept comment "https"']
    assert rules(cases, "edge-open-forward", "https") == [
        'ip daddr 192.0.2.10 iifname "wan0" oifname "lan0" tcp dport 443 accept comment "https"'
    ]


def test_sources_of_both_families_are_two_rules(cases: Path) -> None:
    assert rules(cases, "two-families", "ssh") == [
        'ip saddr { 198.51.100.0/24 } tcp dport 22 accept comment "ssh"',
        'ip6 saddr { 2001:db8::/32 } tcp dport 22 accept comment "ssh"',
    ]


def test_addresses_are_translated_only_where_the_site_says_so(cases: Path) -> None:
    translating = {p.stem for p in cases.glob("*.nft") if "masquerade" in p.read_text()}
    assert translating == {"edge-nat"}


@pytest.mark.root
def test_nft_accepts_the_rules_of_every_case(cases: Path) -> None:
    assert refused(cases) == {}


@pytest.mark.root
@pytest.mark.parametrize("estate", ["lab", "pilot"])
def test_nft_accepts_the_rules_of_the_shipped_estates(
    estate: str, tmp_path: Path, own_state: Path
) -> None:
    assert refused(render(tmp_path, estate=estate)) == {}


def refused(folder: Path) -> dict[str, str]:
    """Return what nft says of the files that it does not accept, in a namespace of their own."""
    files = sorted(folder.glob("*.nft"))
    assert len(files) > 5
    messages = {
        file.stem: subprocess.run(
            ["unshare", "--net", "nft", "--check", "--file", file],
            capture_output=True,
            text=True,
            check=False,
        ).stderr
        for file in files
    }
    return {name: said for name, said in messages.items() if said}


def test_an_edges_interfaces_are_found_by_its_addresses_and_its_default_route(cases: Path) -> None:
    (out,) = rules(cases, "edge-other-names", "the site goes out")
    assert out.startswith('iifname "enp1s0f0.20" oifname "ens18"')
    hidden = rules(cases, "edge-nat", "the site behind one address")
    assert all(line.startswith('oifname "wan0"') for line in hidden)
