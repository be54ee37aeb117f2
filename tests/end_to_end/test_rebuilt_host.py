"""A drill to depth L6 on the lab: a host is made anew beside the original, and found healthy."""

import json
import subprocess

import pytest

from bastide.support.estate import EstateContext
from monitors.continuity.records import Depth, DrillResult
from tests.command import bastide, bastide_json

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.timeout(3600)]

HOST = "kastrava-app"
FIRST_PERMITS = 360


def test_a_host_is_rebuilt_restored_and_found_healthy_and_compliant(lab: EstateContext) -> None:
    estate = ("--estate", lab.estate.estate)
    done = bastide("backup", "drill", HOST, "--depth", "L6", "--json", *estate)
    assert done.returncode == 0, done.stderr
    (result,) = (DrillResult.model_validate(found) for found in json.loads(done.stdout))
    assert (result.ok, result.depth) == (True, Depth.HOST)
    assert result.rows["public.permits"] >= FIRST_PERMITS
    assert result.files_verified > 0
    waves = bastide_json("backup", "plan", *estate)["waves"]
    measured = {host["host"]: host["machine_measured"] for wave in waves for host in wave["hosts"]}
    assert measured[HOST]
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert f"{lab.estate.estate}drill" not in left.stdout
    assert not (lab.state / "rebuilt").exists()
