"""What the role accounts edits in files of others: the rest of them stays as it was."""

import io
import json
import pwd
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.playbooks.programs import program
from tests.playbooks.stubs import Stubs

DEFS = (
    "# PASS_MAX_DAYS is the longest age.\nPASS_MAX_DAYS\t99999\nUMASK\t\t022\n#ENCRYPT_METHOD DES\n"
)
SU = """\
# root first
auth       sufficient pam_rootok.so
# auth required pam_wheel.so
@include common-auth
"""


@pytest.fixture
def accounts() -> ModuleType:
    return program("bastide_accounts")


def test_a_stack_of_su_that_would_shut_root_out_is_refused(accounts: ModuleType) -> None:
    with pytest.raises(ValueError, match="pam_rootok"):
        accounts.with_wheel("@include common-auth\n")


def test_a_sudoers_file_that_visudo_refuses_is_not_installed(
    accounts: ModuleType, tmp_path: Path
) -> None:
    file = tmp_path / "bastide"
    file.write_text("Defaults use_pty\n")

    with pytest.raises(subprocess.CalledProcessError):
        accounts.write(file, "Defaults use_pti oops\n", 0o440, ("false",))

    assert file.read_text() == "Defaults use_pty\n"
    assert list(tmp_path.iterdir()) == [file]


def test_root_is_asked_for_once_where_it_passes_twice(accounts: ModuleType) -> None:
    assert accounts.with_wheel(SU + "auth sufficient pam_rootok.so\n").count("use_uid") == 1


def test_a_file_of_a_folder_that_is_not_there_is_made_with_it(
    accounts: ModuleType, tmp_path: Path
) -> None:
    accounts.write(tmp_path / "one" / "two" / "file", "text")
    assert (tmp_path / "one" / "two" / "file").read_text() == "text"


def test_a_setting_is_changed_where_it_stands_once(accounts: ModuleType) -> None:
    wanted = {"PASS_MAX_DAYS": "365", "UMASK": "027"}

    assert accounts.assigned(DEFS, wanted, "\t") == DEFS.replace("99999", "365").replace(
        "UMASK\t\t022", "UMASK\t027"
    )


def test_a_setting_that_is_a_comment_is_made_one_and_a_missing_one_added(
    accounts: ModuleType,
) -> None:
    text = accounts.assigned(DEFS, {"ENCRYPT_METHOD": "YESCRYPT", "INACTIVE": "30"}, "=")

    assert text.endswith("ENCRYPT_METHOD=YESCRYPT\nINACTIVE=30\n")
    assert "DES" not in text


def test_a_comment_that_only_speaks_of_a_setting_stays(accounts: ModuleType) -> None:
    spoken = "# INACTIVE is how long a password opens after its last day.\n"

    assert accounts.assigned(spoken, {"INACTIVE": "30"}, "=") == spoken + "INACTIVE=30\n"


def test_su_asks_for_roots_group_right_after_root_has_passed(accounts: ModuleType) -> None:
    lines = accounts.with_wheel(SU).splitlines()

    assert lines[2] == "auth       required   pam_wheel.so use_uid group=root"
    assert [line for line in lines if line != lines[2]] == SU.splitlines()


