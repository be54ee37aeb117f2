"""On a running lab host: both ways of judging agree, and the audit key opens nothing else."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET  # our own pytest wrote it
from pathlib import Path

import pytest

from bastide.opened import Opened
from inventory.outputs import load_outputs
from monitors.security.audit import run_audit
from monitors.security.exchange import AUDIT_USER
from monitors.security.results import HostAudit, Outcome
from tests.monitors.security.estates import TABLE

HOST = "velgora-app"
CHECKS = Path(__file__).resolve().parents[3] / "monitors/security/checks"
pytestmark = pytest.mark.lab


def ssh_config(lab: Opened, folder: Path, user: str, key: str) -> Path:
    """Write an OpenSSH configuration that reaches the host by name, host keys pinned."""
    file = folder / f"ssh_config_{key}"
    file.write_text(
        f"Host {HOST}\n  HostName {load_outputs(lab.state).hosts[HOST].address}\n  User {user}\n"
        f"  IdentityFile {lab.state}/ssh/{key}\n  IdentitiesOnly yes\n  BatchMode yes\n"
        f"  UserKnownHostsFile {lab.state}/ssh/known_hosts\n  StrictHostKeyChecking yes\n"
    )
    return file


def own_state(lab: Opened, folder: Path) -> Path:
    """Return a state folder with the lab's keys, so that a test's audit stays the test's."""
    state = folder / "state"
    state.mkdir()
    for name in ("ssh", "outputs.json"):
        (state / name).symlink_to(lab.state / name)
    return state


def audited(lab: Opened, folder: Path) -> HostAudit:
    return run_audit(lab.estate, own_state(lab, folder), hosts=[HOST]).hosts[0]


def with_plain_pytest(lab: Opened, folder: Path) -> dict[str, str]:
    """Run the checks with unmodified pytest over ssh; return outcomes by check function."""
    report, config = folder / "junit.xml", ssh_config(lab, folder, "root", "admin")
    options = (f"--hosts=ssh://{HOST}", f"--ssh-config={config}", f"--junitxml={report}")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CHECKS), *options],
        env={**os.environ, "BASTIDE_ESTATE": str(lab.folder)},
        capture_output=True,
        check=False,
    )
    found = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314
        kinds = {child.tag for child in case}
        outcome = "fail" if "failure" in kinds else "skip" if "skipped" in kinds else "pass"
        found[case.attrib["name"].partition("[")[0]] = "error" if "error" in kinds else outcome
    return found


@pytest.mark.parametrize(
    "wish",
    [["id"], ["-t", "id"], ["-s", "sftp"], ["sudo -l"], ["cat /etc/shadow; /bin/sh -i"]],
    ids=" ".join,
)
def test_whatever_the_audit_key_asks_for_it_gets_a_bundle(
    lab: Opened, tmp_path: Path, wish: list[str]
) -> None:
    config = ssh_config(lab, tmp_path, AUDIT_USER, "audit")
    options, command = wish[:-1], wish[-1]

    done = subprocess.run(
        ["ssh", "-F", config, *options, HOST, command], capture_output=True, check=False
    )

    assert done.stdout.startswith(b"bastide-bundle 1 ")
    assert b"uid=" not in done.stdout[:200]


def test_the_audit_key_forwards_nothing(lab: Opened, tmp_path: Path) -> None:
    config = ssh_config(lab, tmp_path, AUDIT_USER, "audit")

    done = subprocess.run(
        ["ssh", "-F", config, "-W", "127.0.0.1:22", HOST], capture_output=True, check=False
    )

    assert done.returncode != 0
    assert b"SSH-2.0" not in done.stdout


def test_the_audit_account_cannot_change_what_it_may_do(lab: Opened, tmp_path: Path) -> None:
    config = ssh_config(lab, tmp_path, "root", "admin")
    written = "find /var/lib/bastide-audit /usr/local/libexec/bastide /etc/sudoers.d/bastide-audit"

    done = subprocess.run(
        ["ssh", "-F", config, HOST, f"{written} \\( ! -user root -o -perm /022 \\) -print"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == ""


def test_unmodified_pytest_and_the_bundle_give_the_same_outcomes(
    lab: Opened, tmp_path: Path
) -> None:
    bundled = {result.control: result.outcome for result in audited(lab, tmp_path).results}
    plain = with_plain_pytest(lab, tmp_path)

    by_control = {c.id: plain[c.check.partition(".")[2]] for c in TABLE.controls}

    assert by_control == {control: str(outcome) for control, outcome in bundled.items()}


def test_the_hardened_host_has_no_control_that_could_not_be_determined(
    lab: Opened, tmp_path: Path
) -> None:
    found = audited(lab, tmp_path)

    assert found.problem == ""
    assert [r.reason for r in found.results if r.outcome is Outcome.ERROR] == []
