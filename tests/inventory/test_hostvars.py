"""What Ansible is told: both shipped estates render, and no secret is among it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from inventory.entries import hosts
from inventory.enums import SnmpVersion
from inventory.hostvars import groups, host_variables
from inventory.load import find_estate, load_estate
from inventory.model import SnmpAccess
from inventory.outputs import Outputs
from inventory.paths import INVENTORY_DIRECTORY
from inventory.secrets import ensure_generated, references, resolve

PLUGIN = INVENTORY_DIRECTORY / "ansible"


@pytest.mark.parametrize("name", ["lab", "pilot"])
def test_every_host_renders_to_plain_json(name: str, tmp_path: Path) -> None:
    estate = load_estate(find_estate(name))
    for entry in hosts(estate):
        variables = host_variables(entry, tmp_path, tmp_path, Outputs(estate=name))
        assert json.loads(json.dumps(variables)) == variables


def test_no_secret_value_is_among_the_variables(tmp_path: Path) -> None:
    estate = load_estate(find_estate("lab"))
    ensure_generated(estate, tmp_path)
    told = json.dumps(
        [host_variables(p, tmp_path, tmp_path, Outputs(estate="lab")) for p in hosts(estate)]
    )
    assert not [ref for ref in references(estate) if resolve(ref, tmp_path) in told]


def test_only_the_operations_host_is_handed_secrets_and_by_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASTIDE_COMMUNITY", "not to be seen")
    lab = load_estate(find_estate("lab"))
    asked = SnmpAccess(version=SnmpVersion.V2C, community="env:BASTIDE_COMMUNITY")
    switch = lab.municipalities[-1].devices[0].model_copy(update={"snmp": asked})
    central = lab.central.model_copy(update={"devices": (switch,)})
    estate = lab.model_copy(update={"central": central})
    for entry in hosts(estate):
        told = host_variables(entry, tmp_path, tmp_path, Outputs(estate="lab"))
        operations = entry.name == "central-ops"
        handed = {"reference": "env:BASTIDE_COMMUNITY", "to": "secrets/_env.BASTIDE_COMMUNITY"}
        assert told["bastide_poller_handed"] == ([handed] if operations else [])
        assert "not to be seen" not in json.dumps(told)


def test_an_edge_forwards_what_its_site_serves_to_others_and_no_more() -> None:
    estate = load_estate(find_estate("lab"))
    edge = next(p for p in hosts(estate) if p.name == "velgora-edge")
    variables = host_variables(edge, Path("/e"), Path("/s"), Outputs(estate="lab"))
    forwarded = {(rule["to"], rule["name"]) for rule in variables["bastide_forwards"]}
    assert ("10.77.1.10", "https") in forwarded
    assert ("10.77.1.30", "snmp") in forwarded
    assert ("10.77.1.11", "smb") not in forwarded


def test_groups_are_roles_places_and_tiers() -> None:
    found = groups(load_estate(find_estate("lab")))
    assert found["vault"] == ("central-vault",)
    assert found["tier_village"] == ("aynzuhur-edge", "aynzuhur-server")


def ansible_inventory(estate: str, state: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "ansible-inventory"
    return subprocess.run(
        [str(program), "-i", str(PLUGIN / "estate.bastide.yml"), "--list"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "ANSIBLE_INVENTORY_PLUGINS": str(PLUGIN),
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
            "BASTIDE_ESTATE": estate,
            "BASTIDE_STATE_HOME": str(state),
        },
    )


def test_ansibles_own_program_reads_the_pilot_through_the_plugin(tmp_path: Path) -> None:
    result = ansible_inventory("pilot", tmp_path)
    assert result.returncode == 0, result.stderr
    assert len(json.loads(result.stdout)["_meta"]["hostvars"]) == 25


def test_ansible_is_told_every_problem_of_a_broken_estate(tmp_path: Path) -> None:
    result = ansible_inventory(str(tmp_path), tmp_path)
    assert result.returncode != 0
    assert "there is no estate here" in result.stderr
