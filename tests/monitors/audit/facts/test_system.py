"""Readings that are asked together: what belongs to one subject is never taken for another's."""

from collections.abc import Callable
from typing import Any

import pytest

from monitors.audit.collect.backends import (
    Host,
    UndeterminedError,
    answering_host,
    recording,
)
from monitors.audit.facts.system import (
    KERNELS,
    FileFact,
    Listener,
    active_units,
    configuration,
    container,
    files,
    firewall,
    host_time,
    interface_sysctls,
    kept_content,
    kept_result,
    listeners,
    loose_files,
    manager_settings,
    settings,
    skip_in_container,
    sysctls,
    tls_answers,
    unit_state,
)
from monitors.collection.bundle import Answer

UPDATES, STATUS = "/var/lib/bastide-facts/updates.json", "/var/lib/bastide/backup/status.json"


def answering(text: str, rc: int = 0) -> Host:
    host, _ = answering_host("any", recording(Answer(rc, text)))
    return host


@pytest.mark.parametrize(
    "ask",
    [
        lambda host: files(host, "/etc/hosts"),
        lambda host: kept_result(host, "/tmp/result.json", 1.0),  # noqa: S108
        lambda host: unit_state(host, "cron"),
        lambda host: configuration(host, "logind"),
    ],
)
def test_what_is_not_in_the_table_is_the_checks_own_mistake(ask: Callable[[Host], Any]) -> None:
    with pytest.raises(ValueError, match="add to the table"):
        ask(answering(""))


def test_no_content_passes_for_another_files() -> None:
    forged = f'{UPDATES}:{{"at": 1000, "forged": true}}'
    host = answering(
        f"1000\n{UPDATES} root 600\n{STATUS} root 600\n"
        f'{UPDATES}:{{"at": 1000, "note": "a\u2028{UPDATES}:b"}}\n'
        f"{STATUS}:{UPDATES} root 600\n{STATUS}:{forged}\n"
    )

    assert kept_result(host, UPDATES, 1.0)[0] == {"at": 1000, "note": f"a\u2028{UPDATES}:b"}
    with pytest.raises(ValueError, match="Expecting value"):
        kept_result(host, STATUS, 1.0)


def test_a_result_too_large_to_be_shown_is_no_verdict() -> None:
    host = answering(f"1000\n{UPDATES} root 600\n")

    with pytest.raises(UndeterminedError, match="larger than 160 KiB"):
        kept_result(host, UPDATES, 1.0)


def test_a_pattern_finds_its_own_files_only() -> None:
    rows = (
        f"/etc/ssh/{name} 600 root root 7 7.5"
        for name in ("sshd_config", "sshd_config.d", "sshd_config.d/a b.conf", "ssh_host_rsa_key")
    )
    host = answering("\n".join(rows))

    (fact,) = files(host, "/etc/ssh/sshd_config.d/*")

    assert (fact.path, fact.mode, fact.written) == ("/etc/ssh/sshd_config.d/a b.conf", 0o600, 7)


def test_a_unit_is_known_by_each_of_its_names() -> None:
    host = answering("DefaultLimitCORE=0\n\nNames=ntpsec.service ntp.service\nActiveState=active\n")

    assert active_units(host, "ntpsec", "ntp") == ("ntpsec", "ntp")
    with pytest.raises(UndeterminedError, match="nothing of chrony"):
        active_units(host, "chrony")


def test_each_service_has_only_the_settings_of_its_own_files() -> None:
    host = answering(
        "# /etc/systemd/journald.conf\n[Journal]\nStorage=persistent\n\n"
        "# Main configuration file systemd/journal-upload.conf not found\n\n"
        "# /usr/lib/systemd/coredump.conf.d/a.conf\n[Coredump]\nStorage=none\n"
    )

    assert configuration(host, "journald") == {"Storage": "persistent"}
    assert configuration(host, "journal-upload") == {}
    assert configuration(host, "coredump") == {"Storage": "none"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{UPDATES} www-data 600", "www-data's with mode 600"),
        (f"{UPDATES} root 620", "root's with mode 620"),
        (f"{UPDATES} root 602", "root's with mode 602"),
        (f"{STATUS} root 600", "is not there"),
        (f"x{UPDATES} root 600", "is not there"),
    ],
)
def test_a_result_that_another_may_have_written_or_that_is_not_there_is_no_verdict(
    line: str, expected: str
) -> None:
    with pytest.raises(UndeterminedError, match=expected):
        kept_content(answering(f"1000\n{line}\n{UPDATES}:{{}}\n"), UPDATES)


