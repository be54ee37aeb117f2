"""The runbook for a host that lets nobody in, word for word on the console of a lab host."""

import re
import subprocess

import pytest

from bastide.support.estate import EstateContext
from inventory.paths import shipped
from tests.command import bastide
from tests.playbooks.test_faults_lab import HOST, on_host

pytestmark = [pytest.mark.lab, pytest.mark.root]

RUNBOOK = shipped("runbooks") / "procedures" / "break-glass.md"
# As if somebody had written it by hand: nothing of it is pending, nothing reverts it.
SHUT = """
printf 'AllowUsers nobody\\n' > /etc/ssh/sshd_config.d/00-bastide.conf
systemctl reload ssh
nft flush table inet bastide
nft 'add chain inet bastide shut { type filter hook input priority -200; policy drop; }'
"""


def console(script: str) -> "subprocess.CompletedProcess[str]":
    """Run a script as root at the host's console would."""
    name = f"systemd-nspawn .*--machine=lab-{HOST}( |$)"
    container = subprocess.run(["pgrep", "-f", name], capture_output=True, text=True, check=True)
    init = subprocess.run(
        ["pgrep", "-P", container.stdout.split()[0]], capture_output=True, text=True, check=True
    )
    enter = ["nsenter", "--all", "--target", init.stdout.split()[0], "sh", "-c", script]
    return subprocess.run(enter, capture_output=True, text=True, check=False, timeout=120)


def test_the_console_lets_administrators_in_again_and_a_run_mends_the_rest(
    lab: EstateContext,
) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", RUNBOOK.read_text("utf-8"), re.DOTALL)
    assert on_host(lab, "true").returncode == 0
    try:
        assert console(SHUT).returncode == 0
        assert on_host(lab, "true").returncode == 255
    finally:
        done = console(block)
    assert done.returncode == 0, done.stderr
    assert on_host(lab, "true").returncode == 0

    for playbook in ("configure", "harden"):
        run = bastide("playbook", "run", playbook, "--limit", HOST, "--estate", "lab")
        assert run.returncode == 0, run.stdout + run.stderr
    found = on_host(lab, "nft list table inet bastide; cat /etc/ssh/sshd_config.d/00-bastide.conf")
    assert found.returncode == 0
    assert "policy drop" in found.stdout
    assert "AllowUsers nobody" not in found.stdout
