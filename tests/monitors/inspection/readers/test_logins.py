from monitors.inspection.readers.logins import read_account_sources, read_accounts, read_key
from tests.monitors.inspection.recorded import text

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIOVGd9LLALxcgC59Iqr29BGsOFvLrTqQ3VBrGdy4sMpO"


def test_who_can_log_in_is_told_from_who_cannot() -> None:
    accounts = read_accounts(
        text("web", "passwd"),
        text("web", "group"),
        text("web", "shadow"),
        text("web", "authorized_keys"),
    )
    by_name = {account.name: account for account in accounts}
    assert [a.name for a in accounts if a.may_log_in] == ["itadmin"]
    assert by_name["itadmin"].groups == ("itadmin", "sudo")
    assert by_name["itadmin"].password == "set"
    assert by_name["itadmin"].keys[0].comment == "itadmin@pc-7"
    assert by_name["itadmin"].keys[0].options == 'from="10.0.0.0/8",no-pty'
    assert (by_name["postgres"].has_shell, by_name["postgres"].password) == (True, "locked")
    assert by_name["sync"].has_shell is False


def test_the_recording_holds_no_hash() -> None:
    assert "$" not in text("web", "shadow")
    assert {line.split()[1] for line in text("web", "shadow").splitlines()} <= {"set", "locked"}


def test_a_key_is_known_by_its_fingerprint() -> None:
    key = read_key(f"ssh-ed25519 {KEY} office key of Ana")
    assert key is not None
    # `ssh-keygen -lf` of the same line.
    assert key.fingerprint == "SHA256:utYFxJ5M5isaDftPc/fQ0xw1TR54MA3TSc7cwCHaflM"
    assert (key.kind, key.comment, key.options) == ("ssh-ed25519", "office key of Ana", "")


def test_lines_without_a_key_have_none() -> None:
    for line in ("", "# ssh-ed25519 AAAA", "ssh-ed25519", "ssh-ed25519 A", "no key here"):
        assert read_key(line) is None


def test_accounts_of_a_directory_are_said_to_be_elsewhere() -> None:
    sources = read_account_sources("group: files\npasswd: files [NOTFOUND=continue] sss winbind\n")
    assert sources == ("files", "sss", "winbind")


def test_an_account_with_an_empty_password_may_log_in() -> None:
    (account,) = read_accounts("kiosk:x:1001:1001::/home/kiosk:", "", "kiosk empty", "")
    assert account.may_log_in


def test_a_key_says_which_file_it_is_in() -> None:
    accounts = read_accounts(
        "ana:x:1001:1001::/home/ana:/bin/sh\nweb:x:33:33::/var/www:/usr/sbin/nologin",
        "",
        "ana locked\nweb locked",
        f"==> ana /etc/ssh/keys/ana\nssh-ed25519 {KEY}\n"
        f"==> web /var/www/.ssh/authorized_keys\nssh-ed25519 {KEY}\n",
    )
    assert [a.keys[0].is_in_usual_file for a in accounts] == [False, True]
    # A key needs no shell.
    assert all(a.may_log_in for a in accounts)
