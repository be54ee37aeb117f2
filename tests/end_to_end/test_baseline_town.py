"""A strange town's servers at the baseline and released: nobody is cut off, all serve on."""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bastide.estates import host_key
from tests.command import bastide
from tests.playbooks.ansible import ansible_playbook
from tests.strange_town import picture
from tests.strange_town.fixtures import Probing
from tests.strange_town.mirror import packages
from tests.strange_town.picture import Picture
from tests.strange_town.prober import Failure
from tests.strange_town.released import lasting
from tests.strange_town.town import Town
from tests.town_estate import environment, password, town_estate

pytestmark = [pytest.mark.town, pytest.mark.root, pytest.mark.timeout(3600)]

HOSTS = ("new", "files", "web")
LIMIT = ",".join(f"gradac-{name}" for name in HOSTS)
# Nobody has to be there for a town's server to be hardened: logs wait, the clock is its own.
OPERATIONS = {
    "id": "ops",
    "site": "hq",
    "address": "192.0.2.10",
    "manage": "full",
    "roles": ["operations"],
    "host_key": host_key(0),
}
# What the administrator says of each server, as `bastide host adopt` suggests it.
DECLARED: Mapping[str, dict[str, Any]] = {
    # Its inner address is where logins to `web` come from.
    "jump": {
        "listens": [
            {"port": 53, "name": "dns", "access": "site"},
            {"port": 53, "protocol": "udp", "name": "dns", "access": "site"},
        ]
    },
    "new": {
        "exporters": ["node_exporter"],
        "listens": [{"port": 9100, "name": "measuring", "access": "management"}],
    },
    "files": {
        "listens": [
            {"port": 445, "name": "smb", "access": "estate"},
            {"port": 139, "name": "netbios", "access": "estate"},
        ],
        "settings": {"hardening_timed_jobs": ["rsync -a /srv/ /var/backups/srv/"]},
    },
    "web": {
        "forwards": True,
        "listens": [
            {"port": 80, "name": "http", "access": "anywhere"},
            {"port": 443, "name": "https", "access": "anywhere"},
            {"port": 5432, "name": "postgresql", "access": "site"},
        ],
    },
}
FULL_SITE = "novo.gradac.test"
# What Bastide serves on `web` beside what is there.
FULL: Mapping[str, Any] = {
    "roles": ["web", "database"],
    "settings": {
        "web_sites": [{"names": [FULL_SITE], "folder": "/var/www/gradac"}],
        "database_roles": [{"name": "izvestaji", "database": "izvestaji"}],
    },
}
# Prints a page of a site on the host itself.
ASK = """
import socket, ssl, sys
name = sys.argv[1]
with socket.create_connection(("127.0.0.1", 443)) as plain:
    with ssl._create_unverified_context().wrap_socket(plain, server_hostname=name) as site:
        site.sendall(f"GET / HTTP/1.0\\r\\nHost: {name}\\r\\n\\r\\n".encode())
        print(site.makefile().read())
"""
NOBODY_THERE = "the machine for operations is not there"
# What an administrator of each server would waive, with why.
WAIVED: Mapping[str, dict[str, str]] = {
    "new": {
        "ACC-06": "itadmin has a password of before, and no end of it",
        "ACC-07": "the key that we log in with was root's before",
        "LOG-02": NOBODY_THERE,
        "MON-05": "the exporter is the administrator's own, and the firewall narrows it",
        "PWD-06": "itadmin has a password of before, and no end of it",
        "SSH-07": "root is who we log in as",
        "TIME-01": NOBODY_THERE,
    },
    "files": {
        "ACC-07": "root has a key of before, and no login any more",
        "FILE-09": "clerks who only use the shares have no home",
        "LOG-02": NOBODY_THERE,
        "NET-08": "names of NetBIOS: accepted to be cut off",
        "SUDO-03": "whose sudo asks for no password is the administrator's to say",
        "TIME-01": NOBODY_THERE,
    },
    "web": {
        "ACC-06": "itadmin has a password of before, and no end of it",
        "FW-05": "ufw saves its own rules in its own way",
        "FW-08": "ufw stays beside the inventory's rules",
        "LOG-02": NOBODY_THERE,
        "PWD-06": "itadmin has a password of before, and no end of it",
        "SVC-08": "the register's service is the town's own: it is declared or waived",
        "TIME-01": NOBODY_THERE,
    },
}
# What an image of last week lacks would be upgraded with what we install, and stay so.
UPDATE = """
export DEBIAN_FRONTEND=noninteractive
apt-get --quiet update && apt-get --quiet --yes --option=Dpkg::Options::=--force-confold upgrade
"""
UPDATE_SECONDS = 600.0
# sshd takes its new settings by starting itself anew: nobody is cut off, newcomers may be refused
# for a moment, which is longer on a busy machine.
RELOADS = 2
MOMENT_SECONDS = 5.0
CHANGED = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0", re.MULTILINE)


