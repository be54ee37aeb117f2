"""Minimal images: what installs Python there, and what Ansible's apt needs, as the hosts run it."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.playbooks.ansible import ROLES
from tests.playbooks.stubs import Stubs

TASKS = yaml.safe_load((ROLES / "base" / "tasks" / "python.yml").read_text())
SCRIPT = TASKS[0]["ansible.builtin.raw"]
INSTALL = "--quiet --yes --no-install-recommends install python3 python3-apt"
# What dpkg-query says of python3-apt, and whether it is installed then.
SAID = {
    "installed": ("echo installed", True),
    "never there": ("echo 'no packages found' >&2; exit 1", False),
    "removed, its settings kept": ("echo config-files", False),
    "half installed": ("echo half-installed", False),
}


@pytest.mark.parametrize("case", SAID)
def test_python3_apt_is_installed_where_it_is_missing_beside_python(
    case: str, tmp_path: Path
) -> None:
    said, there = SAID[case]
    stubs = Stubs(tmp_path / "bin")
    stubs.put("dpkg-query", said)
    stubs.put("apt-get", "true")
    done = subprocess.run(
        ["/bin/sh", "-c", SCRIPT], capture_output=True, text=True, check=True,
        env={"PATH": f"{stubs.folder}:/usr/bin:/bin"},
    )  # fmt: skip
    assert ("bastide-installed" in done.stdout) is not there
    assert (INSTALL in stubs.calls("apt-get")) is not there