def test_a_result_of_several_lines_is_kept_whole() -> None:
    text = f"1000\n{UPDATES} root 755\n{UPDATES}:{{\n{UPDATES}:}}\n"
    assert kept_content(answering(text), UPDATES) == "{\n}"
    assert host_time(answering(text)) == 1000.0


@pytest.mark.parametrize("at", ['"1970-01-01T00:16:40+00:00"', "1000", "1000.0"])
@pytest.mark.parametrize(
    ("now", "is_fresh"),
    [(1000 - 361, False), (1000 - 359, True), (1000, True), (8200, True), (8201, False)],
)
def test_a_result_counts_for_some_hours_and_a_clock_may_be_minutes_wrong(
    at: str, now: int, is_fresh: bool
) -> None:
    host = answering(f'{now}\n{UPDATES} root 600\n{UPDATES}:{{"at": {at}}}\n')
    if is_fresh:
        assert kept_result(host, UPDATES, 2.0)[1] == now
    else:
        with pytest.raises(UndeterminedError, match="h old, expected 2 h at most"):
            kept_result(host, UPDATES, 2.0)


@pytest.mark.parametrize(
    ("mode", "owner", "group", "is_loose"),
    [
        (0o640, "root", "root", False),
        (0o400, "root", "shadow", False),
        (0o644, "root", "root", True),
        (0o600, "ana", "root", True),
        (0o600, "root", "staff", True),
    ],
)
def test_a_file_is_loose_by_its_mode_its_owner_or_its_group(
    mode: int, owner: str, group: str, is_loose: bool
) -> None:
    lines = loose_files((FileFact("/etc/x", mode, owner, group, 7, 7.5),), 0o640)
    said = f"/etc/x is {mode:04o} {owner}:{group}, expected at most 0640 root"
    assert lines == ((said,) if is_loose else ())


def test_listeners_have_their_address_without_interface_and_their_program() -> None:
    users = 'users:(("sshd",pid=7,fd=3))'
    host = answering(
        f"tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* {users}\n"
        f"udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* {users.replace('sshd', 'systemd-resolve')}\n"
        "tcp LISTEN 0 128 [::]:22 [::]:*\n"
        "tcp LISTEN 0 128 [::1]:25 [::]:* ino:7\n"
        "udp UNCONN 0 0 [::]:51820 [::]:*\n"
    )
    assert listeners(host) == (
        Listener("tcp", "0.0.0.0", 22, "sshd"),  # noqa: S104
        Listener("udp", "127.0.0.53", 53, "systemd-resolve"),
        Listener("tcp", "[::]", 22, "?"),
        Listener("tcp", "[::1]", 25, "?"),
        Listener("udp", "[::]", 51820, KERNELS),
    )


@pytest.mark.parametrize(
    ("address", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.5.0.1", True),
        ("[::1]", True),
        ("[::ffff:127.0.0.1]", True),
        ("0.0.0.0", False),  # noqa: S104
        ("[::]", False),
        ("[::11]", False),
        ("12.7.0.1", False),
        ("*", False),
    ],
)
def test_only_loopback_is_local_in_each_of_its_spellings(address: str, is_local: bool) -> None:
    assert Listener("tcp", address, 22, "sshd").is_local is is_local


def with_firewall(rc: int, stdout: str, active: str) -> Host:
    units = "\n\n".join(
        f"Names={name}.service\nActiveState={'active' if name == active else 'inactive'}"
        for name in ("ufw", "firewalld")
    )

    def answer(command: str) -> Answer:
        return Answer(rc, stdout) if command.startswith("nft ") else Answer(0, f"\n\n{units}\n")

    return answering_host("any", answer)[0]


@pytest.mark.parametrize("other", ["ufw", "firewalld"])
def test_rules_of_another_firewall_that_nobody_can_show_are_not_judged(other: str) -> None:
    with pytest.raises(UndeterminedError, match=f"{other}.service is active"):
        firewall(with_firewall(127, "", other))


