"""`bastide inventory`: the estate checked, shown whole, and its schema."""

import json
import shutil
from pathlib import Path

import pytest

from inventory.entries import devices, hosts, services, tenants
from inventory.load import load_estate
from inventory.paths import SHIPPED_ESTATES
from inventory.schema import schema_text
from tests.bastide.estates import new_estate
from tests.command import bastide_here, bastide_json


@pytest.mark.parametrize("name", ["lab", "pilot"])
def test_everything_is_shown_with_its_whole_name_and_address(name: str) -> None:
    estate = load_estate(SHIPPED_ESTATES / name)
    table = bastide_here("inventory", "show", "--estate", name, COLUMNS="40").stdout
    rows = bastide_json("inventory", "show", "--estate", name)
    expected = [
        *(("host", entry.name, str(entry.host.address)) for entry in hosts(estate)),
        *(("device", entry.name, str(entry.device.address)) for entry in devices(estate)),
        *(("service", entry.name, entry.service.url) for entry in services(estate)),
        *(
            ("contact", contact.name, ", ".join(filter(None, (contact.phone, contact.email))))
            for tenant in tenants(estate)
            for contact in tenant.content.contacts
        ),
    ]
    assert [(row["kind"], row["name"], row["address"]) for row in rows] == expected
    for row in rows:
        assert any(row["name"] in line and row["address"] in line for line in table.splitlines())


def test_whom_to_call_is_shown_with_number_address_and_duty(tmp_path: Path) -> None:
    estate = new_estate(tmp_path / "ours")
    file = estate / "municipalities" / "gornjilug.yml"
    file.write_text(file.read_text().replace("    email:", '    phone: "+1 555 0100"\n    email:'))
    (line,) = (
        line
        for line in bastide_here("inventory", "show", "--estate", str(estate)).stdout.splitlines()
        if "IT desk" in line
    )
    for told in ("contact", "+1 555 0100, it@gornjilug", "IT administrator of Gornji Lug"):
        assert told in line


def test_every_way_to_a_host_or_device_is_shown(tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    shutil.copytree(SHIPPED_ESTATES / "lab", estate)
    file = estate / "municipalities" / "velgora.yml"
    both = "kind: ups\n    parent: [velgora-edge, velgora-switch]"
    file.write_text(file.read_text().replace("kind: ups", both))
    (line,) = (
        line
        for line in bastide_here("inventory", "show", "--estate", str(estate)).stdout.splitlines()
        if "velgora-ups" in line
    )
    assert line.rstrip(" │|").endswith("velgora-edge, velgora-switch")
    rows = bastide_json("inventory", "show", "--estate", str(estate))
    parents = {row["name"]: row["parent"] for row in rows}
    assert parents["velgora-ups"] == "velgora-edge, velgora-switch"
    assert parents["velgora-edge"] == ""


def test_a_sound_estate_is_counted() -> None:
    done = bastide_here("inventory", "check", "--estate", "lab")
    values = bastide_json("inventory", "check", "--estate", "lab")
    assert done.returncode == 0
    assert "well: 3 municipalities" in done.stdout
    assert values["problems"] == []
    assert values["municipalities"] == 3


def test_problems_are_json_for_programs_and_exit_2(tmp_path: Path) -> None:
    bastide_here("init", str(tmp_path / "ours"))
    done = bastide_here("inventory", "check", "--estate", str(tmp_path / "ours"), "--json")
    assert done.returncode == 2
    problems = json.loads(done.stdout)["problems"]
    assert {Path(problem["file"]).name for problem in problems} == {"central.yml"}
    assert all(problem["line"] > 0 for problem in problems)


def test_a_profile_that_does_not_exist_is_a_finding(tmp_path: Path) -> None:
    estate = new_estate(tmp_path / "ours")
    file = estate / "municipalities" / "gornjilug.yml"
    file.write_text(file.read_text().replace("kind: ups\n", "kind: ups\n    profiles: [toaster]\n"))
    done = bastide_here("inventory", "check", "--estate", str(estate))
    assert done.returncode == 1
    assert "toaster" in done.stdout


def test_secrets_that_are_elsewhere_are_noted_and_no_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("BASTIDE_SNMP_AUTH", raising=False)
    done = bastide_here("inventory", "check", "--estate", "pilot")
    assert done.returncode == 0
    assert "secrets cannot be had here" in done.stdout


def test_the_schema_is_the_one_that_ships() -> None:
    assert bastide_here("inventory", "schema").stdout == schema_text()
