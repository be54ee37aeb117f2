"""Locking ourselves out of a real host, by SSH's settings and by PAM: it lets us in again."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import pytest

from bastide.support.estate import EstateContext
from tests.command import bastide
from tests.playbooks.ansible import ansible_playbook

pytestmark = [pytest.mark.lab, pytest.mark.root]

HOST = "velgora-files"
SETTINGS = "/etc/ssh/sshd_config.d/00-bastide.conf"
LOGIN_KEYS = "/etc/bastide/login_keys"
REVOKED = "/etc/bastide/revoked_keys /etc/ssh/sshd_config.d/00-bastide-revoked.conf"
SHOWN = f"cat {SETTINGS}; stat --format '%a %U:%G %y' {SETTINGS}"
OUTCOMES = "cat /var/lib/bastide/changes/*/outcome.json"
PROGRAM = "python3 -IB /usr/local/libexec/bastide/commit_confirmed"
STACKS = "cat /etc/pam.d/common-* /etc/pam.d/su"
NOTIFY = "/usr/share/pam-configs/bastide-faillock-notify"
# A profile that counts failures and, by mistake, lets nobody in whom it did not ask.
SHUTS_OUT = (
    f"sed -i 's/^\\trequired\\tpam_faillock.so$/\\trequisite\\tpam_deny.so/' {NOTIFY}; "
    "pam-auth-update --remove bastide-faillock-notify"
)


def on_host(lab: EstateContext, command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command on the host over a new SSH connection."""
    return subprocess.run(
        ["ssh", "-F", lab.state / "ssh/config", "-oBatchMode=yes", HOST, command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def harden(tags: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return ansible_playbook("harden.yml", "--tags", tags, "--limit", HOST, *arguments)


def until_let_in(lab: EstateContext) -> None:
    """Wait until a new login gets through, as the host's own timer must bring about."""
    end = time.monotonic() + 60
    while on_host(lab, "true").returncode != 0:
        assert time.monotonic() < end, f"{HOST} still lets nobody in"
        time.sleep(1)


@pytest.fixture
def _as_it_was(lab: EstateContext) -> Iterator[None]:
    """Harden the host again afterwards, whatever the test has left."""
    yield
    until_let_in(lab)
    assert harden("ssh,accounts").returncode == 0


@pytest.mark.usefixtures("_as_it_was")
def test_settings_that_shut_us_out_are_put_back_by_the_host_itself(lab: EstateContext) -> None:
    before = on_host(lab, SHOWN).stdout

    done = harden("ssh", "-e", "ssh_permit_root_login=no", "-e", "ssh_revert_after_seconds=15")

    assert done.returncode != 0
    assert f"{HOST}: no new SSH connection to root@" in done.stdout
    assert "Permission denied" in done.stdout
    until_let_in(lab)
    assert on_host(lab, SHOWN).stdout == before
    assert "nobody confirmed it in time" in on_host(lab, OUTCOMES).stdout


@pytest.mark.usefixtures("_as_it_was")
def test_settings_that_the_server_refuses_are_put_back_at_once(lab: EstateContext) -> None:
    before = on_host(lab, SHOWN).stdout

    done = harden("ssh", "-e", '{"ssh_ciphers": ["no-such-cipher"]}')

    assert done.returncode != 0
    assert "Bad SSH2 cipher spec" in done.stdout
    assert on_host(lab, SHOWN).stdout == before


@pytest.mark.usefixtures("_as_it_was")
def test_a_host_that_is_started_before_anybody_confirmed_is_as_it_was(lab: EstateContext) -> None:
    before = on_host(lab, SHOWN).stdout
    plan = {
        "name": "test",
        "files": [{"path": SETTINGS, "content": "AllowUsers nobody\n", "mode": "0644"}],
        "activate": [["systemctl", "reload", "ssh"]],
        "seconds": 600,
    }
    applied = on_host(lab, f"echo {quote(json.dumps(plan))} | {PROGRAM} apply")
    assert applied.returncode == 0, applied.stderr
    assert on_host(lab, "true").returncode != 0

    for action in ("stop", "start"):
        assert bastide("lab", action, HOST, "--estate", "lab").returncode == 0

    until_let_in(lab)
    assert on_host(lab, SHOWN).stdout == before
    assert "the host was started before it was confirmed" in on_host(lab, OUTCOMES).stdout


@pytest.mark.usefixtures("_as_it_was")
def test_pam_that_lets_nobody_in_is_put_back_at_once(lab: EstateContext) -> None:
    assert on_host(lab, SHUTS_OUT).returncode == 0
    before = on_host(lab, STACKS).stdout

    program = "/usr/bin/python3 -I /usr/local/libexec/bastide/bastide_accounts.py"
    asked = {"keys": "", "without_shell": [], "logins": ["root", "bastide-audit"]}
    done = on_host(lab, f"echo {quote(json.dumps(asked))} | {program}")

    assert done.returncode != 0
    assert "lets in no more: [('login', 'bastide-audit')" in done.stderr
    assert on_host(lab, STACKS).stdout == before


@pytest.fixture
def departed(lab: EstateContext, tmp_path: Path) -> Iterator[Path]:
    """A key of somebody who was let in at the last run; all that came of it goes afterwards."""
    key = tmp_path / "departed"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    kind, public = key.with_suffix(".pub").read_text().split()[:2]
    keys = "/root/.ssh/authorized_keys"
    on_host(lab, f"echo {kind} {public} >>{keys}; echo {kind} {public} root >>{LOGIN_KEYS}")
    yield key
    on_host(lab, f"sed -i '\\#{public}#d' {keys}; rm -f {REVOKED}; systemctl reload ssh")


@pytest.mark.usefixtures("_as_it_was")
def test_who_left_the_inventory_is_let_in_no_more_though_the_account_is(
    lab: EstateContext, departed: Path
) -> None:
    config = departed.with_suffix(".config")
    ours = (lab.state / "ssh/config").read_text()
    config.write_text(re.sub(r"IdentityFile .*", f"IdentityFile {departed}", ours))
    login = ["ssh", "-F", str(config), "-oBatchMode=yes", "-oIdentityAgent=none", HOST, "true"]
    assert subprocess.run(login, check=False, timeout=60).returncode == 0

    assert harden("accounts").returncode == 0

    assert subprocess.run(login, check=False, timeout=60).returncode == 255
    assert on_host(lab, "true").returncode == 0


def test_an_account_that_is_locked_by_wrong_passwords_is_still_open_to_its_key(
    lab: EstateContext,
) -> None:
    guess = "printf 'a\\nb\\nc\\n' | runuser -u bastide-audit -- sudo -S -k true"
    failures = "faillock --user bastide-audit | grep -c ' V$'"
    # An audit that logs in meanwhile begins the count anew.
    counts = (on_host(lab, f"{guess}; {guess}; {failures}").stdout.split() for _ in range(3))
    assert any(count[-1:] == ["5"] for count in counts)

    login = ["-i", str(lab.state / "ssh/audit"), "-l", "bastide-audit", HOST, "true"]
    done = subprocess.run(
        ["ssh", "-F", str(lab.state / "ssh/config"), *login],
        capture_output=True,
        check=False,
        timeout=120,
    )

    assert done.stdout.startswith(b"bastide-bundle 1 ")
    assert on_host(lab, failures).stdout.strip() == "0"