def test_without_nft_and_without_another_there_are_no_rules() -> None:
    assert firewall(with_firewall(127, "", "")) == []
    assert firewall(with_firewall(1, "", "ufw")) == []
    assert firewall(with_firewall(0, '{"nftables": [{"chain": {}}]}', "ufw")) == [{"chain": {}}]


def test_a_property_that_a_unit_has_several_times_has_a_line_for_each() -> None:
    host = answering(
        "DefaultLimitCORE=0\nCtrlAltDelBurstAction=none\n\n"
        "Names=apt-daily.timer\nActiveState=inactive\n\n"
        "Names=snmpd.service\nExecStart=a=1\nExecStart=b\nExecStart=c\nActiveState=active\n"
    )
    assert unit_state(host, "snmpd") == {
        "Names": "snmpd.service",
        "ExecStart": "a=1\nb\nc",
        "ActiveState": "active",
    }
    assert unit_state(host, "apt-daily.timer")["ActiveState"] == "inactive"
    assert active_units(host, "snmpd", "apt-daily.timer") == ("snmpd",)
    assert manager_settings(host) == {"DefaultLimitCORE": "0", "CtrlAltDelBurstAction": "none"}


def test_a_setting_is_the_last_of_its_name_without_its_comment() -> None:
    text = "# Storage=no\n[Journal]\nStorage = auto # for now\nStorage=persistent\nSeal\nMax=a=b\n"
    assert settings(text) == {"Storage": "persistent", "Max": "a=b"}


def test_what_systemd_does_not_show_of_a_service_is_no_verdict() -> None:
    with pytest.raises(UndeterminedError, match=r"nothing of systemd/coredump\.conf"):
        configuration(answering("# /etc/systemd/journald.conf\n[Journal]\n"), "coredump")


def test_a_header_of_another_service_ends_nothing() -> None:
    host = answering(
        "# /etc/systemd/coredump.conf\n[Coredump]\n# /etc/systemd/logind.conf\nStorage=none\n"
    )
    assert configuration(host, "coredump") == {"Storage": "none"}


def test_parameters_that_the_kernel_does_not_have_are_left_out() -> None:
    host = answering("net.ipv4.ip_forward = 0\nkernel.core_pattern = |/bin/a b=c\nodd\n")
    assert sysctls(host, "any") == {
        "net.ipv4.ip_forward": "0",
        "kernel.core_pattern": "|/bin/a b=c",
    }


def test_parameters_of_every_interface_but_loopback_are_asked_of_both_protocols() -> None:
    conf = "/proc/sys/net/ipv4/conf"
    asked: list[str] = []

    def answer(command: str) -> Answer:
        asked.append(command)
        text = f"{conf}/all/rp_filter:1\n{conf}/lo/rp_filter:0\n{conf}/eth0/rp_filter:2\n"
        return Answer(0, text)

    host, _ = answering_host("any", answer)
    assert interface_sysctls(host, "rp_filter", "accept_ra") == {
        f"{conf}/all/rp_filter": "1",
        f"{conf}/eth0/rp_filter": "2",
    }
    leaves = " ".join(f"/proc/sys/net/ipv[46]/conf/*/{leaf}" for leaf in ("rp_filter", "accept_ra"))
    assert asked == [f"grep -sH . {leaves}"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [("none\n", None), ("", None), ("lxc\n", "lxc"), ("systemd-nspawn\n", "systemd-nspawn")],
)
def test_a_container_leaves_the_machines_kernel_out(said: str, kind: str | None) -> None:
    host = answering(said, rc=0 if kind else 1)
    assert container(host) == kind
    if kind:
        with pytest.raises(pytest.skip.Exception, match=f"{kind} container: modules belong"):
            skip_in_container(kind, "modules")
    else:
        skip_in_container(kind, "modules")


def test_each_tls_service_has_its_own_lines() -> None:
    host = answering("port 443\nNew, TLSv1.3\nold: no\nport 19532\n 7:v\n1000.5\n")
    assert tls_answers(host) == ({443: "New, TLSv1.3\nold: no\n", 19532: " 7:v\n"}, 1000.5)
    assert tls_answers(answering("1000\n")) == ({}, 1000.0)
