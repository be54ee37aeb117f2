"""Defaults of sudo: what weakens one, and that what is not known is not harmless."""

from typing import Any

import pytest

from monitors.audit.facts.sudo_defaults import is_harmless_default


@pytest.mark.parametrize(
    ("name", "value", "operation"),
    [
        ("env_reset", False, None),
        ("exempt_group", "clerks", None),
        ("secure_path", "/tmp:/usr/bin", None),  # noqa: S108
        ("secure_path", False, None),
        ("secure_path", "/usr/bin:", None),
        ("env_keep", ["LANG", "LD_PRELOAD"], "list_add"),
        ("env_keep", ["*"], "list_assign"),
        ("env_keep", ["PYTHONPATH"], "list_add"),
        ("env_delete", ["BASH_ENV"], "list_remove"),
        ("env_check", False, None),
        ("setenv", True, None),
        ("visiblepw", True, None),
        ("authenticate", False, None),
        ("timestamp_type", "global", None),
        ("runas_default", "operator", None),
        ("pam_service", "other", None),
        ("syslog", False, None),
        ("log_allowed", False, None),
        ("group_plugin", "/tmp/x.so", None),  # noqa: S108
        ("editor", "/home/clerk/edit", None),
        ("never_heard_of", True, None),
    ],
)
def test_what_weakens_or_is_not_known(name: str, value: Any, operation: str | None) -> None:
    assert not is_harmless_default(name, value, operation)


@pytest.mark.parametrize(
    ("name", "value", "operation"),
    [
        ("env_reset", True, None),
        ("mail_badpass", True, None),
        ("secure_path", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", None),
        ("secure_path", "/usr/sbin:/usr/bin:/snap/bin", None),
        ("env_keep", ["LC_ALL", "http_proxy", "GIT_AUTHOR_NAME"], "list_add"),
        ("env_keep", ["LD_PRELOAD"], "list_remove"),
        ("env_keep", False, None),
        ("env_delete", ["MORE"], "list_add"),
        ("logfile", "/var/log/sudo.log", None),
        ("lecture", "always", None),
        ("insults", True, None),
        ("requiretty", True, None),
    ],
)
def test_what_weakens_nothing(name: str, value: Any, operation: str | None) -> None:
    assert is_harmless_default(name, value, operation)