def test_what_is_set_already_stays_byte_by_byte(
    accounts: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once = accounts.assigned(accounts.with_wheel(SU) + DEFS, accounts.LOGIN_DEFS, "\t")
    file = tmp_path / "login.defs"
    accounts.write(file, once)
    capsys.readouterr()

    again = accounts.assigned(accounts.with_wheel(once), accounts.LOGIN_DEFS, "\t")
    accounts.write(file, again)

    assert again == once
    assert capsys.readouterr().out == ""


def test_no_script_runs_as_root_for_a_greeting(accounts: ModuleType) -> None:
    sshd = (
        "session    optional     pam_motd.so  motd=/run/motd.dynamic\n"
        "session    optional     pam_motd.so noupdate\n"
    )
    once = accounts.without_greeting(sshd)

    assert once.splitlines()[0].endswith("motd=/run/motd.dynamic noupdate")
    assert once.splitlines()[1] == sshd.splitlines()[1]
    assert accounts.without_greeting(once) == once


# What pam-auth-update writes into the stacks for our profiles.
ENABLE = """
for name in "$@"; do case "$name" in
  bastide-faillock) echo "auth required pam_faillock.so authfail" >>{pam}/common-auth;;
  bastide-faillock-notify) echo "auth required pam_faillock.so preauth" >>{pam}/common-auth;;
  bastide-pwhistory) echo "password required pam_pwhistory.so" >>{pam}/common-password;;
esac; done
"""
PROFILES = ["bastide-faillock", "bastide-faillock-notify", "bastide-pwhistory"]
GREETED = "session optional pam_motd.so motd=/run/motd.dynamic\n"


class Host:
    """A host whose PAM files and programs are the test's, and who passes which service."""

    def __init__(self, accounts: ModuleType, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.module, self._patch = accounts, patch
        self.etc, self.pam = folder / "etc", folder / "etc" / "pam.d"
        self.pam.mkdir(parents=True)
        self.stubs = Stubs(folder / "bin")
        self.stubs.put("pam-auth-update", ENABLE.format(pam=self.pam))
        for name in ("visudo", "usermod"):
            self.stubs.put(name, "exit 0")
        patch.setenv("PATH", f"{self.stubs.folder}:/usr/bin:/bin")
        (self.pam / "su").write_text(SU)
        for name in ("sshd", "login"):
            (self.pam / name).write_text(GREETED)
        for stack in ("auth", "account", "password"):
            (self.pam / f"common-{stack}").write_text(f"# {stack}\n")
        (self.etc / "login.defs").write_text(DEFS)
        for name, path in (
            ("PAM", self.pam),
            ("LOGIN_KEYS", self.etc / "bastide" / "login_keys"),
            ("REVOKED_KEYS", self.etc / "bastide" / "revoked_keys"),
            ("REVOKING", self.etc / "ssh" / "revoked.conf"),
            ("SUDO", self.etc / "sudoers"),
            ("EDITED", [(self.etc / "login.defs", accounts.LOGIN_DEFS, "\t")]),
        ):
            patch.setattr(accounts, name, path)
        self.revoked, self.revoking = accounts.REVOKED_KEYS, accounts.REVOKING
        self.lets_in(lambda _service, _user: True)

    def lets_in(self, may: object) -> None:
        self._patch.setattr(self.module, "may", may)

    def run(self, *arguments: str, **settings: object) -> None:
        self._patch.setattr("sys.argv", ["bastide_accounts", *arguments])
        given = {"logins": ["ana"], "keys": "ssh-ed25519 AAAA ana\n", "without_shell": []}
        self._patch.setattr("sys.stdin", io.StringIO(json.dumps({**given, **settings})))
        self.module.main()

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.pam.iterdir()}


@pytest.fixture
def host(accounts: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(accounts, tmp_path, monkeypatch)


def test_when_somebody_would_be_shut_out_pam_is_put_back_as_it_was(host: Host) -> None:
    before = {name: text for name, text in host.files().items() if name not in ("sshd", "login")}
    stack = host.pam / "common-auth"
    every = "".join(f"echo more >>{host.pam}/common-{n};" for n in ("auth", "account", "password"))
    host.stubs.put("pam-auth-update", every + ENABLE.format(pam=host.pam))
    host.lets_in(lambda service, user: service == "sudo" or "faillock" not in stack.read_text())
    with pytest.raises(
        SystemExit, match=r"lets in no more: \[\('login', 'ana'\), \('sshd', 'ana'\)\]"
    ):
        host.run()
    assert before.items() <= host.files().items()


def test_who_could_not_pass_before_is_no_reason_to_go_back(host: Host) -> None:
    host.lets_in(lambda _service, _user: False)
    host.run()
    assert "pam_faillock.so" in host.files()["common-auth"]


def test_profiles_that_did_not_reach_the_stacks_put_them_back_and_are_named(host: Host) -> None:
    host.stubs.put("pam-auth-update", "exit 0")
    with pytest.raises(SystemExit, match=r"lacks: .*bastide-faillock.*bastide-pwhistory"):
        host.run()
    assert host.files()["su"] == SU


def test_only_the_profiles_that_are_missing_are_enabled(host: Host) -> None:
    with (host.pam / "common-password").open("a") as file:
        file.write("password required pam_pwhistory.so\n")
    host.run()
    assert host.stubs.calls("pam-auth-update") == [f"--enable {' '.join(PROFILES[:2])}"]


def test_a_host_that_is_as_it_should_be_is_left_alone(
    host: Host, capfd: pytest.CaptureFixture[str]
) -> None:
    host.run()
    capfd.readouterr()
    before = host.files()

    def asked(_service: str, _user: str) -> bool:
        raise AssertionError("nothing was changed, so PAM need not be asked")

    host.lets_in(asked)
    host.run()
    assert capfd.readouterr().out == ""
    assert host.files() == before
    assert len(host.stubs.calls("pam-auth-update")) == 1


def test_every_change_is_a_line(host: Host, capfd: pytest.CaptureFixture[str]) -> None:
    host.run()
    assert capfd.readouterr().out.splitlines() == [
        str(host.etc / "login.defs"),
        str(host.etc / "bastide" / "login_keys"),
        str(host.etc / "sudoers"),
        str(host.pam / "sshd"),
        str(host.pam / "login"),
        str(host.pam / "su"),
        f"{host.pam}/common-*: {', '.join(PROFILES)}",
    ]


def test_a_change_of_su_alone_enables_no_profile(host: Host) -> None:
    host.run()
    (host.pam / "su").write_text(SU)
    host.run()
    assert len(host.stubs.calls("pam-auth-update")) == 1
    assert "pam_wheel.so use_uid" in host.files()["su"]


def test_sudos_rules_are_root_s_to_read_and_checked_before_they_count(host: Host) -> None:
    host.run()
    rules, keys = host.etc / "sudoers", host.etc / "bastide" / "login_keys"
    (checked,) = host.stubs.calls("visudo")
    assert checked.startswith(f"--check --file {host.etc}/.bastide-")
    assert rules.stat().st_mode & 0o777 == 0o440
    assert "Defaults use_pty" in rules.read_text()
    assert keys.read_text() == "ssh-ed25519 AAAA ana\n"
    assert keys.stat().st_mode & 0o777 == 0o644
    assert keys.parent.stat().st_mode & 0o777 == 0o755


def test_a_key_that_is_declared_no_more_opens_nothing_any_more(host: Host) -> None:
    host.run(keys="ssh-ed25519 AAAA ana\nssh-ed25519 BBBB shared\nssh-ed25519 CCCC shared\n")
    assert not host.revoking.exists()
    host.run(keys="ssh-ed25519 AAAA ana\nssh-ed25519 CCCC shared\n")
    assert host.revoked.read_text() == "ssh-ed25519 BBBB\n"
    assert host.revoking.read_text() == f"RevokedKeys {host.revoked}\n"
    host.run(keys="ssh-ed25519 AAAA ana\n")
    assert host.revoked.read_text() == "ssh-ed25519 BBBB\nssh-ed25519 CCCC\n"
    assert (host.revoked.stat().st_mode & 0o777, host.revoking.stat().st_mode & 0o777) == (
        0o644,
        0o600,
    )


def test_a_key_that_another_account_still_has_is_not_revoked(host: Host) -> None:
    host.run(keys="ssh-ed25519 AAAA ana\nssh-ed25519 AAAA shared\n")
    host.run(keys="ssh-ed25519 AAAA ana\n")
    assert not host.revoked.exists()


def test_where_no_key_is_declared_none_is_revoked(host: Host) -> None:
    host.run(keys="ssh-ed25519 AAAA ana\n")
    host.run(keys="")
    assert not host.revoking.exists()


def test_who_comes_back_is_let_in_again_and_the_file_that_sshd_asks_for_stays(host: Host) -> None:
    for keys in ("ssh-ed25519 AAAA ana\nssh-ed25519 BBBB bo\n", "ssh-ed25519 AAAA ana\n"):
        host.run(keys=keys)
    host.run(keys="ssh-ed25519 AAAA ana\nssh-ed25519 BBBB bo\n")
    assert host.revoked.read_text() == ""
    assert host.revoking.exists()


def test_a_check_says_which_keys_are_revoked(host: Host, capfd: pytest.CaptureFixture[str]) -> None:
    host.run(keys="ssh-ed25519 AAAA ana\nssh-ed25519 BBBB bo\n")
    capfd.readouterr()
    host.run("--check", keys="ssh-ed25519 AAAA ana\n")
    changes = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert {"path": str(host.revoked), "before": "", "after": "ssh-ed25519 BBBB\n"} in changes
    assert not host.revoked.exists()


def test_everybody_may_read_the_stacks(host: Host) -> None:
    host.run()
    for name in ("sshd", "login", "su"):
        assert (host.pam / name).stat().st_mode & 0o777 == 0o644


def test_rules_that_are_refused_stop_the_program_before_pam_is_touched(host: Host) -> None:
    host.stubs.put("visudo", "exit 1")
    with pytest.raises(subprocess.CalledProcessError):
        host.run()
    assert host.files()["su"] == SU
    assert not (host.etc / "sudoers").exists()


def test_system_accounts_that_need_no_shell_lose_theirs(
    host: Host, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shells = {"games": "/bin/sh", "nobody": "/usr/sbin/nologin", "off": "/bin/false", "ana": "/x"}
    entries = [pwd.struct_passwd((n, "x", 1, 1, "", "/", shell)) for n, shell in shells.items()]
    monkeypatch.setattr(host.module.pwd, "getpwall", lambda: entries)
    host.run(without_shell=["games", "nobody", "off", "absent"])
    assert host.stubs.calls("usermod") == ["--shell /usr/sbin/nologin games"]
    assert "games: no login shell\n" in capfd.readouterr().out


def test_shells_that_were_taken_are_given_back_and_others_stay(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = tmp_path / "passwd"
    before.write_text("games:x:1:1::/:/bin/sh\nana:x:2:2::/:/bin/sh\nout:x:3:3::/:/bin/sh\n")
    now = {"games": "/usr/sbin/nologin", "ana": "/bin/zsh", "new": "/usr/sbin/nologin"}
    entries = [pwd.struct_passwd((n, "x", 1, 1, "", "/", shell)) for n, shell in now.items()]
    monkeypatch.setattr(host.module.pwd, "getpwall", lambda: entries)
    host.run("--return-shells", str(before))
    assert host.stubs.calls("usermod") == ["--shell /bin/sh games"]
    assert host.files()["su"] == SU


def test_the_settings_may_be_a_file(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps({"logins": [], "keys": "of the file\n", "without_shell": []}))
    host.run(str(file))
    assert (host.etc / "bastide" / "login_keys").read_text() == "of the file\n"


def test_the_files_of_the_system_are_the_ones_that_are_edited() -> None:
    module = program("bastide_accounts")
    assert {str(path): between for path, _, between in module.EDITED} == {
        "/etc/login.defs": "\t",
        "/etc/default/useradd": "=",
    }
    assert str(module.PAM) == "/etc/pam.d"
    assert str(module.LOGIN_KEYS) == "/etc/bastide/login_keys"
    assert str(module.SUDO) == "/etc/sudoers.d/bastide"
    assert module.SERVICES == ("sshd", "sudo", "login")
    assert module.LOGIN_DEFS == {
        "UMASK": "027",
        "PASS_MAX_DAYS": "365",
        "PASS_MIN_DAYS": "1",
        "PASS_WARN_AGE": "14",
        "ENCRYPT_METHOD": "YESCRYPT",
        "SHA_CRYPT_MIN_ROUNDS": "65536",
        "SHA_CRYPT_MAX_ROUNDS": "65536",
    }
    assert module.USERADD == {"INACTIVE": "30"}


def test_pam_itself_lets_in_root_and_nobody_who_is_unknown(accounts: ModuleType) -> None:
    assert accounts.may("sudo", "root")
    assert not accounts.may("sudo", "nobody-of-that-name")


def test_who_only_checks_changes_nothing(host: Host, capfd: pytest.CaptureFixture[str]) -> None:
    before = host.files()
    host.run("--check")
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert host.files() == before
    assert (host.etc / "login.defs").read_text() == DEFS
    assert [host.stubs.calls(name) for name in ("pam-auth-update", "visudo")] == [[], []]
    assert str(host.etc / "sudoers") in [line["path"] for line in told]
    host.run()
    capfd.readouterr()
    host.run("--check")
    assert capfd.readouterr().out == ""


def test_what_would_be_edited_is_told_and_nothing_is_written(
    accounts: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    defs, pam = tmp_path / "login.defs", tmp_path / "pam.d"
    defs.write_text(DEFS)
    pam.mkdir()
    (pam / "su").write_text(SU)
    monkeypatch.setattr(accounts, "EDITED", ((defs, {"UMASK": "027"}, "\t"),))
    monkeypatch.setattr(accounts, "PAM", pam)

    accounts.predict({"keys": "a key", "without_shell": ["root"], "logins": []})

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = {line.get("path") or line["account"]: line for line in lines}
    assert told[str(defs)]["before"] == DEFS
    assert "UMASK\t027" in told[str(defs)]["after"]
    assert accounts.WHEEL in told[str(pam / "su")]["after"]
    assert "bastide-faillock" in told[f"{pam}/common-*"]["change"]
    assert told["root"] == {"account": "root", "change": "no login shell"}
    assert (defs.read_text(), (pam / "su").read_text()) == (DEFS, SU)
    assert {path.name for path in tmp_path.rglob("*")} == {"login.defs", "pam.d", "su"}
