import json
from pathlib import Path
from typing import Any

import pytest

from infra.errors import InfraError
from infra.outputs import write_outputs
from inventory.outputs import load_outputs

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVFsWbnXqY0tsf8e7PyzGS6QG4aBnyqSYuVOJq2W1cN"
HOST: dict[str, Any] = {"address": "10.77.1.10", "host_key": KEY, "provider": "lab"}
GOOD: dict[str, Any] = {"estate": "lab", "hosts": {"velgora-app": HOST}}

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another estate": ({"estate": "pilot"}, "estate pilot"),
    "no host key": ({"hosts": {"velgora-app": HOST | {"host_key": None}}}, "host_key"),
    "an unknown output": ({"colour": "red"}, "colour"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_outputs_are_refused_and_the_old_ones_stay(case: str, tmp_path: Path) -> None:
    change, message = WRONG[case]
    write_outputs(GOOD, "lab", tmp_path)
    with pytest.raises(InfraError, match=message):
        write_outputs(GOOD | change, "lab", tmp_path)
    assert json.loads((tmp_path / "outputs.json").read_text())["estate"] == "lab"


def test_outputs_are_read_as_they_were_written_with_pinned_keys(tmp_path: Path) -> None:
    written = write_outputs(GOOD, "lab", tmp_path)
    assert load_outputs(tmp_path) == written
    known_hosts = tmp_path / "ssh" / "known_hosts"
    assert known_hosts.read_text() == f"velgora-app,10.77.1.10 {KEY}\n"
    assert known_hosts.stat().st_mode & 0o777 == 0o600
