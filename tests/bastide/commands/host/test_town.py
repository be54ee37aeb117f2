"""Adoption and looks at a town that nobody of ours made: it is read, and nothing there changes."""

import subprocess
from pathlib import Path

import pytest

from inventory.load import load_estate
from tests.command import bastide, bastide_json
from tests.strange_town import allowed, picture
from tests.strange_town.fixtures import Probing
from tests.strange_town.town import Town, TownHost

pytestmark = [pytest.mark.town, pytest.mark.root]

SECRET = "TOWN_SUDO"
ADOPTED = ("files", "web", "new", "bare")
# The host's name becomes its id.
IDS = {"files": "fajlovi", "web": "srv-web01", "new": "nova", "bare": "mali"}


@pytest.fixture
def estate(town: Town, tmp_path: Path, own_state: Path) -> Path:
    """An estate with the town's two sites and no host in them."""
    folder = tmp_path / "estate"
    (folder / "municipalities").mkdir(parents=True)
    (folder / "estate.yml").write_text(
        "estate: okrug\ntitle: Okrug\ndomain: gradac.example\nprovider: existing\n"
        f"management: [{town.inside}]\n"
    )
    (folder / "central.yml").write_text(
        "name: Okrug\ncontacts: [{name: Ana, duty: operations}]\n"
        "sites: [{id: hq, name: Office, network: 10.20.0.0/24, gateway: 10.20.0.1}]\n"
        "hosts: [{id: ops, site: hq, address: 10.20.0.10, roles: [operations, vault]}]\n"
    )
    front, inside = (network.rsplit(".", 1)[0] for network in (town.network, town.inside))
    (folder / "municipalities" / "gradac.yml").write_text(
        "# Written by hand.\nmunicipality: gradac\nname: 'Gradac'\ntier: town\ncountry: RS\n"
        "contacts: [{name: Milan, duty: IT administrator}]\nsites:\n"
        f"  - {{id: hall, name: Hall, network: {town.network}, gateway: {front}.1}}\n"
        f"  - {{id: back, name: Back, network: {town.inside}, gateway: {inside}.65}}\n"
    )
    return folder


def fingerprint(host: TownHost) -> str:
    """Return what `ssh-keygen -l` prints of a host's Ed25519 key, as its console shows it."""
    key = next(key for key in host.host_keys if key.startswith("ssh-ed25519"))
    done = subprocess.run(
        ["ssh-keygen", "-lf", "-"], input=key, capture_output=True, text=True, check=True
    )
    return done.stdout.split()[1]


def way_in(town: Town, host: TownHost) -> list[str]:
    """Return the options that say how a host of the town is logged in to."""
    options = ["--key", str(town.key), "--port", str(host.port)]
    options += ["--user", host.user] if host.user != "root" else []
    if host.sudo == "password":
        options += ["--sudo", "password", "--sudo-password", f"env:{SECRET}"]
    if host.jump:
        jump = town.hosts[host.jump]
        options += ["--jump", f"{jump.user}@{jump.address}"]
        options += ["--jump-host-key", fingerprint(jump)]
    return options


def adopt(
    town: Town, estate: Path, host: TownHost, *more: str, key: str = ""
) -> "subprocess.CompletedProcess[str]":
    return bastide(
        *("host", "adopt", host.address, "--municipality", "gradac", "--estate", str(estate)),
        *way_in(town, host),
        *("--host-key", key or fingerprint(host)),
        *more,
        **{SECRET: host.password},
    )


@pytest.fixture
def everybody(town: Town, estate: Path) -> Path:
    """The estate with all of the town adopted."""
    for name in ADOPTED:
        done = adopt(town, estate, town.hosts[name], "--write")
        assert done.returncode == 0, done.stderr
    return estate


def test_a_town_is_adopted_and_looked_at_and_nothing_of_it_changes(
    town: Town, estate: Path, probing: Probing
) -> None:
    before = {name: picture.take(town, name) for name in (*ADOPTED, "jump")}
    with probing() as counts:
        for name in ADOPTED:
            done = adopt(town, estate, town.hosts[name], "--write")
            assert done.returncode == 0, done.stderr
        check = bastide("inventory", "check", "--estate", str(estate))
        assert check.returncode == 0, check.stderr
        for name in ADOPTED:
            password = town.hosts[name].password
            said = bastide_json(
                "host", "look", f"gradac-{IDS[name]}", "--estate", str(estate), **{SECRET: password}
            )
            assert said["differences"] == [], name
    assert not counts.failures, counts
    for name, picture_before in before.items():
        assert allowed.unexplained(picture_before, picture.take(town, name)) == (), name
    adopted = {host.id: host for host in load_estate(estate).municipalities[0].hosts}
    for name in ADOPTED:
        addresses = [str(address) for address in adopted[IDS[name]].addresses]
        assert sorted(addresses) == sorted(town.hosts[name].addresses), name
    text = (estate / "municipalities" / "gradac.yml").read_text()
    assert text.startswith("# Written by hand.\nmunicipality: gradac\nname: 'Gradac'\n")
    assert 'url: "https://eusluge.gradac.example/"' in text
    assert "role file_server" in text.lower()
    assert "tcp port 8080 to 172.18.0.2:80" in text


