import pytest

from monitors.inspection.model import SudoRule
from monitors.inspection.readers.sudo import read_sudo
from tests.monitors.inspection.recorded import text


def rules(*lines: str) -> tuple[SudoRule, ...]:
    return read_sudo("\n".join(("==> /etc/sudoers", *lines)))


def test_the_recorded_files_are_read_as_sudo_reads_them() -> None:
    recorded = read_sudo(text("web", "sudoers"))
    assert [r.who for r in recorded if r.is_root] == ["root", "%sudo"]
    reload = [r for r in recorded if r.who == "clerk"]
    assert [r.commands for r in reload] == [
        "/usr/bin/systemctl reload nginx",
        "/usr/bin/systemctl reload apache2",
    ]
    assert not any(r.asks_password or r.is_root for r in reload)
    # A file with a dot in its name is not read by sudo.
    assert "%wheel" not in {r.who for r in recorded}


@pytest.mark.parametrize(
    ("line", "who", "run_as", "commands", "asks"),
    [
        ("ana ALL=(ALL) NOPASSWD: ALL", "ana", "ALL", "ALL", False),
        ("ana ALL = ALL", "ana", "root", "ALL", True),
        ("%it ALL=(ALL:ALL) ALL # all of them", "%it", "ALL:ALL", "ALL", True),
        ("ana web01=(www) /bin/kill", "ana", "www", "/bin/kill", True),
    ],
)
def test_a_rule(line: str, who: str, run_as: str, commands: str, asks: bool) -> None:
    (rule,) = rules(line)
    assert (rule.who, rule.run_as, rule.commands, rule.asks_password) == (
        who,
        run_as,
        commands,
        asks,
    )


def test_root_is_every_command_as_root_and_nothing_less() -> None:
    assert [r.is_root for r in rules("a ALL=(ALL) ALL", "b ALL=(www) ALL", "c ALL=/bin/ls")] == [
        True,
        False,
        False,
    ]


def test_an_alias_that_names_itself_ends() -> None:
    assert rules("User_Alias A = A, ana", "A ALL=ALL")
