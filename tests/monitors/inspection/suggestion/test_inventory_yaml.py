"""The suggestion passes `inventory check` in a municipality, and says what each guess is from."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.enums import Access, Level, Role
from inventory.load import load_estate
from inventory.model.tenants import Municipality
from monitors.inspection.drift import against_inventory
from monitors.inspection.model import Inspection, Interface, Listener, Share, System, WebSite
from monitors.inspection.suggestion.insert import add_items
from monitors.inspection.suggestion.inventory_yaml import Suggestion, suggest
from monitors.inspection.values import host_text
from tests.monitors.inspection.estates import GRADAC, arrival, host, write_estate
from tests.monitors.inspection.recorded import inspection


def put_in(folder: Path, suggestion: Suggestion, gradac: str = GRADAC) -> Municipality:
    text = add_items(gradac, "hosts", suggestion.host)
    file = folder / "municipalities" / "gradac.yml"
    file.write_text(add_items(text, "services", suggestion.services))
    return load_estate(folder).municipalities[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_estate(tmp_path / "estate")


def test_a_recorded_host_becomes_a_part_of_the_inventory(folder: Path) -> None:
    town = put_in(folder, suggest(inspection("web"), arrival(folder)))
    (web,) = town.hosts
    assert (web.id, str(web.address), web.manage) == ("srv-web01", "172.27.10.25", Level.WATCH)
    assert web.ssh is not None
    assert (web.ssh.user, web.ssh.port, web.ssh.sudo_password) == ("itadmin", 2222, "env:SUDO")
    assert web.roles == (Role.FILE_SERVER,)
    ports = {(p.port, p.protocol.value): (p.name, p.access) for p in web.listens}
    assert ports[443, "tcp"] == ("https", Access.ANYWHERE)
    # ufw allows it from an address of the management network.
    assert ports[5432, "tcp"] == ("postgresql", Access.MANAGEMENT)
    assert ports[137, "udp"] == ("netbios-name", Access.SITE)
    # What only the host itself reaches, and what comes with a role, is not declared.
    assert not {(3306, "tcp"), (445, "tcp"), (22, "tcp"), (2222, "tcp")} & set(ports)
    urls = {service.id: service.url for service in town.services}
    assert urls == {
        "www": "https://www.gradac.example/",
        "eusluge": "https://eusluge.gradac.example/",
        "old": "http://old.gradac.example:8081/",
    }
    assert not web.backups


def test_every_address_that_others_may_reach_is_written_and_no_other(folder: Path) -> None:
    web = inspection("web")
    backend = Interface(
        name="ens19", addresses=("172.27.10.84/26", "10.20.0.10/24", "odd", "::1/128")
    )
    suggestion = suggest(
        web.model_copy(update={"interfaces": (*web.interfaces, backend)}), arrival(folder)
    )
    (host,) = put_in(folder, suggestion).hosts
    # docker0 and br-… are engines' bridges; 10.20.0.10 is central-ops's.
    assert tuple(map(str, host.addresses)) == ("172.27.10.25", "fd27:10::25")
    lines = "\n".join(suggestion.host)
    assert "# Also at 172.27.10.84, in no network of gradac." in lines
    assert not [
        a for a in ("172.18.0.1", "10.20.0.10", "fe80", "odd") if a in lines.split("ssh:")[0]
    ]


def test_each_guess_says_what_it_is_from(folder: Path) -> None:
    lines = "\n".join((suggestion := suggest(inspection("web"), arrival(folder))).host)
    services = "\n".join(suggestion.services)
    assert "nginx, unit nginx.service, package nginx; ufw allows it from 0.0.0.0/0" in lines
    assert "Role file_server: Samba's shares sluzba, direktor, javno" in lines
    assert "sudo for %sudo in /etc/sudoers, asks for its password" in lines
    assert "itadmin@pc-7" in lines
    assert "postgresql database registar, 7 MiB" in lines
    assert "target: central-ops" in lines
    assert "restic, /etc/cron.d/kopija: restic backup /srv" in lines
    assert "it hands requests on to http://registar.lokal" in services
    assert "a certificate of CN=Gradac CA,O=Opstina Gradac that ends 2027-12-29" in services


def test_an_exporter_that_is_there_already_is_declared_as_one(folder: Path) -> None:
    row = 'tcp LISTEN 0 1 *:9101 *:* users:(("prometheus-node",pid=1,fd=3))\n'
    read = inspection("web", sockets=row)
    (web,) = put_in(folder, suggest(read, arrival(folder))).hosts
    assert [exporter.tcp_port for exporter in web.exporters] == [9101]
    assert web.listens == ()
    assert against_inventory(host(folder, "gradac-srv-web01"), read) == ()


def test_a_vpn_is_declared_for_people_wherever_they_are(folder: Path) -> None:
    (gateway,) = put_in(folder, suggest(inspection("vpn"), arrival(folder))).hosts
    ports = {(p.port, p.protocol.value): (p.name, p.access) for p in gateway.listens}
    assert ports[51820, "udp"] == ("wireguard", Access.ANYWHERE)
    assert ports[1194, "udp"] == ("openvpn", Access.ANYWHERE)
    assert gateway.forwards


def test_an_id_that_is_taken_gets_a_number(folder: Path) -> None:
    first = suggest(inspection("web"), arrival(folder))
    put_in(folder, first)
    assert suggest(inspection("web"), arrival(folder)).own_id == "srv-web01-2"


def test_a_host_that_nothing_was_read_of_is_valid_as_well(folder: Path) -> None:
    nothing = Inspection(unread=(("sockets", "did not end in time"),))
    suggestion = suggest(nothing, arrival(folder))
    assert put_in(folder, suggestion).hosts[0].id == "host"
    assert "# Not read: sockets (did not end in time)." in suggestion.host


ADMINISTRATOR = next(a for a in inspection("web").accounts if a.may_log_in)
NASTY = st.text(max_size=30) | st.sampled_from(
    ["no", "null", "- x", "a: b", "# c", "'", '"', "\\", "{}", "[", "\u2028", "&a", "*a", "!t", "%"]
)


@settings(max_examples=60)
@given(NASTY, NASTY, NASTY, NASTY)
def test_whatever_a_host_calls_things_the_file_stays_valid(
    tmp_path_factory: pytest.TempPathFactory, name: str, process: str, path: str, user: str
) -> None:
    folder = write_estate(tmp_path_factory.mktemp("nasty") / "estate")
    read = Inspection(
        system=System(name=name, title=path),
        listeners=(Listener(protocol="tcp", address="*", port=8080, process=process),),
        accounts=(ADMINISTRATOR.model_copy(update={"name": host_text(user)}),),
        shares=(Share(kind="smb", name=name, path=f"/srv/{path}"),),
        sites=(WebSite(server="nginx", names=(name, f"{name}.example"), file=path, root=path),),
    )
    town = put_in(folder, suggest(read, arrival(folder)))
    assert town.hosts[0].listens[0].port == 8080
    assert host(folder, f"gradac-{town.hosts[0].id}").fqdn.endswith(".gradac.example")
