import pytest

from monitors.inspection.model import SshServer
from monitors.inspection.readers.ssh_server import read_ssh_server
from tests.monitors.inspection.recorded import text


def test_nothing_read_says_nothing() -> None:
    assert read_ssh_server("") == SshServer()


def test_the_recorded_server_has_no_other_source_of_keys() -> None:
    server = read_ssh_server(text("web", "sshd"))
    assert (server.ports, server.key_sources, server.own_sftp) == ((22,), (), False)
    assert server.takes_passwords


@pytest.mark.parametrize(
    ("line", "sources"),
    [
        ("trustedusercakeys /etc/ssh/ca.pub", ("TrustedUserCAKeys /etc/ssh/ca.pub",)),
        ("TrustedUserCAKeys /etc/ssh/ca.pub", ("TrustedUserCAKeys /etc/ssh/ca.pub",)),
        ("trustedusercakeys none", ()),
        ("authorizedkeyscommand /usr/bin/k %u", ("AuthorizedKeysCommand /usr/bin/k %u",)),
        ("authorizedkeyscommanduser nobody", ()),
    ],
)
def test_keys_that_no_accounts_file_shows(line: str, sources: tuple[str, ...]) -> None:
    assert read_ssh_server(line).key_sources == sources


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("subsystem sftp internal-sftp\npasswordauthentication yes", (True, True)),
        # What `sshd -T` says of root, then the words of a Match block.
        ("passwordauthentication no\nForceCommand internal-sftp -f AUTH", (True, False)),
        ("passwordauthentication no\nPasswordAuthentication yes", (False, True)),
        (
            "subsystem sftp /usr/lib/openssh/sftp-server\nkbdinteractiveauthentication yes",
            (False, True),
        ),
    ],
)
def test_who_has_no_shell_may_be_served_files(lines: str, expected: tuple[bool, bool]) -> None:
    server = read_ssh_server(lines)
    assert (server.own_sftp, server.takes_passwords) == expected
