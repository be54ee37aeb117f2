"""What the role ssh asks a server before its settings count, of stubs that answer as sshd does."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.playbooks.stubs import Stubs

VARIABLES = (
    Path(__file__).resolve().parents[2] / "playbooks" / "roles" / "ssh" / "vars" / "main.yml"
)


def asked(folder: Path, effective: str) -> "subprocess.CompletedProcess[str]":
    """Ask a server that says these settings are in effect whether it reads ours."""
    stubs = Stubs(folder / "bin")
    stubs.put("sshd", f"printf '{effective}'")
    command = yaml.safe_load(VARIABLES.read_text(encoding="utf-8"))["ssh_reads_ours"]
    return subprocess.run(
        ["/bin/sh", "-c", command.replace("{{ ansible_user }}", "it.admin")],
        env={"PATH": f"{stubs.folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "effective", ["", "port 22\n", "allowusers root\n", "allowusers it-admin\nallowgroups *\n"]
)
def test_a_server_that_reads_no_drop_ins_is_told(tmp_path: Path, effective: str) -> None:
    done = asked(tmp_path, effective)
    assert done.returncode == 1
    assert "Include /etc/ssh/sshd_config.d/*.conf" in done.stderr


def test_others_names_beside_ours_are_no_fault(tmp_path: Path) -> None:
    done = asked(tmp_path, "allowusers milan@10.0.0.*\nallowusers it.admin\n")
    assert (done.returncode, done.stderr) == (0, "")
