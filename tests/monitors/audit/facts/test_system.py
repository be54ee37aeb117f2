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
    active_units,
    configuration,
    files,
    kept_result,
    unit_state,
)
from monitors.collection.bundle import Answer

UPDATES, STATUS = "/var/lib/bastide-facts/updates.json", "/var/lib/bastide/backup/status.json"


def answering(text: str) -> Host:
    host, _ = answering_host("any", recording(Answer(0, text)))
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
        f"/etc/ssh/{name} 600 root root 7"
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
