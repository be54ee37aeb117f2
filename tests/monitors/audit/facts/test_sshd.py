"""The SSH server's files: every setting with the Match block that it stands in."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.collect.backends import Host, UndeterminedError, answering_host, recording
from monitors.audit.facts.sshd import (
    Setting,
    SshServer,
    ssh_server,
    sshd_lines,
    strange_options,
)
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


@pytest.mark.parametrize(
    "text",
    [
        '"Match" User alice',
        'Match "User" alice',
        "match\tuser=alice",
        "MATCH = User alice",
        'Match User "alice"  # a note',
        "Match 'User' alice",
    ],
)
def test_a_block_begins_however_it_is_written(text: str) -> None:
    *_, setting = sshd_lines(answering((MAIN, text), (MAIN, "PermitRootLogin yes")))
    assert (setting.match.lower().replace("=", " "), setting.setting) == (
        "user alice",
        "permitrootlogin",
    )


def test_a_quote_without_an_end_is_refused() -> None:
    with pytest.raises(UndeterminedError, match="no end"):
        sshd_lines(answering((MAIN, 'Banner "/etc/issue')))


CASES = st.sampled_from([str.lower, str.upper, str.title])
QUOTES = st.sampled_from(["", '"'])
GAPS = st.sampled_from([" ", "\t", " = ", "=", "  \t", "\t=\t"])
ENDS = st.sampled_from(["", " ", "\t", "\r", " # a note", "\f"])


@given(CASES, QUOTES, GAPS, QUOTES, ENDS, st.text(" \t", max_size=2))
def test_the_same_setting_in_every_spelling(
    case: Callable[[str], str], quote: str, gap: str, around: str, end: str, lead: str
) -> None:
    line = f"{lead}{quote}{case('MaxAuthTries')}{quote}{gap}{around}100{around}{end}"
    _, setting = sshd_lines(answering((MAIN, "Match User alice"), (MAIN, line)))
    assert setting == Setting(MAIN, "User alice", "maxauthtries", "100")


BASE = "permitrootlogin no\nmaxauthtries 4\nacceptenv LANG\nacceptenv LC_*\n"


def server(text: str) -> SshServer:
    host, _ = answering_host("any", recording(Answer(0, text)))
    return ssh_server(host)


def test_each_account_has_what_differs_for_it() -> None:
    said = server(
        f"{BASE}\n# running\n7 sshd: /usr/sbin/sshd -D [listener] 0 of 10\n# next\n"
        "# account alice\nmaxauthtries 100\n# account root\n"
    )
    assert said.accounts["alice"] == {"maxauthtries": ("100",)}
    assert said.accounts["root"]["acceptenv"] == ("LANG", "LC_*")
    assert set(said.accounts) == {"root", "alice"}


def test_root_may_get_more_from_elsewhere() -> None:
    said = server(f"{BASE}\n# account root\npermitrootlogin yes\n")
    assert said.accounts["root from elsewhere"] == {"permitrootlogin": ("yes",)}


@pytest.mark.parametrize(
    "running",
    [
        "7 sshd: /usr/sbin/sshd -D -o PermitRootLogin=yes [listener] 0 of 10-60 startups",
        "7 /usr/sbin/sshd -f /tmp/weak",
        "7 sshd: /usr/sbin/sshd -D -oPermitRootLogin=yes [listener] 0 of 10",
        "7 sshd: sshd -D -p 2222 [listener]",
    ],
)
def test_options_of_the_running_server_are_named(running: str) -> None:
    (said,) = strange_options(server(f"{BASE}\n# running\n{running}\n# next\n"), "")
    assert said.startswith("running with -")


@pytest.mark.parametrize(
    "line",
    [
        'SSHD_OPTS="-o PermitRootLogin=yes"',
        "SSHD_OPTS='-D -oPasswordAuthentication=yes'",
        "export SSHD_OPTS=-f/tmp/x",
        "LD_PRELOAD=/tmp/x.so",
        "SSHD_OPTS=$OTHERS",
    ],
)
def test_options_of_the_next_start_are_named(line: str) -> None:
    (said,) = strange_options(server(f"{BASE}\n# running\n# next\n{line}\n"), "")
    assert line in said


def test_a_unit_that_starts_it_otherwise_is_named() -> None:
    unit = "{ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -D -o UsePAM=no ; ignore_errors=no }"
    assert strange_options(server(BASE), unit) == ["started by its unit with -D -o UsePAM=no"]


@pytest.mark.parametrize("line", ["SSHD_OPTS=", 'SSHD_OPTS=""', "SSHD_OPTS=-4"])
def test_debians_own_start_is_usual(line: str) -> None:
    running = "7 sshd: /usr/sbin/sshd -D -4 [listener] 1 of 10-60 startups"
    unit = "{ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -D $SSHD_OPTS ; ignore_errors=no }"
    assert strange_options(server(f"{BASE}\n# running\n{running}\n# next\n{line}\n"), unit) == []
