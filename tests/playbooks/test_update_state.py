"""update_state: what matters before and after an update, out of the programs of the host."""

from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.ansible import run_module
from tests.playbooks.stubs import Stubs

AUDIT = """\
The following packages are only half configured, probably due to problems
configuring them the first time.
 openssl              Secure Sockets Layer toolkit
 tzdata               time zone data
"""
SOCKETS = """\
tcp   LISTEN 0 128 0.0.0.0:22       0.0.0.0:*
tcp   LISTEN 0 128 [::]:443         [::]:*
udp   UNCONN 0 0   10.0.0.1%eth0:53 0.0.0.0:*
"""
PORTS = [
    {"port": 22, "protocol": "tcp"},
    {"port": 53, "protocol": "tcp"},
    {"port": 53, "protocol": "udp"},
    {"port": 443, "protocol": "tcp"},
    {"port": 80, "protocol": "tcp"},
]


@pytest.fixture
def stubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stubs:
    """A host on which all is well, and needrestart is not installed."""
    stubs = Stubs(tmp_path / "bin")
    for name in ("dpkg", "apt-mark", "systemctl"):
        stubs.put(name, "exit 0")
    stubs.put("ss", f"cat <<'END'\n{SOCKETS}END")
    monkeypatch.setenv("PATH", f"{stubs.folder}:/bin")
    return stubs


def state(folder: Path, ports: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return run_module("update_state", ports=ports or [], flag=str(folder / "reboot-required"))


def test_where_all_is_well_there_is_nothing_to_say(stubs: Stubs, tmp_path: Path) -> None:
    result = state(tmp_path)
    for name in ("unfinished", "held", "failed_units", "restart"):
        assert result[name] == [], name
    assert result["changed"] is False
    assert result["needrestart"] is False


def test_what_is_half_installed_held_or_failed_is_named(stubs: Stubs, tmp_path: Path) -> None:
    stubs.put("dpkg", f"cat <<'END'\n{AUDIT}END")
    stubs.put("apt-mark", "echo nginx")
    stubs.put("systemctl", "echo 'a.service loaded failed failed A service'")
    result = state(tmp_path)
    assert result["unfinished"] == ["openssl", "tzdata"]
    assert result["held"] == ["nginx"]
    assert result["failed_units"] == ["a.service"]


def test_of_the_declared_ports_those_are_open_that_somebody_listens_on(
    stubs: Stubs, tmp_path: Path
) -> None:
    assert state(tmp_path, PORTS)["open_ports"] == ["tcp/22", "tcp/443", "udp/53"]


@pytest.mark.parametrize(
    ("packages", "reason"),
    [
        (None, "updated packages"),
        ("linux-image-6.1\ndbus\ndbus\n", "updated: linux-image-6.1 dbus"),
    ],
)
def test_the_distributions_flag_asks_for_a_restart(
    packages: str | None, reason: str, stubs: Stubs, tmp_path: Path
) -> None:
    (tmp_path / "reboot-required").touch()
    if packages:
        (tmp_path / "reboot-required.pkgs").write_text(packages)
    assert state(tmp_path)["restart"] == [reason]


@pytest.mark.parametrize(
    ("said", "reasons"),
    [
        ("NEEDRESTART-VER: 3.6\nNEEDRESTART-KSTA: 1\n", []),
        ("NEEDRESTART-VER: 3.6\nNEEDRESTART-KSTA: 0\n", []),
        ("NEEDRESTART-KCUR: 6.1\nNEEDRESTART-KSTA: 3\n", ["a newer kernel is installed"]),
        ("NEEDRESTART-KSTA: 2\n", ["a newer kernel is installed"]),
        ("NEEDRESTART-SVC: dbus.service\n", ["dbus.service uses what was replaced"]),
        ("NEEDRESTART-SESS: ana @ session #1\n", []),
    ],
)
def test_needrestart_asks_for_one_where_it_is_installed(
    said: str, reasons: list[str], stubs: Stubs, tmp_path: Path
) -> None:
    stubs.put("needrestart", f"cat <<'END'\n{said}END")
    result = state(tmp_path)
    assert result["restart"] == reasons
    assert result["needrestart"] is True
    assert stubs.calls("needrestart") == ["-b"]
