"""A strange town's server brought to the baseline: nobody is cut off, and what served goes on."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.bastide.estates import host_key
from tests.command import bastide
from tests.playbooks.ansible import ansible_playbook
from tests.strange_town.fixtures import Probing
from tests.strange_town.mirror import packages
from tests.strange_town.prober import Failure
from tests.strange_town.town import Town
from tests.town_estate import environment, password, town_estate

pytestmark = [pytest.mark.town, pytest.mark.root, pytest.mark.timeout(3600)]

HOST = "gradac-new"
ADMINISTRATOR = "itadmin"
# Nobody has to be there for a town's server to be hardened: logs wait, the clock is its own.
OPERATIONS = {
    "id": "ops",
    "site": "hq",
    "address": "192.0.2.10",
    "manage": "full",
    "roles": ["operations"],
    "host_key": host_key(0),
}

# What an administrator of this server would waive, each with why.
WAIVED = {
    "ACC-06": "itadmin has a password of before, and no end of it",
    "ACC-07": "the key that we log in with was root's before",
    "LOG-02": "the machine for operations is not there",
    "MON-05": "the exporter is the administrator's own, and the firewall narrows it",
    "PWD-06": "itadmin has a password of before, and no end of it",
    "SSH-07": "root is who we log in as",
    "TIME-01": "the machine for operations is not there",
}
# sshd takes its new settings by starting itself anew: nobody is cut off, a newcomer may be refused.
RELOADS = 2


def is_reload(failure: Failure) -> bool:
    return failure.service == "ssh-new" and "refused" in failure.reason


@pytest.fixture(scope="module")
def variables(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The town's estate; what the server measures with, and who administers it, is declared."""
    folder = tmp_path_factory.mktemp("baseline")
    person = {"name": "Milan", "login": ADMINISTRATOR, "contact": "milan@gradac.example"}
    key = town.key.with_suffix(".pub").read_text().strip().rsplit(" ", 1)[0]
    town_estate(
        folder / "ours",
        town,
        operations=OPERATIONS,
        estate={"administrators": [{**person, "keys": [key]}]},
        changes={
            "new": {
                "exporters": ["node_exporter"],
                "more_addresses": [town.hosts["new"].addresses[1]],
                "listens": [{"port": 9100, "name": "measuring", "access": "management"}],
            }
        },
    )
    with packages(town, "new", folder):
        yield environment(folder / "ours", folder / "state", **password(town))


def raised(variables: Mapping[str, str]) -> Path:
    return Path(variables["BASTIDE_ESTATE"]) / "municipalities" / "gradac.yml"


def test_a_server_that_nobody_accepted_the_cuts_of_is_not_changed(
    town: Town, variables: Mapping[str, str]
) -> None:
    text = raised(variables).read_text()
    raised(variables).write_text(text.replace("- id: new\n", "- id: new\n  manage: baseline\n"))
    done = bastide("playbook", "run", "harden", "--limit", HOST, **variables)
    raised(variables).write_text(text)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert f"bastide host impact {HOST} --level baseline; --accept" in " ".join(said.split())
    assert not (town.root("new") / "etc/bastide").exists()


def test_nobody_is_cut_off_and_what_served_goes_on(
    town: Town, probing: Probing, variables: Mapping[str, str]
) -> None:
    accept = ("host", "impact", HOST, "--level", "baseline", "--accept", "Ana", "--write")
    accepted = bastide(*accept, **variables)
    assert accepted.returncode in (0, 1), accepted.stderr
    with probing() as counts:
        for playbook in ("configure", "harden"):
            done = bastide("playbook", "run", playbook, "--limit", HOST, **variables)
            assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    assert not [failure for failure in counts.failures if not is_reload(failure)], counts
    assert len(counts.failures) <= RELOADS, counts


def test_a_second_run_changes_nothing(variables: Mapping[str, str]) -> None:
    estate = variables["BASTIDE_ESTATE"]
    for playbook in ("configure.yml", "harden.yml"):
        done = ansible_playbook(playbook, "--limit", HOST, estate=estate, **variables)
        assert done.returncode == 0, done.stdout[-3000:]
        assert f"{HOST}" in done.stdout
        assert "changed=0" in done.stdout, done.stdout[-3000:]


def test_every_control_passes_or_says_why(variables: Mapping[str, str]) -> None:
    done = bastide("audit", "run", "--host", HOST, "--json", **variables)
    (host,) = json.loads(done.stdout)["run"]["hosts"]
    failed = {r["control"]: r["reason"] for r in host["results"] if r["outcome"] == "fail"}
    assert failed.keys() == WAIVED.keys(), failed
    assert not [r for r in host["results"] if r["outcome"] == "error"]
