import json
from pathlib import Path
from typing import Any

import pytest

from infra.errors import InfraError
from infra.outputs import write_outputs
from inventory.load import find_estate, load_estate
from inventory.outputs import load_outputs

LAB = load_estate(find_estate("lab"))
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVFsWbnXqY0tsf8e7PyzGS6QG4aBnyqSYuVOJq2W1cN"
HOST: dict[str, Any] = {"address": "10.77.1.10", "host_key": KEY, "provider": "lab"}
GOOD: dict[str, Any] = {"estate": "lab", "hosts": {"velgora-app": HOST}}

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another estate": ({"estate": "pilot"}, "estate pilot"),
    "a damaged host key": ({"hosts": {"velgora-app": HOST | {"host_key": "ssh-x"}}}, "host_key"),
    "an unknown output": ({"colour": "red"}, "colour"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_outputs_are_refused_and_the_old_ones_stay(case: str, tmp_path: Path) -> None:
    change, message = WRONG[case]
    write_outputs(GOOD, LAB, tmp_path)
    with pytest.raises(InfraError, match=message):
        write_outputs(GOOD | change, LAB, tmp_path)
    assert json.loads((tmp_path / "outputs.json").read_text())["estate"] == "lab"


def test_outputs_are_read_as_they_were_written_with_pinned_keys(tmp_path: Path) -> None:
    written = write_outputs(GOOD, LAB, tmp_path)
    assert load_outputs(tmp_path) == written
    known_hosts = tmp_path / "ssh" / "known_hosts"
    assert known_hosts.read_text() == f"velgora-app,10.77.1.10 {KEY}\n"
    assert "Host velgora-app\n  HostName 10.77.1.10\n" in (tmp_path / "ssh/config").read_text()
    assert known_hosts.stat().st_mode & 0o777 == 0o600
