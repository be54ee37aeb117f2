"""What hosts say of the timers of their backups, as metrics of node_exporter."""

import os
import re
import subprocess
from pathlib import Path

from tests.playbooks.ansible import ROLES
from tests.playbooks.stubs import Stubs

PROGRAM = ROLES / "backup_client/files/timers_state.sh"
SAMPLE = re.compile(r'^bastide_backup_timer_enabled\{plan="(\w)"\} (\d)$', re.MULTILINE)
# What `systemctl is-enabled` says of each (systemctl(1)).
SAYS = "case $2 in *-a.*) echo enabled;; *-b.*) echo disabled; exit 1;; *-c.*) exit 1;; esac"


def run(folder: Path, *plans: str, path: Path) -> None:
    found = {"PATH": f"{path}:{os.environ['PATH']}"}
    subprocess.run(["/bin/sh", PROGRAM, folder, *plans], check=True, env=found, timeout=60)


def test_where_node_exporter_is_anothers_nothing_is_left(tmp_path: Path) -> None:
    run(tmp_path / "none", "a", path=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_timer_that_does_not_come_back_with_the_host_is_not_enabled(tmp_path: Path) -> None:
    stubs = Stubs(tmp_path / "programs")
    stubs.put("systemctl", SAYS.replace("esac", "*-d.*) echo enabled-runtime;; esac"))
    left = tmp_path / "left"
    left.mkdir()
    run(left, "a", "b", "c", "d", path=stubs.folder)
    (file,) = left.iterdir()
    assert file.name == "backup_timers.prom"
    found = dict(SAMPLE.findall(file.read_text()))
    assert found == {"a": "1", "b": "0", "c": "0", "d": "0"}
