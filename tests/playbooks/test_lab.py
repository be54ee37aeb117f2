"""Configuring and hardening the lab's real hosts again, and locking ourselves out of one."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from bastide.actions.ansible import mitogen
from bastide.support.estate import EstateContext
from tests.command import bastide_json
from tests.playbooks.ansible import ansible_playbook

pytestmark = [pytest.mark.lab, pytest.mark.root]

HOST = "kastrava-app"
ADDRESS = "10.77.2.10"
RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0", re.MULTILINE)
CHANGED = re.compile(r"^TASK \[(.*)\].*\n(?:(?!TASK).*\n)*?changed: ", re.MULTILINE)


def on_host(lab: EstateContext, command: str) -> str:
    """Run a command on the host over a new SSH connection and return what it prints."""
    keys = lab.state / "ssh"
    options = [f"-oUserKnownHostsFile={keys / 'known_hosts'}", "-oBatchMode=yes"]
    return subprocess.run(
        ["ssh", "-F", "/dev/null", *options, "-i", str(keys / "admin"), f"root@{ADDRESS}", command],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def rules(lab: EstateContext) -> str:
    return on_host(lab, "nft --stateless list ruleset; cat /etc/bastide/firewall.nft")


def firewall(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return ansible_playbook("configure.yml", "--tags", "firewall", "--limit", HOST, *arguments)


def test_rules_that_lock_us_out_are_put_back_by_the_host_itself(lab: EstateContext) -> None:
    before = rules(lab)
    done = firewall("-e", '{"bastide_listens": [], "firewall_confirm_seconds": 10}')
    assert done.returncode != 0
    assert f"{HOST}: no new SSH connection to root@{ADDRESS}:22 got through" in done.stdout
    assert rules(lab) == before
    assert RECAP.findall(firewall().stdout) != []


def test_rules_that_nft_refuses_are_never_loaded(lab: EstateContext) -> None:
    before = rules(lab)
    bad = '{"port": "no-such-port", "protocol": "tcp", "name": "bad", "sources": []}'
    done = firewall("-e", f'{{"bastide_listens": [{bad}]}}')
    assert done.returncode != 0
    assert "no-such-port" in done.stdout
    assert rules(lab) == before


def test_an_edge_that_cuts_its_site_off_puts_its_rules_back(lab: EstateContext) -> None:
    shown = on_host(lab, "true")
    done = ansible_playbook(
        *("configure.yml", "--tags", "firewall", "--limit", "kastrava-edge"),
        *("-e", '{"firewall_lan_interface": "no-such0", "firewall_confirm_seconds": 20}'),
    )
    assert done.returncode != 0
    assert "behind it nobody answers" in done.stdout
    until = time.monotonic() + 60
    while True:
        try:
            assert on_host(lab, "true") == shown
            break
        except subprocess.CalledProcessError:
            assert time.monotonic() < until
            time.sleep(1)


def test_a_rule_added_by_hand_is_taken_away(lab: EstateContext) -> None:
    before = rules(lab)
    on_host(lab, "nft insert rule inet bastide input tcp dport 23 accept")
    assert RECAP.findall(firewall().stdout) == [(HOST, "1")]
    assert rules(lab) == before


def test_configuring_and_hardening_again_changes_nothing_without_mitogen(
    lab: EstateContext,
) -> None:
    # Between them they have every role; `bastide up` proves the same of all, with Mitogen.
    hosts = ("central-ops", "central-vault", "central-scratch", "kastrava-edge", "velgora-app")
    done = ansible_playbook("site.yml", "--limit", ",".join((*hosts, "velgora-files")))
    assert CHANGED.findall(done.stdout) == []
    changed = dict(RECAP.findall(done.stdout))
    assert len(changed) == 6, done.stdout[-3000:]
    assert set(changed.values()) == {"0"}


def test_check_mode_has_nothing_to_change_on_converged_hosts(lab: EstateContext) -> None:
    done = ansible_playbook("site.yml", "--check", "--diff", **mitogen())
    assert "mitogen_linear" in mitogen().values()
    assert CHANGED.findall(done.stdout) == []
    changed = dict(RECAP.findall(done.stdout))
    assert len(changed) == 10, done.stdout[-3000:]
    assert set(changed.values()) == {"0"}


def test_an_impact_names_what_was_changed_by_hand_and_leaves_it(lab: EstateContext) -> None:
    on_host(lab, "cp -p /etc/issue /root/issue; echo by hand >/etc/issue; chmod 0600 /etc/issue")
    try:
        values = bastide_json("host", "impact", HOST, "--level=full", "--estate=lab")
        kept = on_host(lab, "cat /etc/issue; stat -c %a /etc/issue")
    finally:
        on_host(lab, "cp -p /root/issue /etc/issue; rm /root/issue")
    changes = values["changes"]
    (file,) = changes["files"]
    assert (file["path"], file["was"]) == ("/etc/issue", "0600 root:root")
    assert "-by hand" in file["diff"]
    assert not any(changes[name] for name in ("packages", "units", "accounts", "refused"))
    assert kept == "by hand\n600\n"
