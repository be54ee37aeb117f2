"""systemd understands every line of the units and drop-ins that the roles install."""

import subprocess

import pytest

from bastide.support.estate import EstateContext
from inventory.entries import hosts

pytestmark = pytest.mark.lab

FOLDER = "/etc/systemd/system"
# Each unit file of ours, and each unit that has a drop-in; templates have no instance to verify.
VERIFY = f"""
cd {FOLDER}
files=$(ls -d *.service *.socket *.timer *.path *.d 2>/dev/null)
units=$(echo "$files" | sed 's/[.]d$//' | grep -v '@\\|-[.]' | sort -u)
echo $units
systemd-analyze verify --man=no $units 2>&1
"""


def test_no_line_is_ignored(lab: EstateContext) -> None:
    ignored = []
    for entry in hosts(lab.estate):
        done = subprocess.run(
            ["ssh", "-F", lab.state / "ssh/config", "-oBatchMode=yes", entry.name, VERIFY],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        units, *lines = done.stdout.splitlines()
        assert "bastide-firewall.service" in units, done.stderr
        ignored += [f"{entry.name}: {line}" for line in lines if FOLDER in line]
    assert not ignored
