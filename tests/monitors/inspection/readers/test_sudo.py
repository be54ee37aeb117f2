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


@pytest.mark.parametrize(
    ("lines", "roots"),
    [
        (("Runas_Alias ADMINS = www-data, root", "a ALL=(ADMINS) ALL"), ["a"]),
        (("a ALL=(root, www-data) ALL",), ["a"]),
        (("a ALL=(#0) ALL",), ["a"]),
        (("a ALL=(ALL, !root) ALL",), []),
        (("a ALL=(:adm) ALL",), []),
        (("a ALL=(www) /bin/kill, (root) NOPASSWD: ALL",), ["a"]),
        (("a ALL=CWD=/srv NOPASSWD: SETENV: ALL",), ["a"]),
        (("a ALL=(ALL) !ALL",), []),
        (("a web1, web2 = ALL",), ["a"]),
        (("a, b, !c ALL=(ALL) ALL",), ["a", "b"]),
        (("#1000 ALL=(ALL) ALL", "#includedir /etc/sudoers.d"), ["#1000"]),
        (('"%domain admins" ALL=(ALL) ALL',), ["%domain admins"]),
        (("%TOWN\\\\domain\\ admins ALL=(ALL:ALL) ALL",), ["%TOWN\\domain admins"]),
        (("a web1 = /bin/ls : web2 = (root) ALL",), ["a"]),
        (("a ALL=/usr/bin/su -", "b ALL=/bin/bash", "c ALL=/bin/su - www"), ["a", "b"]),
        (("a ALL=(ALL) ALL # of the town", "b ALL=(ALL) \\", "  ALL"), ["a", "b"]),
        (("Cmnd_Alias A = /bin/a, /bin/b : B = ALL", "a ALL = A", "b ALL = B"), ["b"]),
        (("+netgroup ALL=(ALL) ALL", "%#27 ALL=(ALL) ALL"), ["+netgroup", "%#27"]),
    ],
)
def test_who_becomes_root(lines: tuple[str, ...], roots: list[str]) -> None:
    assert [rule.who for rule in rules(*lines) if rule.is_root] == roots


def test_a_password_is_asked_as_each_command_says() -> None:
    asked = rules("a ALL = NOPASSWD: /bin/a, /bin/b, PASSWD: /bin/c, (www) NOPASSWD: /bin/d\\, e")
    assert [(r.commands, r.run_as, r.asks_password) for r in asked] == [
        ("/bin/a", "root", False),
        ("/bin/b", "root", False),
        ("/bin/c", "root", True),
        ("/bin/d\\, e", "www", False),
    ]


def test_a_file_with_a_dot_is_read_where_it_is_named() -> None:
    text = "@include /etc/sudoers.town\n==> /etc/sudoers.town\nana ALL=(ALL) ALL\n"
    assert [rule.who for rule in read_sudo(f"==> /etc/sudoers\n{text}")] == ["ana"]
