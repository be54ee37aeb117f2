"""What the role accounts edits in files of others: the rest of them stays as it was."""

import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.playbooks.programs import program

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
