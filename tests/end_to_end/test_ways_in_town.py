"""The ways into a strange town: Ansible behind a jump host, sudo by password, the preflight."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bastide.support.estate import estate_context
from inventory.ssh_client import write_ssh_files
from tests.command import BASTIDE, bastide, bastide_here
from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook
from tests.strange_town import allowed, picture
from tests.strange_town.town import Town
from tests.town_estate import NOTHING, PASSWORD, environment, password, town_estate

pytestmark = [pytest.mark.town, pytest.mark.root]

WHO = """
- hosts: gradac-web, gradac-files, gradac-new
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
    - ansible.builtin.command: id -un
      changed_when: false
      register: who
    - ansible.builtin.command: id -un
      changed_when: false
      delegate_to: gradac-web
      register: elsewhere
    - ansible.builtin.debug:
        msg: "{{ inventory_hostname }} is {{ who.stdout }}, elsewhere {{ elsewhere.stdout }}"
"""


def estate(folder: Path, town: Town, **change: Any) -> dict[str, str]:
    """Write the town's estate and return the environment in which commands take it."""
    town_estate(folder / "ours", town, **change)
    return environment(folder / "ours", folder / "state", **password(town))


def checked(
    variables: Mapping[str, str], *arguments: str
) -> tuple[int, dict[str, dict[str, Any]], str]:
    """Run `host check` and return its status, its results by host, and what a person reads."""
    done = bastide_here("host", "check", "--json", *arguments, **variables)
    results = json.loads(done.stdout)
    return done.returncode, {result["host"]: result for result in results}, done.stderr


@pytest.mark.parametrize("strategy", ["linear", "mitogen"])
def test_ansible_becomes_root_behind_the_jump_host_and_the_password_is_never_shown(
    strategy: str, town: Town, tmp_path: Path
) -> None:
    variables = estate(tmp_path, town)
    context = estate_context(str(tmp_path / "ours"))
    state = tmp_path / "state" / context.estate.estate
    write_ssh_files(context.estate, state)
    (tmp_path / "who.yml").write_text(WHO)
    if strategy == "mitogen":
        mitogen = pytest.importorskip("ansible_mitogen")
        folder = Path(mitogen.__file__).parent / "plugins" / "strategy"
        variables |= {"ANSIBLE_STRATEGY_PLUGINS": str(folder), "ANSIBLE_STRATEGY": "mitogen_linear"}
    done = ansible_playbook(tmp_path / "who.yml", "-vvv", **variables)
    assert done.returncode == 0, done.stdout[-3000:]
    for host in ("web", "files", "new"):
        assert f"gradac-{host} is root, elsewhere root" in done.stdout
    listed = subprocess.run(
        [str(BASTIDE.parent / "ansible-inventory"), "--list"],
        cwd=PLAYBOOKS, capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"),
             "HOME": str(tmp_path), **variables},
    )  # fmt: skip
    secret = variables[PASSWORD]
    assert "bastide_sudo_password | secret" in listed.stdout
    assert secret not in done.stdout + done.stderr + listed.stdout + listed.stderr
    assert not [f for f in state.rglob("*") if f.is_file() and secret in f.read_text("latin-1")]


def test_a_town_is_looked_at_and_nothing_on_it_changes(town: Town, tmp_path: Path) -> None:
    variables = estate(tmp_path, town)
    hosts = ("new", "bare")
    before = {host: picture.take(town, host) for host in hosts}
    looked_at = ("gradac-web", "gradac-files", "gradac-new", "gradac-bare")
    code, results, shown = checked(variables, *looked_at)
    after = {host: picture.take(town, host) for host in hosts}
    assert code == 0, shown
    assert results["gradac-web"]["passed"]["sudo"] == "root"
    assert "through hop@" in results["gradac-web"]["place"]
    assert results["gradac-bare"]["passed"]["python"].startswith("none")
    assert {result["container"] for result in results.values()} <= {"systemd-nspawn", ""}
    for host in hosts:
        assert allowed.unexplained(before[host], after[host]) == ()


