"""On a running lab host: the audit key starts the collector, whatever it asks for, and no more."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest
from paramiko.common import cMSG_CHANNEL_REQUEST

from bastide.support.estate import EstateContext
from monitors.audit.collect.exchange import AUDIT_USER
from monitors.audit.judge.command_list import LIST_FILE
from monitors.collection.bundle import unframe, unpack
from tests.monitors.audit.lab_host import HOST, LabHost, lab_host

COLLECTOR = "/usr/local/libexec/bastide/bastide-collector"
LIST = "/usr/local/libexec/bastide/commands.json"
OWN_FILES = f"/var/lib/bastide-audit {Path(COLLECTOR).parent} /etc/sudoers.d/bastide-audit"
pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def host(lab: EstateContext) -> Iterator[LabHost]:
    with lab_host(lab) as reached:
        yield reached


@pytest.mark.parametrize(
    "words",
    [
        [HOST],
        [HOST, "id"],
        [HOST, "sudo -l"],
        [HOST, "cat /etc/shadow; /bin/sh -i"],
        [HOST, f"sudo {COLLECTOR} --help"],
        [HOST, "$(touch /tmp/bastide-was-here)"],
        ["-t", HOST, "id"],
        ["-s", HOST, "sftp"],
    ],
    ids=" ".join,
)
def test_whatever_it_asks_for_it_gets_a_bundle_of_the_list(host: LabHost, words: list[str]) -> None:
    done = host.auditor(*words, send=b"id\ntouch /tmp/bastide-was-here\n")

    bundle = unpack(unframe(done.stdout))

    installed = json.loads(host.root(f"cat {LIST}").stdout)
    assert {recorded.command for recorded in bundle.recorded} <= set(installed["commands"])
    assert host.root("ls /tmp/bastide-was-here").returncode != 0


def test_no_file_is_copied_to_it(host: LabHost, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    protocol = b"C0644 4 bastide-was-here\ntext\0"  # what scp sends

    host.auditor(HOST, "scp -t /tmp", send=protocol)

    assert host.root("ls /tmp/bastide-was-here").returncode != 0


@pytest.mark.parametrize(
    "forward",
    [
        ["-W", "127.0.0.1:22"],
        ["-N", "-R", "0:127.0.0.1:22"],
        ["-N", "-R", "/run/bastide-was-here:127.0.0.1:22"],
    ],
    ids=" ".join,
)
def test_openssh_forwards_nothing(host: LabHost, forward: list[str]) -> None:
    done = host.auditor(*forward, HOST)

    assert done.returncode != 0
    assert b"SSH-2.0" not in done.stdout


def request(transport: paramiko.Transport, kind: str, *words: str) -> None:
    """Send a channel request that wants an answer, as paramiko's own do not all (RFC 4254, 5.4)."""
    channel = transport.open_session()
    message = paramiko.Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string(kind)
    message.add_boolean(True)
    for word in words:
        message.add_string(word)
    channel._event_pending()  # type: ignore[attr-defined]
    transport._send_user_message(message)  # type: ignore[attr-defined]
    channel._wait_for_event()  # type: ignore[attr-defined]


Wish = Callable[[paramiko.Transport], object]
WISHES: dict[str, Wish] = {
    "a terminal": lambda t: t.open_session().get_pty(),
    "the agent": lambda t: request(t, "auth-agent-req@openssh.com"),
    "X11": lambda t: t.open_session().request_x11(),
    "a variable": lambda t: request(t, "env", "LD_PRELOAD", "/lib/x.so"),
    "a port there": lambda t: t.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 1)),
    "a port here": lambda t: t.request_port_forward("127.0.0.1", 0),
    "an unknown channel": lambda t: t.open_channel("shell@bastide"),
}


@pytest.mark.parametrize("wish", sorted(WISHES))
def test_every_other_request_is_refused(host: LabHost, wish: str) -> None:
    with host.transport() as transport, pytest.raises(paramiko.SSHException):
        WISHES[wish](transport)