def test_drift_on_the_web_server_is_found_and_ends_when_it_is_put_back(
    town: Town, everybody: Path
) -> None:
    def look(*more: str) -> dict[str, object]:
        said: dict[str, object] = bastide_json(
            *("host", "look", "gradac-srv-web01", "--estate", str(everybody), *more),
            **{SECRET: town.hosts["web"].password},
        )
        return said

    assert look()["first"] is True
    town.run("web", "sh", "-c", "setsid nc -lk -p 4444 >/dev/null 2>&1 & true || true")
    town.run("web", "useradd", "--shell", "/bin/bash", "eva")
    town.run("web", "chpasswd", stdin=b"eva:Eva-lozinka-1\n")
    town.run("web", "usermod", "-aG", "sudo", "eva")
    town.run("web", "ufw", "allow", "4444/tcp")
    try:
        differences = look()["differences"]
        assert isinstance(differences, list)
        text = "\n".join(f"{d['kind']}: {d['text']}" for d in differences)
        assert "login: new: login eva, password set" in text
        assert "root: new: eva becomes root: sudo for %sudo" in text
        assert "firewall: new: " in text
        assert "4444" in text
    finally:
        town.run("web", "ufw", "delete", "allow", "4444/tcp")
        town.run("web", "userdel", "-r", "eva")
        town.run("web", "sh", "-c", "pkill -x nc || true")
    assert look()["differences"] == []


def refused(done: "subprocess.CompletedProcess[str]", status: int, *words: str) -> None:
    assert done.returncode == status, done.stdout + done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_what_stops_an_adoption_is_said_and_the_file_stays(
    town: Town, estate: Path, tmp_path: Path
) -> None:
    file = estate / "municipalities" / "gradac.yml"
    before = file.read_bytes()
    files, web = town.hosts["files"], town.hosts["web"]
    # Nobody compared the key.
    args = ("host", "adopt", files.address, "--municipality", "gradac", "--estate", str(estate))
    refused(bastide(*args, *way_in(town, files)), 2, fingerprint(files), "no terminal")
    # Another machine answers, or the key has changed.
    refused(adopt(town, estate, files, "--write", key=fingerprint(web)), 3, "another host key")
    changed = next(key for key in web.host_keys if key.startswith("ssh-ed25519"))
    refused(adopt(town, estate, files, "--write", key=changed), 3, "host key changed")
    # The login key is another.
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", str(other)], check=True)
    refused(adopt(town, estate, files, "--write", "--key", str(other)), 3, "login refused")
    # No sudo for this account; a wrong password for that one.
    clerk = town.login("files", "referent")
    refused(adopt(town, estate, clerk, "--write", "--sudo", "passwordless"), 3, "sudo")
    wrong = bastide(
        *("host", "adopt", web.address, "--municipality", "gradac", "--estate", str(estate)),
        *(*way_in(town, web), "--host-key", fingerprint(web), "--write"),
        **{SECRET: "not-the-password"},
    )
    refused(wrong, 3, "expected sudo to take the password")
    # Nothing listens there; no such municipality; no site for the address.
    closed = adopt(town, estate, files, "--write", "--port", "2022")
    refused(closed, 3, "unreachable")
    refused(adopt(town, estate, files, "--municipality", "nowhere"), 2, "expected: one of")
    refused(bastide(*args[:2], "10.99.0.1", *args[3:]), 2, "no site of gradac holds 10.99.0.1")
    assert file.read_bytes() == before


def test_a_shell_that_prints_a_banner_is_read_all_the_same(town: Town, estate: Path) -> None:
    chatty = town.login("files", "pricalica")
    done = adopt(town, estate, chatty)
    assert done.returncode == 0, done.stderr
    assert "- id: fajlovi" in done.stdout


def test_a_host_that_hangs_is_given_up(town: Town, estate: Path) -> None:
    with town.frozen("files"):
        refused(adopt(town, estate, town.hosts["files"], "--write"), 3, "timeout")


def test_one_machine_is_not_adopted_twice(town: Town, everybody: Path) -> None:
    new = town.hosts["new"]
    file = everybody / "municipalities" / "gradac.yml"
    before = file.read_bytes()
    refused(adopt(town, everybody, new, "--write"), 2, "gradac-nova in the inventory already")
    town.run("new", "ip", "address", "add", _second(new.address), "dev", "enp6s18")
    try:
        again = bastide(
            *("host", "adopt", _second(new.address), "--municipality", "gradac", "--write"),
            *("--estate", str(everybody), *way_in(town, new), "--host-key", fingerprint(new)),
        )
        refused(again, 2, "gradac-nova in the inventory already", "same SSH host key")
    finally:
        town.run("new", "ip", "address", "delete", f"{_second(new.address)}/32", "dev", "enp6s18")
    assert file.read_bytes() == before


def _second(address: str) -> str:
    return f"{address.rpartition('.')[0]}.31"
