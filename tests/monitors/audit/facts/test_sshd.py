"""The SSH server's files: every setting with the Match block that it stands in."""

import pytest

from monitors.audit.collect.backends import Host, UndeterminedError, answering_host, recording
from monitors.audit.facts.sshd import Setting, sshd_lines
from monitors.collection.bundle import Answer

MAIN, DROP_IN = "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/90-site.conf"


def answering(*lines: tuple[str, str], rc: int = 0) -> Host:
    host, _ = answering_host(
        "any", recording(Answer(rc, "".join(f"{file}:{text}\n" for file, text in lines)))
    )
    return host


@pytest.mark.parametrize("rc", [1, 2])
def test_a_server_without_any_setting_cannot_be_judged(rc: int) -> None:
    with pytest.raises(UndeterminedError, match=f"grep ended with {rc}"):
        sshd_lines(answering(rc=rc))


def test_without_a_drop_in_grep_ends_with_2_and_has_read_the_rest() -> None:
    (setting,) = sshd_lines(answering((MAIN, "UsePAM yes"), rc=2))
    assert setting == Setting(MAIN, "", "usepam", "yes")


def test_settings_are_read_however_they_are_written() -> None:
    host = answering(
        (MAIN, "PermitRootLogin no"),
        (MAIN, "  X11Forwarding=yes"),
        (MAIN, 'Banner "/etc/issue.net"'),
        (MAIN, "AuthorizedKeysFile .ssh/keys /etc/keys/%u=x"),
        (MAIN, "ListenAddress\t::"),
        (MAIN, "UsePAM"),
    )
    assert sshd_lines(host) == (
        Setting(MAIN, "", "permitrootlogin", "no"),
        Setting(MAIN, "", "x11forwarding", "yes"),
        Setting(MAIN, "", "banner", "/etc/issue.net"),
        Setting(MAIN, "", "authorizedkeysfile", ".ssh/keys /etc/keys/%u=x"),
        Setting(MAIN, "", "listenaddress", "::"),
        Setting(MAIN, "", "usepam", ""),
    )


def test_a_match_block_ends_with_the_next_one_or_with_its_file() -> None:
    host = answering(
        (DROP_IN, "Match\tUser backup"),
        (DROP_IN, "PasswordAuthentication yes"),
        (DROP_IN, "match ALL"),
        (DROP_IN, "MaxSessions 4"),
        (DROP_IN, "Match Group admins"),
        (MAIN, "PasswordAuthentication no"),
    )
    assert sshd_lines(host) == (
        Setting(DROP_IN, "User backup", "match", "User backup"),
        Setting(DROP_IN, "User backup", "passwordauthentication", "yes"),
        Setting(DROP_IN, "", "match", "ALL"),
        Setting(DROP_IN, "", "maxsessions", "4"),
        Setting(DROP_IN, "Group admins", "match", "Group admins"),
        Setting(MAIN, "", "passwordauthentication", "no"),
    )