def test_a_second_session_on_the_connection_gets_a_bundle_too(host: LabHost) -> None:
    with host.transport() as transport:
        for _ in range(2):
            session = transport.open_session()
            session.exec_command("id")
            assert session.recv(15) == b"bastide-bundle "


def test_a_variable_that_the_server_accepts_does_not_reach_the_commands(host: LabHost) -> None:
    done = host.auditor("-o", "SetEnv=LC_BASTIDE=was-here LC_ALL=xx_YY", HOST)

    bundle = unpack(unframe(done.stdout))

    assert "was-here" not in bundle.model_dump_json()
    assert "xx_YY" not in bundle.model_dump_json()


def test_what_no_client_here_asks_for_is_off_in_the_server_and_for_the_key(host: LabHost) -> None:
    asked = f"sshd -T -C user={AUDIT_USER},host=auditor,addr=10.77.0.1"
    settings = host.root(asked).stdout.splitlines()
    keys = host.root(f"cat ~{AUDIT_USER}/.ssh/authorized_keys").stdout.splitlines()

    assert {"permittunnel no", "permituserenvironment no"} <= set(settings)
    (key,) = (line for line in keys if line and not line.startswith("#"))
    # `restrict` is all that sshd(8) can forbid; nothing is given back after it.
    assert key.startswith(f'restrict,command="/usr/bin/sudo --non-interactive {COLLECTOR}" ssh-')


@pytest.mark.parametrize(
    "command",
    [
        f"sudo -n {COLLECTOR} --help",
        f"sudo -n {COLLECTOR} ''",
        f"sudo -n -u bastide-backup {COLLECTOR}",
        f"sudo -n -g shadow {COLLECTOR}",
        f"sudo -n LD_PRELOAD=/lib/x.so {COLLECTOR}",
        f"sudo -n -E {COLLECTOR}",
        f"sudo -n -D /tmp {COLLECTOR}",
        "sudo -n id",
        "sudo -n -s",
        "sudo -n -i",
        f"sudo -n -e {LIST}",
    ],
)
def test_the_account_itself_may_start_the_collector_and_only_so(
    host: LabHost, command: str
) -> None:
    done = host.root(f"runuser -u {AUDIT_USER} -- {command} < /dev/null")

    assert done.returncode != 0, done.stdout[:200]
    assert "uid=" not in done.stdout
    assert "bastide-bundle" not in done.stdout


def test_the_rule_names_one_command_without_arguments(host: LabHost) -> None:
    listed = host.root(f"LC_ALL=C sudo -l -U {AUDIT_USER}").stdout
    _, _, rules = listed.partition("may run the following commands on ")

    assert [line.strip() for line in rules.splitlines()[1:]] == [
        f'(root : root) NOPASSWD: {COLLECTOR} ""'
    ]


def test_collector_list_key_and_rule_are_roots_and_nobody_else_changes_them(host: LabHost) -> None:
    # A link is what it leads to.
    strange = host.root(f"find -L {OWN_FILES} \\( ! -user root -o ! -group root -o -perm /022 \\)")
    writable = host.root(f"runuser -u {AUDIT_USER} -- find -L {OWN_FILES} -writable")
    above = host.root("stat -c '%U %A %n' / /usr /usr/local /usr/local/libexec /var /var/lib /etc")

    assert strange.stdout == ""
    assert writable.stdout == ""
    for line in above.stdout.splitlines():
        owner, access, _ = line.split()
        assert (owner, access[8]) == ("root", "-"), line


def test_the_account_has_no_password_no_groups_and_no_home_of_its_own(host: LabHost) -> None:
    shadow = host.root(f"getent shadow {AUDIT_USER}").stdout
    groups = host.root(f"id -nG {AUDIT_USER}").stdout.split()

    assert shadow.split(":")[1] in ("*", "!", "!*")
    assert groups == [AUDIT_USER]


def test_the_installed_collector_is_this_ones(host: LabHost) -> None:
    installed = host.root(f"cat {COLLECTOR}").stdout

    assert installed == LIST_FILE.with_name("bastide_collector.py").read_text()
