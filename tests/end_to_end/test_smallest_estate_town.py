"""docs/smallest-estate.md on a machine of its own: its blocks word for word, then what it promises.

The machine has systemd, an administrator with sudo by password, and this machine's package mirrors.
"""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.strange_town.village import ADDRESS, PASSWORD, Village, village

pytestmark = [pytest.mark.town, pytest.mark.root, pytest.mark.timeout(7200)]

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "smallest-estate.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(sh|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Who types it answers the question of sudo; `read` has the password from the input.
BEGIN = f"""set -e
sudo() {{ echo {shlex.quote(PASSWORD)} | command sudo -S -p '' "$@"; }}
"""
ENTER = ". ~/bastide/.venv/bin/activate\n"
AGAIN = f"{ENTER}cd ~/selo; read -r BASTIDE_SUDO; export BASTIDE_SUDO\n"
UP_SECONDS = 3000.0


def script(section: str) -> str:
    """A section's blocks as one shell script; YAML is put in the place of what central.yml has."""
    text = next(text for title, text in SECTION.findall(DOCS) if title.endswith(section))
    blocks = (block if kind == "sh" else put(block) for kind, block in BLOCK.findall(text))
    return BEGIN + "".join(blocks)


def put(hosts: str) -> str:
    return f"sed -i '/^hosts:/,$d' central.yml\ncat >> central.yml << 'END'\n{hosts}END\n"


def typed(
    machine: Village, text: str, seconds: float = 1200.0
) -> "subprocess.CompletedProcess[str]":
    """Run a script in the administrator's shell; the password is what it may read."""
    write = machine.ssh("cat > typed.sh", stdin=text.encode())
    assert write.returncode == 0, write.stderr
    return machine.ssh("bash typed.sh", stdin=f"{PASSWORD}\n".encode(), timeout=seconds)


def checked(machine: Village, text: str, seconds: float = 1200.0) -> str:
    done = typed(machine, text, seconds)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def machine() -> Iterator[Village]:
    """The machine with the project's source, as the working tree has it."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
    packed = subprocess.run(
        ("tar", "--create", "--null", "--files-from=-", "--ignore-failed-read"),
        cwd=ROOT, input=names, capture_output=True, check=False,
    ).stdout  # fmt: skip
    with village() as made:
        done = made.ssh("mkdir bastide && tar -x -C bastide", stdin=packed)
        assert done.returncode == 0, done.stderr
        yield made


@pytest.fixture(scope="module")
def first_up(machine: Village) -> str:
    """What the first `bastide up` and the status after it print; both are well."""
    checked(machine, script("Install"))
    checked(machine, ENTER + script("Write the estate"))
    return checked(machine, f"{ENTER}cd ~/selo\n{script('Bring it up')}", UP_SECONDS)


def test_up_watches_audits_backs_up_and_drills_the_machine_itself(
    machine: Village, first_up: str
) -> None:
    assert "1 of 1 hosts at baseline or above: 1 full" in first_up
    assert re.search(r"1 of 1 up; (\d+) of \1 Prometheus targets up", first_up)
    assert "1 of 1 plans have one" in first_up
    assert "1 of 1 restores proved" in first_up
    assert "none but the Watchdog" in first_up
    assert re.search(r"report +/home/marko/\S+\.html", first_up)
    plans = json.loads(checked(machine, AGAIN + "bastide backup status --json"))
    (plan,) = plans
    assert (plan["host"], plan["within_rpo"], plan["drill"]["ok"]) == ("central-ops", True, True)


def test_a_second_up_changes_nothing(machine: Village, first_up: str) -> None:
    again = checked(machine, AGAIN + "bastide up\nbastide status", UP_SECONDS)
    assert "nothing changed" in again


def test_the_operations_host_audits_itself_as_an_account_without_rights(
    machine: Village, first_up: str
) -> None:
    machine.root("systemctl", "start", "bastide-audit.service")
    last = machine.root("journalctl", "-u", "bastide-audit", "-n", "30", "--no-pager")
    assert "could not be asked" not in last
    assert "central-ops" in last


def test_nobody_was_shut_out_and_strangers_are(machine: Village, first_up: str) -> None:
    assert machine.ssh("true").returncode == 0
    assert "permitrootlogin no" in machine.root("sshd", "-T")
    assert machine.root("hostname", "-f").strip() == "selo.gradac.example", "its name is its own"
    assert machine.root("getent", "hosts", "selo").split()[0] == ADDRESS


def test_who_would_shut_out_themselves_is_refused_before_anything(
    machine: Village, first_up: str
) -> None:
    away = "export SSH_CONNECTION='203.0.113.9 50000 192.168.40.10 22'\n"
    done = typed(machine, f"{AGAIN}{away}bastide up")
    assert done.returncode == 2
    assert "the firewall would shut out 203.0.113.9" in done.stderr + done.stdout