BAD: dict[str, tuple[str, dict[str, Any], dict[str, Any], str, str, int]] = {
    "another user": ("files", {"user": "nobody-here"}, {}, "login", "authorized_keys", 1),
    "a closed port": ("new", {"port": 2299}, {}, "reachable", "systemctl enable --now ssh", 3),
    "a host that is off": ("new", {}, {"address": "172.27.{n}.61"}, "reachable", "ssh", 3),
    # sudo asks everybody for a password first, those too who may not use it.
    "no right to use sudo": (
        "files", {"user": "referent", "sudo": "passwordless"}, {}, "sudo", "sudo_password", 1,
    ),
    "sudo that asks": (
        "new", {"user": "itadmin", "sudo": "passwordless"}, {}, "sudo", "sudo_password", 1,
    ),
    "a login without sudo": ("jump", {}, {}, "sudo", "ssh: {sudo: passwordless}", 1),
    "a password that is not there": (
        "web", {"sudo_password": "env:NOT_THERE"}, {}, "sudo", "export NOT_THERE", 1,
    ),
    "a jump host that refuses": (
        "web", {"jump": "nobody@172.27.{n}.10", "jump_host_key": "{jump}"}, {}, "login",
        "authorized_keys", 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_missing_is_said_with_the_one_command_that_mends_it(
    case: str, town: Town, tmp_path: Path
) -> None:
    host, ssh, change, step, command, status = BAD[case]
    words = {"{n}": str(town.number), "{jump}": _key(town, "jump")}
    ssh, change = _filled(ssh, words), _filled(change, words)
    variables = estate(tmp_path, town, ssh={host: ssh}, changes={host: change})
    code, results, shown = checked(variables, f"gradac-{host}")
    (finding,) = results[f"gradac-{host}"]["findings"]
    assert (finding["step"], code) == (step, status), finding
    assert command in finding["mend"]["command"] + finding["mend"]["where"]
    assert finding["mend"]["command"] in shown  # unbroken, to be pasted


def _filled(values: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    filled = {}
    for name, value in values.items():
        for word, text in words.items():
            value = value.replace(word, text) if isinstance(value, str) else value
        filled[name] = value
    return filled


def _key(town: Town, host: str) -> str:
    return next(key for key in town.hosts[host].host_keys if key.startswith("ssh-ed25519"))


def test_a_changed_host_key_is_refused_by_the_preflight_and_by_ansible(
    town: Town, tmp_path: Path
) -> None:
    changes = {"files": {"host_key": _key(town, "jump")}}
    variables = estate(tmp_path, town, hosts=("files", "new"), changes=changes)
    code, results, _ = checked(variables, "gradac-files")
    assert code == 1
    assert "host key changed" in results["gradac-files"]["findings"][0]["problem"]
    context = estate_context(str(tmp_path / "ours"))
    write_ssh_files(context.estate, tmp_path / "state" / context.estate.estate)
    (tmp_path / "ping.yml").write_text(
        "- hosts: gradac-files\n  gather_facts: false\n  tasks: [{ansible.builtin.ping: }]\n"
    )
    done = ansible_playbook(tmp_path / "ping.yml", **variables)
    assert done.returncode == 4
    assert "Host key verification failed" in done.stdout


def test_a_refused_login_is_not_repeated_by_a_loop(town: Town, tmp_path: Path) -> None:
    """fail2ban on web bans after three tries: a loop of checks stays below."""
    variables = estate(tmp_path, town, ssh={"web": {"user": "nobody-here"}})
    town.run("web", "fail2ban-client", "unban", "--all")  # of what other tests have tried
    before = _strangers(town)
    for _ in range(5):
        code, results, _ = checked(variables, "gradac-web")
    assert code == 1
    assert "not tried again" in results["gradac-web"]["findings"][0]["problem"]
    audited = bastide_here("audit", "run", "--host", "gradac-web", **variables)
    assert audited.returncode == 3
    assert "could not be asked: gradac-web" in audited.stdout + audited.stderr
    assert town.ssh("web", "true").returncode == 0
    assert _strangers(town) - before == 1
    town.run("web", "fail2ban-client", "unban", "--all")


def _strangers(town: Town) -> int:
    log = town.run("web", "journalctl", "-u", "ssh", "--no-pager")
    return log.count("Invalid user nobody-here from")


def test_a_host_that_hangs_is_given_up_and_could_not_be_checked(town: Town, tmp_path: Path) -> None:
    variables = estate(tmp_path, town, changes=NOTHING)
    with town.frozen("new"):
        done = bastide("host", "check", "gradac-new", "gradac-files", **variables)
    assert done.returncode == 3
    assert "timeout" in done.stderr
    assert "gradac-files" in done.stderr


OS_RELEASE, ASKED = "/var/tmp/os-release", "/var/tmp/asked"  # noqa: S108
APT = """#!/bin/sh
echo "apt-get $*" >>/var/tmp/asked
"""
BOOTSTRAP = """
- hosts: gradac-bare
  gather_facts: false
  strategy: ansible.builtin.linear
  tasks:
    - ansible.builtin.import_role: {name: base, tasks_from: python}
"""


@pytest.mark.parametrize(("system", "status"), [("debian", 0), ("alpine", 2)])
def test_a_host_without_python_is_given_it_by_its_own_apt_and_no_other_system_is(
    system: str, status: int, town: Town, tmp_path: Path
) -> None:
    variables = estate(tmp_path, town, hosts=("bare",))
    context = estate_context(str(tmp_path / "ours"))
    write_ssh_files(context.estate, tmp_path / "state" / context.estate.estate)
    (tmp_path / "python.yml").write_text(BOOTSTRAP)
    release = f"ID={system}\nPRETTY_NAME=Something\n".encode()
    town.run("bare", "sh", "-c", "cat >/usr/local/sbin/apt-get", stdin=APT.encode())
    town.run("bare", "chmod", "755", "/usr/local/sbin/apt-get")
    town.run("bare", "cp", "-a", "/etc/os-release", OS_RELEASE)
    town.run("bare", "sh", "-c", "rm /etc/os-release; cat >/etc/os-release", stdin=release)
    try:
        roles = {"ANSIBLE_ROLES_PATH": str(PLAYBOOKS / "roles")}
        done = ansible_playbook(tmp_path / "python.yml", **variables, **roles)
        asked = town.run("bare", "sh", "-c", "cat /var/tmp/asked 2>/dev/null; true")
    finally:
        town.run("bare", "mv", OS_RELEASE, "/etc/os-release")
        town.run("bare", "rm", "-f", "/usr/local/sbin/apt-get", ASKED)
    assert done.returncode == status, done.stdout
    assert ("install python3 python3-apt" in asked) is (status == 0)
    assert ("nothing was changed" in done.stdout) is (status != 0)
