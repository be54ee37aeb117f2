"""Which process is the running server, among those that its restart has left."""

import os
import subprocess
from pathlib import Path

import pytest

from monitors.audit.facts.sshd import SSHD_EFFECTIVE
from tests.playbooks.stubs import Stubs

LISTENER = "65885 sshd: /usr/sbin/sshd -D -o MaxAuthTries=50 [listener] 0 of 10-60 startups"


@pytest.mark.parametrize(
    "processes",
    [
        LISTENER,
        "65885 /usr/sbin/sshd -D -o MaxAuthTries=50",
        # Logins outlive the server that they came by, and its successor has a higher number.
        f"65298 sshd: root@notty\n{LISTENER}",
        f"65298 sshd: ana [priv]\n{LISTENER}\n65900 sshd: ana@pts/0",
    ],
)
def test_the_server_is_told_from_logins_that_are_left_over(processes: str, tmp_path: Path) -> None:
    stubs = Stubs(tmp_path / "bin")
    stubs.put("pgrep", f"echo '{processes}'")
    stubs.put("sshd", "echo maxauthtries 50")
    done = subprocess.run(
        ["sh", "-c", SSHD_EFFECTIVE],
        env={**os.environ, "PATH": f"{stubs.folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("maxauthtries 50\n")
    assert stubs.calls("sshd")[0].startswith("-T -D -o MaxAuthTries=50 -C user=root")