def is_reload(failure: Failure) -> bool:
    return failure.service.startswith("ssh-") and "refused" in failure.reason


def moments(failures: Iterable[Failure], service: str) -> int:
    """Count the moments in which a service refused those who asked it."""
    count, last = 0, -MOMENT_SECONDS
    for failure in sorted((f for f in failures if f.service == service), key=lambda f: f.at):
        count += failure.at - last > MOMENT_SECONDS
        last = failure.at
    return count


@pytest.fixture(scope="module")
def variables(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The town's estate; what the servers serve, and who administers them, is declared."""
    folder = tmp_path_factory.mktemp("baseline")
    key = town.key.with_suffix(".pub").read_text().strip().rsplit(" ", 1)[0]
    changes = {
        name: said | {"more_addresses": [a for a in facts.addresses if a != facts.address]}
        for name, said in DECLARED.items()
        if (facts := town.hosts[name])
    }
    town_estate(
        folder / "ours",
        town,
        operations=OPERATIONS,
        estate={
            "administrators": [
                {"name": "Milan", "login": login, "contact": "milan@gradac.example", "keys": [key]}
                for login in ("itadmin", "sysadmin", "referent", "pricalica")
            ]
        },
        changes=changes,
    )
    with packages(town, HOSTS, folder):
        for name in HOSTS:
            town.run(name, "sh", "-c", UPDATE, timeout=UPDATE_SECONDS)
        yield environment(folder / "ours", folder / "state", **password(town))


@pytest.fixture(scope="module")
def before(town: Town, variables: Mapping[str, str]) -> Mapping[str, Picture]:
    """The servers as they were before Bastide changed anything."""
    return {name: picture.take(town, name) for name in HOSTS}


def municipality(variables: Mapping[str, str]) -> Path:
    return Path(variables["BASTIDE_ESTATE"]) / "municipalities" / "gradac.yml"


def run(playbook: str, variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return bastide("playbook", "run", playbook, "--limit", LIMIT, **variables)


def test_a_server_that_nobody_accepted_the_cuts_of_is_not_changed(
    town: Town, variables: Mapping[str, str]
) -> None:
    file = municipality(variables)
    text = file.read_text()
    file.write_text(text.replace("- id: new\n", "- id: new\n  manage: baseline\n"))
    done = run("harden", variables)
    file.write_text(text)
    assert done.returncode == 1
    said = " ".join((done.stdout + done.stderr).split())
    assert "bastide host impact gradac-new --level baseline; --accept" in said
    assert not (town.root("new") / "etc/bastide").exists()


def test_nobody_is_cut_off_and_what_served_goes_on(
    probing: Probing, variables: Mapping[str, str], before: Mapping[str, Picture]
) -> None:
    assert before
    for name in HOSTS:
        accept = ("host", "impact", f"gradac-{name}", "--accept", "Ana", "--write")
        accepted = bastide(*accept, **variables)
        assert accepted.returncode == 0, accepted.stderr
    with probing() as counts:
        for playbook in ("configure", "harden"):
            done = run(playbook, variables)
            assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert not [failure for failure in counts.failures if not is_reload(failure)], counts
    for name in HOSTS:
        assert moments(counts.failures, f"ssh-{name}") <= RELOADS, counts


def test_a_second_run_changes_nothing(variables: Mapping[str, str]) -> None:
    estate = variables["BASTIDE_ESTATE"]
    more = {name: value for name, value in variables.items() if name != "BASTIDE_ESTATE"}
    for playbook in ("configure.yml", "harden.yml"):
        done = ansible_playbook(playbook, "--limit", LIMIT, estate=estate, **more)
        changed = dict(CHANGED.findall(done.stdout))
        assert changed == {f"gradac-{name}": "0" for name in HOSTS}, done.stdout[-6000:]


@pytest.mark.parametrize("name", HOSTS)
def test_every_control_passes_or_is_waived(
    name: str, town: Town, variables: Mapping[str, str]
) -> None:
    # The first comparison of programs goes on when the playbook has ended; this waits for it.
    town.run(name, "systemctl", "start", "bastide-integrity.service", timeout=300)
    done = bastide("audit", "run", "--host", f"gradac-{name}", "--json", **variables)
    (host,) = json.loads(done.stdout)["run"]["hosts"]
    failed = {r["control"]: r["reason"] for r in host["results"] if r["outcome"] == "fail"}
    assert failed.keys() == WAIVED[name].keys(), "\n".join(map(" ".join, failed.items()))
    assert not [r for r in host["results"] if r["outcome"] == "error"]


def test_a_server_at_full_serves_what_it_served_and_what_is_declared(
    town: Town, probing: Probing, variables: Mapping[str, str]
) -> None:
    file = municipality(variables)
    content = yaml.safe_load(file.read_text())
    (entry,) = (host for host in content["hosts"] if host["id"] == "web")
    entry |= FULL
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    accept = ("host", "impact", "gradac-web", "--level", "full", "--accept", "Ana", "--write")
    accepted = bastide(*accept, **variables)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    with probing() as counts:
        for playbook in ("configure", "harden"):
            done = bastide("playbook", "run", playbook, "--limit", "gradac-web", **variables)
            assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert not [failure for failure in counts.failures if not is_reload(failure)], counts
    page = town.run("web", "python3", "-c", ASK, FULL_SITE)
    assert "Opstina Gradac" in page
    databases = town.run("web", "runuser", "-u", "postgres", "--", "psql", "--list", "--csv")
    assert "izvestaji,izvestaji," in databases


@pytest.mark.parametrize("name", HOSTS)
def test_a_released_server_is_what_it_was(
    name: str,
    town: Town,
    probing: Probing,
    variables: Mapping[str, str],
    before: Mapping[str, Picture],
) -> None:
    host = f"gradac-{name}"
    if name == "web":  # what is in databases is never taken away: that is its owner's to do
        for drop in ("dropdb", "dropuser"):
            town.run("web", "runuser", "-u", "postgres", "--", drop, "izvestaji")
    dry = bastide("host", "release", host, "--dry-run", **variables)
    assert "file /etc/sysctl.d/90-bastide.conf" in dry.stdout, dry.stdout + dry.stderr
    with probing() as counts:
        released = bastide("host", "release", host, "--yes", **variables)
    assert released.returncode == 0, released.stdout + released.stderr
    assert not [failure for failure in counts.failures if not is_reload(failure)], counts
    assert lasting(before[name], picture.take(town, name)) == ()
    (entry,) = (
        host
        for host in yaml.safe_load(municipality(variables).read_text())["hosts"]
        if host["id"] == name
    )
    assert entry["manage"] == "watch"
    assert "accepts" not in entry
