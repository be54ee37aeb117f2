"""What each setting of the SSH server may be, and that one that nobody named may be nothing."""

import pytest

from monitors.audit.facts.sshd_settings import ALGORITHMS, is_allowed, weak_algorithms


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("permitrootlogin", "yes"),
        ("loglevel", "quiet"),
        ("loglevel", "fatal"),
        ("acceptenv", "*"),
        ("acceptenv", "lang ld_preload"),
        ("setenv", "ld_preload=/tmp/x"),
        ("subsystem", "sftp /bin/sh"),
        ("subsystem", "shell /usr/lib/openssh/sftp-server"),
        ("authenticationmethods", "none"),
        ("authenticationmethods", "publickey password"),
        ("authorizedkeysfile", ".ssh/authorized_keys /tmp/%u"),
        ("authorizedkeyscommand", "/bin/cat"),
        ("securitykeyprovider", "/opt/x.so"),
        ("hostkey", "/opt/key"),
        ("pamservicename", "other"),
        ("pubkeyacceptedalgorithms", "+ssh-rsa"),
        ("hostkeyalgorithms", "ssh-ed25519,ssh-dss"),
        ("neverheardof", "no"),
    ],
)
def test_what_lets_somebody_do_more_or_is_not_known(setting: str, value: str) -> None:
    assert not is_allowed(setting, value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("permitrootlogin", "without-password"),
        ("acceptenv", "lang lc_*"),
        ("subsystem", "sftp /usr/lib/openssh/sftp-server"),
        ("subsystem", "sftp internal-sftp -f auth -l info"),
        ("authenticationmethods", "publickey,keyboard-interactive"),
        ("authorizedkeysfile", ".ssh/authorized_keys .ssh/authorized_keys2"),
        ("authorizedkeysfile", "/etc/ssh/bastide_backup_keys"),
        ("banner", "none"),
        ("pubkeyacceptedalgorithms", "-ssh-rsa"),
        ("hostkeyalgorithms", "^ssh-ed25519"),
    ],
)
def test_what_lets_nobody_do_more(setting: str, value: str) -> None:
    assert is_allowed(setting, value)


@pytest.mark.parametrize("setting", sorted(ALGORITHMS))
def test_every_algorithm_of_a_list_is_allowed_and_no_other(setting: str) -> None:
    for name in ALGORITHMS[setting]:
        assert weak_algorithms(setting, name) == []
    for weak in (
        "ssh-rsa",
        "ssh-dss",
        "3des-cbc",
        "hmac-sha1",
        "diffie-hellman-group1-sha1",
        "none",
    ):
        assert weak_algorithms(setting, f"{next(iter(ALGORITHMS[setting]))},{weak}") == [weak]
