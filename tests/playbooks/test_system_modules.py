"""Modules of units, accounts and packages: what they ask for, and what they keep first."""

import json
from pathlib import Path
from typing import Any

import pytest
from run_records import packages, states
from run_records.record import Records

from tests.playbooks.ansible import run_module
from tests.playbooks.stubs import Stubs

RUN, LATER = "20261127T161500Z-0001", "20261128T161500Z-0001"
# Answers from a file a unit; writes down what else it is asked.
SYSTEMCTL = """
case "$1" in
show)
  shift 3
  for unit; do cat "{folder}/$unit" 2>/dev/null || echo LoadState=not-found; echo; done
  ;;
*) echo "$@" >>{folder}/asked ;;
esac
"""
ACTIVE = "LoadState=loaded\nActiveState={}\nSubState=running\nUnitFileState={}\n"


class Host:
    """A host whose programs are the test's."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "host"
        self.folder.mkdir()
        self.records = Records(folder / "records")
        self.stubs = Stubs(folder / "bin")
        self.stubs.put("systemctl", SYSTEMCTL.format(folder=self.folder))
        patch.setenv("PATH", f"{self.stubs.folder}:/usr/sbin:/usr/bin:/sbin:/bin")

    def unit(self, name: str, active: str, enabled: str) -> None:
        (self.folder / name).write_text(ACTIVE.format(active, enabled))

    def asked(self) -> list[str]:
        file = self.folder / "asked"
        return file.read_text().splitlines() if file.exists() else []

    def module(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        return run_module(name, **{"run": RUN, "records": str(self.records.root), **arguments})


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("active", "enabled", "wanted", "asked"),
    [
        ("active", "enabled", {"state": "started", "enabled": True}, []),
        ("active", "static", {"state": "started", "enabled": True}, []),
        ("activating", "static", {"state": "started"}, []),
        ("inactive", "disabled", {"state": "started", "enabled": True}, ["enable", "start"]),
        ("failed", "enabled", {"state": "started"}, ["start"]),
        ("active", "enabled", {"state": "stopped", "enabled": False}, ["disable", "stop"]),
        ("inactive", "masked", {"state": "stopped", "enabled": False}, []),
        ("active", "enabled", {"state": "restarted"}, ["restart"]),
        ("inactive", "enabled", {"state": "restarted"}, ["restart"]),
        ("active", "enabled", {"state": "reloaded"}, ["reload"]),
        ("inactive", "enabled", {"state": "reloaded"}, ["start"]),
    ],
)
def test_a_unit_is_brought_to_its_state(
    host: Host, active: str, enabled: str, wanted: dict[str, Any], asked: list[str]
) -> None:
    host.unit("a.service", active, enabled)

    predicted = host.module("systemd_unit", name="a.service", _ansible_check_mode=True, **wanted)
    assert (host.asked(), host.records.runs()) == ([], [])

    done = host.module("systemd_unit", name="a.service", **wanted)
    assert done["changed"] == predicted["changed"] == bool(asked)
    assert host.asked() == [f"{verb} -- a.service" for verb in asked]
    (result,) = done["results"]
    assert (result["name"], result["status"]["ActiveState"]) == ("a.service", active)
    kept = [thing.before for thing in host.records.things(RUN).values()]
    assert kept == ([f"{active} {enabled}"] if asked else [])


def test_a_unit_that_is_not_there_fails(host: Host) -> None:
    done = host.module("systemd_unit", name="b.service", state="started")
    assert done["msg"] == "Could not find the requested service b.service: host"


@pytest.mark.parametrize(
    ("wanted", "changed"),
    [
        ({"state": "started"}, True),
        ({"state": "restarted"}, True),
        ({"state": "stopped", "enabled": False}, False),
        ({"enabled": "yes"}, True),
    ],
)
def test_in_check_mode_a_unit_that_is_not_there_yet_would_start_or_stays_stopped(
    host: Host, wanted: dict[str, Any], changed: bool
) -> None:
    host.unit("a.service", "active", "enabled")
    names = ["a.service", "b.service"]
    done = host.module("systemd_unit", name=names, _ansible_check_mode=True, **wanted)
    _, missing = done["results"]
    assert (missing["name"], missing["changed"], missing["status"]) == ("b.service", changed, {})
    assert host.asked() == []


def test_several_units_are_touched_in_their_order_and_each_is_kept(host: Host) -> None:
    host.unit("b.socket", "inactive", "disabled")
    host.unit("a.service", "active", "enabled")
    host.unit("c.timer", "failed", "enabled")
    names = ["b.socket", "a.service", "c.timer"]
    done = host.module(
        "systemd_unit", name=names, state="started", enabled=True, daemon_reload=True
    )
    assert [(one["name"], one["changed"]) for one in done["results"]] == [
        ("b.socket", True),
        ("a.service", False),
        ("c.timer", True),
    ]
    assert done["changed"]
    assert host.asked() == [
        "daemon-reload", "enable -- b.socket", "start -- b.socket", "start -- c.timer"
    ]  # fmt: skip
    assert len(host.records.things(RUN)) == 2


def test_a_missing_unit_among_others_fails_with_its_name(host: Host) -> None:
    host.unit("a.service", "active", "enabled")
    done = host.module("systemd_unit", name=["a.service", "b.service"], state="started")
    assert done["msg"] == "Could not find the requested service b.service: host"


def test_an_answer_that_is_not_one_of_each_unit_is_a_failure(host: Host) -> None:
    host.stubs.put("systemctl", "echo LoadState=loaded")
    done = host.module("systemd_unit", name=["a.service", "b.service"], state="started")
    assert done["msg"] == "systemctl show: 1 answers of 2 units"


def test_systemd_reads_its_files_before_a_unit_is_touched(host: Host) -> None:
    host.unit("a.service", "active", "enabled")
    host.module(
        "systemd_unit", name="a.service", state="restarted", daemon_reload=True, no_block=True
    )
    assert host.asked() == ["daemon-reload", "--no-block restart -- a.service"]


def test_what_systemctl_refuses_is_the_module_s_failure(host: Host) -> None:
    host.stubs.put("systemctl", "echo 'Unit a.service is masked.' >&2; exit 1")
    assert "is masked" in host.module("systemd_unit", daemon_reload=True)["msg"]


def test_units_are_put_back_and_only_those_restarted_that_were(host: Host) -> None:
    host.unit("new.timer", "active", "enabled")
    host.unit("stopped.service", "active", "enabled")
    host.unit("web.service", "active", "enabled")
    host.unit("other.service", "inactive", "disabled")
    host.module("systemd_unit", name="stopped.service", state="stopped", enabled=False)
    host.module("systemd_unit", name="web.service", state="reloaded")
    host.module("systemd_unit", name="other.service", state="started", enabled=True)
    (host.folder / "asked").unlink()
    host.unit("stopped.service", "inactive", "disabled")
    host.unit("other.service", "active", "enabled")

    done = host.module("undo_run", undo=RUN, run=LATER)

    assert done["stays"] == done["problems"] == []
    assert host.asked() == [
        "stop -- other.service",
        "--quiet disable -- other.service",
        "reload-or-restart -- web.service",
        "--quiet enable -- stopped.service",
        "start -- stopped.service",
    ]


def test_an_account_and_its_group_are_made_recorded_and_removed(host: Host) -> None:
    for name in ("useradd", "userdel", "groupdel", "usermod", "groupadd"):
        host.stubs.put(name, f'echo {name} "$@" >>{host.folder}/asked')
    wanted = {"name": "bastide-nobody", "shell": "/bin/sh", "home": "/var/lib/x", "comment": "A"}

    predicted = host.module("system_account", _ansible_check_mode=True, **wanted)
    assert json.loads(predicted["stdout"]) == {
        "account": "bastide-nobody",
        "change": "user created",
    }
    assert host.module("system_account", **wanted)["changed"]

    options = "--shell /bin/sh --home-dir /var/lib/x --comment A"
    assert host.asked() == [
        f"useradd --system --no-create-home --password * {options} bastide-nobody"
    ]
    assert {thing.key: thing.before for thing in host.records.things(RUN).values()} == {
        ("account", "bastide-nobody"): "absent",
        ("group", "bastide-nobody"): "absent",
    }


def test_an_account_that_is_as_wanted_is_left_alone(host: Host) -> None:
    wanted = {"name": "root", "shell": "/bin/bash", "home": "/root", "comment": "root"}
    assert not host.module("system_account", **wanted)["changed"]
    assert not host.module("system_account", name="root", kind="group")["changed"]
    assert host.records.runs() == []


def test_what_apt_did_beside_what_it_was_asked_for_is_known(host: Host, tmp_path: Path) -> None:
    listing = host.folder / "packages"
    host.stubs.put("dpkg-query", f"[ $1 = --show ] && cat {listing} || echo {tmp_path}/etc/none")
    listing.write_text("ii  a 1\nii  b 1\nrc  c 1\nhi  held 1\n")
    host.module("record_packages")
    listing.write_text("ii  b 2\nii  dependency 1\nii  new:amd64 1\nhi  held 1\n")
    host.module("record_packages", done=True)

    changed = {name: (t.before, t.after) for (_, name), t in host.records.things(RUN).items()}
    assert changed == {
        "a": ("1", "absent"),
        "b": ("1", "2"),
        "dependency": ("absent", "1"),
        "new": ("absent", "1"),
    }


def test_what_apt_did_is_known_when_the_run_was_cut_off_before_it_told(host: Host) -> None:
    listing = host.folder / "packages"
    host.stubs.put("dpkg-query", f"cat {listing}")
    host.stubs.put("apt-get", f'echo "$@" >>{host.folder}/asked')
    listing.write_text("ii  a 1\n")
    host.module("record_packages")
    listing.write_text("ii  a 1\nii  new 1\n")

    done = host.module("undo_run", undo=RUN, run=LATER)

    assert done.get("things") == ["package new"], done
    assert host.asked()[-1].endswith("purge -- new")


APT = """
echo "$@" >>{folder}/asked
case "$*" in
*--simulate*) for name in "$@"; do cat "{folder}/goes-with-$name" 2>/dev/null; done; exit 0 ;;
esac
"""


def test_a_package_that_others_need_meanwhile_stays(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.stubs.put("apt-get", APT.format(folder=host.folder))
    for name, also in (("a", ""), ("b", "Purg theirs [1]\n"), ("c", "")):
        (host.folder / f"goes-with-{name}").write_text(f"Purg {name} [1]\n{also}")

    assert packages.removable(["a", "b", "c"]) == {"b": ["theirs"]}
    assert packages.removable(["a", "c"]) == {}
    assert packages.removable([]) == {}


def test_where_apt_cannot_tell_every_package_stays(host: Host) -> None:
    host.stubs.put("apt-get", "echo 'E: dpkg was interrupted' >&2; exit 100")
    assert packages.removable(["a"]) == {"a": ["apt (E: dpkg was interrupted)"]}


def test_kernel_parameters_are_read_by_name_and_pattern(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("net/ipv4/conf/eth0.5/rp_filter", "net/ipv4/conf/all/rp_filter", "kernel/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("0\t1\n")
    monkeypatch.setattr(states, "KERNEL", tmp_path)
    text = "# a\nnet.ipv4.conf.*.rp_filter = 1\n-kernel.x=2 3\nkernel.none = 1\n; b = c\n"

    assert dict(states.parameters(text)) == {
        "net/ipv4/conf/all/rp_filter": "1",
        "net/ipv4/conf/eth0.5/rp_filter": "1",
        "kernel/x": "2 3",
    }
    assert states.of_sysctl("net/ipv4/conf/eth0.5/rp_filter") == "0 1"
