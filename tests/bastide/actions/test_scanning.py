"""What may be scanned, and what is said of what answers."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastide.actions.scan_suggestions import Kind, Suggester, Suggestion
from bastide.actions.scanning import MOST_ADDRESSES, place_of
from bastide.support.errors import CommandError, Exit
from inventory.entries import devices, hosts, tenants
from inventory.enums import DeviceKind, Level, System
from inventory.levels import level
from monitors.scan.tcp import PortReply, Reply
from monitors.snmp.discover.agents import AnsweringAgent
from monitors.snmp.discover.observed import ObservedDevice
from monitors.ssh.greeting import Greeting
from tests.bastide.estates import with_more_networks
from tests.monitors.snmp.discover.estates import lab, pasted

ADDRESS = "10.77.1.99"
NETWORKS = [site.network for tenant in tenants(lab()) for site in tenant.content.sites]
SWITCH = ObservedDevice(system="etage-2", description="HP ProCurve Switch 2510G")
LINUX = ObservedDevice(system="srv", description="Linux srv 6.1.0-13-amd64")
HOSTILE = ObservedDevice(
    system="\n  - id: owned\n    kind: ups", description="switch \x1b[2J # '\"{}[]: !!python"
)


def port(number: int, version: str | None = None) -> PortReply:
    shown = None if version is None else Greeting(version, None, "no key")
    return PortReply(ADDRESS, number, Reply.OPEN, shown)


def suggested(*ports: PortReply, observed: ObservedDevice | None = None) -> Suggestion | None:
    tenant = next(tenant for tenant in tenants(lab()) if tenant.id == "velgora")
    agent = AnsweringAgent(ADDRESS, observed) if observed else None
    return Suggester(lab(), tenant, tenant.content.sites[0].id).suggest(ADDRESS, ports, agent)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("10.0.0.0/8", "is not in a network of estate lab"),
        ("192.0.2.1", "is not in a network of estate lab"),
        ("::/0", "is not in a network of estate lab"),
        ("10.77.1.7/24", "say 10.77.1.0/24 if that is meant"),
        ("gradac", "expected: a network such as"),
        ("10.77.1.0/33", "expected: a network such as"),
        ("", "expected: a network such as"),
    ],
)
def test_what_may_not_be_scanned_is_refused_with_what_may(network: str, message: str) -> None:
    with pytest.raises(CommandError) as refused:
        place_of(lab(), network)
    assert refused.value.code is Exit.WRONG_USE
    assert message in str(refused.value)
    if "lab" in message:
        assert all(str(own) in str(refused.value) for own in NETWORKS)


def test_a_network_that_is_too_large_is_refused_with_a_part_of_it(tmp_path: Path) -> None:
    estate = lab().model_copy(deep=True)
    site = estate.central.sites[0].model_copy(update={"network": ip_network("10.96.0.0/16")})
    central = estate.central.model_copy(update={"sites": (site,)})
    with pytest.raises(CommandError, match=r"at most 1024\n.*such as 10\.96\.0\.0/22"):
        place_of(estate.model_copy(update={"central": central}), "10.96.0.0/16")


@pytest.mark.parametrize("wanted", ["fd77:1::/118", "10.98.1.0/24", "10.98.1.16/28"])
def test_each_network_of_a_site_may_be_scanned(wanted: str) -> None:
    estate = with_more_networks("velgora", "fd77:1::/64", "10.98.1.0/24")
    assert place_of(estate, wanted)[1].tenant.id == "velgora"
    with pytest.raises(CommandError, match=r"10\.98\.1\.0/24 \(velgora "):
        place_of(estate, "192.0.2.0/24")


@given(st.data())
def test_what_is_scanned_is_in_the_estate_and_no_more_than_may_be(data: st.DataObject) -> None:
    inside = data.draw(st.sampled_from(NETWORKS))
    length = data.draw(st.integers(8, 32))
    number = int(inside.network_address) + data.draw(st.integers(-300, 300))
    wanted = ip_network((number >> (32 - length) << (32 - length), length))
    try:
        network, place = place_of(lab(), str(wanted))
    except CommandError:
        assert not any(wanted.subnet_of(own) for own in NETWORKS)  # type: ignore[arg-type]
        return
    assert network == wanted
    assert wanted.subnet_of(place.site.network)  # type: ignore[arg-type]
    assert wanted.num_addresses <= MOST_ADDRESSES


def test_a_server_is_to_be_adopted_at_the_port_that_it_has_ssh_at() -> None:
    line = "bastide host adopt 10.77.1.99 --municipality velgora"
    assert suggested(port(22, "OpenSSH_9.2"), port(443)) == Suggestion(Kind.ADOPT, (line,))
    assert suggested(port(2222, "OpenSSH_9.2")) == Suggestion(Kind.ADOPT, (f"{line} --port 2222",))
    assert suggested(port(22, "OpenSSH_9.2"), observed=LINUX) == Suggestion(Kind.ADOPT, (line,))


def test_what_only_listens_at_sshs_port_is_not_to_be_adopted() -> None:
    assert suggested(port(22, "")) is None
    assert suggested(port(80), port(443)) is None


@pytest.mark.parametrize("ports", [(), (port(22, "Mocana SSH 6.3"), port(80))])
def test_a_device_is_inventory_to_paste(ports: tuple[PortReply, ...], tmp_path: Path) -> None:
    suggestion = suggested(*ports, observed=SWITCH)
    assert suggestion
    assert suggestion.where == "municipalities/velgora.yml, below `devices:`"
    estate = pasted(tmp_path, "\n".join((f"# {suggestion.where}", *suggestion.lines)))
    (device,) = {d.name: d for d in devices(estate)}.keys() - {d.name for d in devices(lab())}
    entry = next(d for d in devices(estate) if d.name == device)
    assert (entry.name, entry.device.kind) == ("velgora-etage-2", DeviceKind.SWITCH)
    assert str(entry.device.address) == ADDRESS


def test_what_a_device_says_of_itself_adds_nothing_else_to_the_inventory(tmp_path: Path) -> None:
    suggestion = suggested(observed=HOSTILE)
    assert suggestion
    assert all(line.isprintable() for line in suggestion.lines)
    estate = pasted(tmp_path, "\n".join((f"# {suggestion.where}", *suggestion.lines)))
    assert len(tuple(devices(estate))) == len(tuple(devices(lab()))) + 1
    assert "owned" not in {d.device.id for d in devices(estate)}


def test_a_windows_server_is_inventory_to_watch(tmp_path: Path) -> None:
    suggestion = suggested(port(445), port(3389))
    assert suggestion
    assert suggestion.where == "municipalities/velgora.yml, below `hosts:`"
    before = "\n".join(suggestion.lines)
    text = f"# {suggestion.where}\n{before}"
    estate = pasted(tmp_path, text)
    entry = next(e for e in hosts(estate) if e.host.id == "windows-10-77-1-99")
    assert (entry.host.system, level(entry)) == (System.WINDOWS, Level.WATCH)
