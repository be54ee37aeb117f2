"""The events of a run in check mode as changes: each kind, each once, nothing of other hosts."""

from typing import Any

import pytest

from bastide.actions.changes import AccountChange, FileChange, PackageChange, ParameterChange
from bastide.actions.read_changes import read_changes

APT = """\
Reading package lists...
Inst nftables (1.0.6-2 Debian:12 [amd64])
Inst liblzma5 [5.4.1-1] (5.4.1-1+deb12u2 Debian:12 [amd64])
Remv exim4 [4.96]
Purg telnet [0.17]
Conf nftables (1.0.6-2 Debian:12 [amd64])
"""


def task(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    event: dict[str, Any] = {
        "event": "task",
        "host": "a",
        "task": "role : Do it",
        "action": "command",
        "dest": "",
    }
    event |= {"outcome": "ok", "changed": True, "message": "", "changes": list(changes)}
    return event | more


def installed(**more: Any) -> dict[str, Any]:
    change = {"path": "/etc/a", "before": "", "after": "x\n", "kind": "file", "secret": False}
    return change | {"was": "", "access": "0644 root:root"} | more


def files(*differences: dict[str, Any], **more: Any) -> tuple[FileChange, ...]:
    return read_changes([task({"diff": list(differences)}, **more)], "a").files


def test_files_of_install_files() -> None:
    new, old, link, folder, access, secret = files(
        installed(),
        installed(path="/etc/b", was="0600 a:a", before="y\n"),
        installed(path="/etc/l", kind="link", after="../x"),
        installed(path="/etc/d", kind="directory", after=""),
        installed(path="/etc/m", was="0600 a:a", before="x\n"),
        installed(path="/etc/s", was="0600 a:a", after="", secret=True),
    )
    assert (new.action, new.diff) == ("created", ("@@ -0,0 +1 @@", "+x"))
    assert (old.action, old.diff) == ("replaced", ("@@ -1 +1 @@", "-y", "+x"))
    assert (link.action, link.diff, link.access) == ("link created", ("-> ../x",), "")
    assert (folder.action, folder.diff) == ("folder created", ())
    assert (access.action, access.diff, access.was) == ("access changed", (), "0600 a:a")
    assert (secret.action, secret.diff, secret.secret) == ("replaced", (), True)


def test_files_of_ansibles_own_modules() -> None:
    (template,) = files({"before": "", "after": "x\n", "after_header": "/root/x"}, dest="/etc/t")
    assert (template.path, template.action) == ("/etc/t", "created")
    gone = {"before": {"path": "/p", "state": "file"}, "after": {"path": "/p", "state": "absent"}}
    assert files(gone) == (FileChange(path="/p", action="removed"),)
    made = {"before": {"state": "absent"}, "after": {"path": "/p", "state": "directory"}}
    assert files(made)[0].action == "created"
    mode = {"before": {"mode": "0700"}, "after": {"path": "/p", "mode": "0755"}}
    assert files(mode) == (FileChange(path="/p", action="access changed", access="0755"),)


def test_a_file_that_shows_no_diff_is_a_secret() -> None:
    secret = task({}, action="copy", dest="/etc/key")
    assert read_changes([secret], "a").files == (
        FileChange(path="/etc/key", action="written", secret=True),
    )


def test_packages_as_apt_simulates_them_each_once() -> None:
    events = [task({"stdout": APT}), task({"stdout": APT})]
    assert read_changes(events, "a").packages == (
        PackageChange(name="nftables", action="installed", version="1.0.6-2"),
        PackageChange(name="liblzma5", action="upgraded", version="5.4.1-1+deb12u2"),
        PackageChange(name="exim4", action="removed"),
        PackageChange(name="telnet", action="removed"),
    )


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_package_that_the_host_does_not_know_is_not_kept_quiet(stream: str) -> None:
    entry = task({stream: "W: odd\r\nE: Unable to locate package aide\r\n"})
    assert read_changes([entry], "a").unpredictable == (
        "role : Do it: E: Unable to locate package aide",
    )


@pytest.mark.parametrize(
    ("state", "now", "action", "was"),
    [
        ("restarted", "active", "restarted", "active"),
        ("restarted", "inactive", "started", "inactive"),
        ("started", "active", "enabled", "active"),
        ("started", None, "started", "not there yet"),
        ("stopped", "active", "stopped", "active"),
        ("reloaded", "active", "reloaded", "active"),
        ("", "active", "enabled", "active"),
    ],
)
def test_units_with_what_they_do_now(state: str, now: str | None, action: str, was: str) -> None:
    entry = {"name": "a.service", "state": state, "unit": {"active": now, "file": None}}
    (unit,) = read_changes([task(entry)], "a").units
    assert (unit.name, unit.action, unit.was) == ("a.service", action, was)


def test_accounts_and_what_our_programs_tell() -> None:
    events = [
        task({"name": "new", "state": "present"}, action="user"),
        task({"name": "old", "state": "present", "uid": 7}, action="user"),
        task({"name": "clerks", "state": "absent", "gid": 7}, action="group"),
        task({"stdout": '{"account": "postgres", "change": "no login shell"}\nnoise\n'}),
        task({"stdout": '{"parameter": "kernel.sysrq", "before": "1", "after": "0"}'}),
        task({"stdout": '{"path": "/etc/login.defs", "before": "a", "after": "b"}'}),
        task({"stdout": '{"path": "/etc/pam.d/common-*", "change": "pam-auth-update"}'}),
    ]
    changes = read_changes(events, "a")
    assert changes.accounts == (
        AccountChange(name="new", change="user created"),
        AccountChange(name="old", change="user changed"),
        AccountChange(name="clerks", change="group removed"),
        AccountChange(name="postgres", change="no login shell"),
    )
    assert changes.parameters == (ParameterChange(name="kernel.sysrq", before="1", after="0"),)
    assert [(f.path, f.action) for f in changes.files] == [
        ("/etc/login.defs", "replaced"),
        ("/etc/pam.d/common-*", "pam-auth-update"),
    ]


def test_what_cannot_be_told_what_ended_it_and_what_only_a_task_names() -> None:
    events = [
        {"event": "start", "task": "x"},
        task(task="keys : Create a key"),
        task(outcome="unpredictable", changed=False, task="firewall : Load"),
        task(outcome="failed", changed=False, task="systems : Refuse", message="Debian 6"),
        task(host="b", task="another host's"),
        {"event": "recap", "hosts": {}},
    ]
    changes = read_changes(events, "a")
    assert changes.others == ("keys : Create a key",)
    assert changes.unpredictable == ("firewall : Load",)
    assert changes.refused == ("systems : Refuse: Debian 6",)


@pytest.mark.parametrize(
    "entry",
    [
        {"stdout": '{"path": 7}'},
        {"stdout": "{"},
        {"stdout": '{"parameter": "a"}'},
        {"diff": ["text"]},
        {"diff": [{"path": "/etc/a"}]},
        {"name": ["a"], "unit": {"active": "active"}},
    ],
)
def test_what_a_host_gives_another_form_is_named_by_its_task(entry: dict[str, Any]) -> None:
    assert read_changes([task(entry)], "a").others == ("role : Do it",)


def test_a_tab_is_blanks() -> None:
    (file,) = files(installed(after="UMASK\t027\n"))
    assert file.diff[1] == "+UMASK  027"


def test_what_a_host_writes_cannot_steer_a_terminal() -> None:
    (file,) = files(installed(path="/etc/\x1b[2J", after="\x1b]0;x\x07\n"))
    assert "\x1b" not in file.path + "".join(file.diff)
