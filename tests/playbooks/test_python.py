"""Minimal images: what installs Python there, and what Ansible's apt needs, as the hosts run it."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.playbooks.ansible import ROLES
from tests.playbooks.stubs import Stubs

TASKS = yaml.safe_load((ROLES / "base" / "tasks" / "python.yml").read_text())
SCRIPT = TASKS[0]["ansible.builtin.raw"]
OURS = "/var/lib/bastide"
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
        ["/bin/sh", "-c", SCRIPT.replace(OURS, str(tmp_path / "ours"))],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{stubs.folder}:/usr/bin:/bin"},
    )
    assert ("bastide-installed" in done.stdout) is not there
    assert (INSTALL in stubs.calls("apt-get")) is not there


def test_what_came_with_it_is_written_down_for_a_release(tmp_path: Path) -> None:
    stubs, ours = Stubs(tmp_path / "bin"), tmp_path / "ours"
    listed = tmp_path / "listed"
    listed.write_text("installed libc6\nconfig-files python3-apt\n")
    stubs.put("dpkg-query", f"cat {listed}")
    now = "\\n".join(f"installed {name}" for name in ("libc6", "python3-apt", "distro-info-data"))
    stubs.put("apt-get", f"printf '{now}\\n' > {listed}")
    subprocess.run(
        ["/bin/sh", "-c", SCRIPT.replace(OURS, str(ours))],
        check=True,
        env={"PATH": f"{stubs.folder}:/usr/bin:/bin"},
    )
    assert (ours / "python-packages").read_text().split() == ["python3-apt", "distro-info-data"]


def test_an_apt_that_fails_is_a_failure(tmp_path: Path) -> None:
    stubs = Stubs(tmp_path / "bin")
    stubs.put("dpkg-query", "exit 1")
    stubs.put("apt-get", "echo 'no route' >&2; exit 100")
    done = subprocess.run(
        ["/bin/sh", "-c", SCRIPT.replace(OURS, str(tmp_path / "ours"))],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": f"{stubs.folder}:/usr/bin:/bin"},
    )
    assert done.returncode == 100
    assert "bastide-installed" not in done.stdout
