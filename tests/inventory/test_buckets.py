"""A bucket as the second copy: where it counts, where not, and who is told what of it."""

from datetime import date
from pathlib import Path

import pytest

from inventory.backup_plans import put_into_buckets
from inventory.copies import lapsed
from inventory.entries import hosts
from inventory.hostvars import host_variables
from inventory.load import load_estate
from inventory.outputs import Outputs
from inventory.secrets import references
from tests.inventory.test_load import edited_lab, problems_of

BUCKETS = """
buckets:
  - id: offsite
    endpoint: {endpoint}
    bucket: copies
    lock_days: {days}
    writer: {{access_key: writer, secret_key: "file:/root/writer"}}
    reader: {{access_key: reader, secret_key: "vault:secrets.yml#reader"}}
"""
TOWN = {
    "file": "municipalities/velgora.yml",
    "find": "tier: city\n",
    "write": "tier: city\nsecond_target: offsite\n",
}
BESIDE = {
    "file": "central.yml",
    "find": "    roles: [scratch]\n",
    "write": "    roles: [scratch]\n    backups: [{id: all, target: central-vault, "
    "second_target: offsite, paths: [/srv], password: 'generated:all'}]\n",
}


def with_bucket(
    folder: Path, case: dict[str, str], endpoint: str = "https://s3.example", days: int = 180
) -> Path:
    """The lab with a bucket, and something that names it."""
    estate = edited_lab(folder, case)
    with (estate / "estate.yml").open("a") as file:
        file.write(BUCKETS.format(endpoint=endpoint, days=days))
    return estate


@pytest.mark.parametrize(
    ("endpoint", "days", "message"),
    [
        ("https://10.77.0.99:9000", 180, "stands at centre, the site of central-vault with the"),
        ("https://vault.central.lab.test", 180, "stands at centre, the site of central-vault"),
        ("https://10.77.1.99", 180, "stands at hall, the site of velgora-app with the data"),
        ("https://s3.example", 30, "and what the bucket offsite takes in is locked for 30"),
    ],
)
def test_a_bucket_beside_a_copy_or_with_a_short_lock_is_no_second_copy(
    endpoint: str, days: int, message: str, tmp_path: Path
) -> None:
    found = problems_of(with_bucket(tmp_path, TOWN, endpoint, days))
    assert any(message in problem.message for problem in found), found
    assert {problem.path for problem in found} == {"second_target"}
    assert all("a bucket away from the data" in problem.expected for problem in found)


def test_a_bucket_that_the_estate_has_not_is_no_name(tmp_path: Path) -> None:
    (problem, *_) = problems_of(
        with_bucket(tmp_path, {**TOWN, "write": "tier: city\nsecond_target: offside\n"})
    )
    assert "there is no host or device 'offside'" in problem.message
    assert "did you mean offsite?" in problem.action


def test_beside_a_bucket_the_first_copy_may_stand_at_the_site_of_the_data(tmp_path: Path) -> None:
    estate = load_estate(with_bucket(tmp_path, BESIDE))
    assert not any("central-scratch" in text for text in lapsed(estate, date(2026, 12, 1)))


def test_a_host_that_keeps_its_first_copy_itself_has_none_beside_a_bucket(tmp_path: Path) -> None:
    write = BESIDE["write"].replace("roles: [scratch]", "roles: [scratch, vault]")
    case = {**BESIDE, "write": write.replace("target: central-vault", "target: central-scratch", 1)}
    found = problems_of(with_bucket(tmp_path, case))
    assert any("central-scratch would keep its copies itself" in p.message for p in found)


def test_the_first_target_is_given_the_writer_and_drills_the_reader(tmp_path: Path) -> None:
    folder = with_bucket(tmp_path, TOWN)
    estate = load_estate(folder)
    variables = {
        entry.name: host_variables(entry, folder, tmp_path, Outputs(estate="lab"))
        for entry in hosts(estate)
    }
    (bucket,) = variables["central-vault"]["bastide_buckets"]
    assert bucket["copies"] == ["velgora-app/permits", "velgora-files/shares"]
    assert (bucket["access_key"], bucket["secret_key"]) == ("writer", "file:/root/writer")
    assert (bucket["target"], bucket["lock_days"]) == ("offsite", 180)
    (plan,) = variables["velgora-app"]["bastide_backups"]
    assert (plan["copies"], plan["bucket"]["access_key"]) == ([], "reader")
    assert variables["central-vault"]["bastide_pulled_by"] == []
    for name, own in variables.items():
        assert name == "central-vault" or own["bastide_buckets"] == []
    assert {"file:/root/writer", f"vault:{folder}/secrets.yml#reader"} <= {*references(estate)}
    (vault,) = (entry for entry in hosts(estate) if entry.name == "central-vault")
    assert {copy.name for copy, _ in put_into_buckets(vault)} == {*bucket["copies"]}
