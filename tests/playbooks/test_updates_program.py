"""updates-seen: since when which updates are pending; when apt fails, the old result grows old."""

import json
import os
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.stubs import Stubs, run_main

PLAN = """\
NOTE: This is only a simulation!
Inst openssl [3.0.11] (3.0.15 Debian-Security:12/stable-security [amd64])
Inst tzdata [2024a] (2024b Debian:12.7/stable [all])
Inst curl [7.81] (7.82 Ubuntu:22.04/jammy-security [amd64])
Inst bash [5.1] (5.2 Ubuntu:22.04/jammy-updates [amd64])
Inst vendor [1] (2 vendor-security:stable [amd64])
Conf openssl (3.0.15 Debian-Security:12/stable-security [amd64])
"""
ROWS = """\
http://deb.debian.org/debian/|Debian|Debian|bookworm|yes
http://deb.debian.org/debian/|Debian|Debian|bookworm|yes
http://a.example/|A|A|stable|no
"""


class Host:
    """A host whose apt is the test's."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.module: ModuleType = program("updates_seen")
        self.stubs, self._patch = Stubs(folder / "bin"), patch
        self.state, self.metrics = folder / "state", folder / "metrics" / "updates.prom"
        self.state.mkdir()
        self.files = {name: folder / name for name in ("LISTS", "SUCCESS", "RESTART", "PROCESSES")}
        for name, path in self.files.items():
            patch.setattr(self.module, name, path)
        search = f"{self.stubs.folder}:{self.module.ENVIRONMENT['PATH']}"
        patch.setitem(self.module.ENVIRONMENT, "PATH", search)
        patch.setenv("LC_ALL", "de_DE.UTF-8")
        self.apt(PLAN)
        self.stubs.put("apt-mark", "echo linux-image-amd64")

    def apt(self, plan: str) -> None:
        for name, text in (("plan", plan), ("rows", ROWS)):
            (self.stubs.folder / name).write_text(text)
        here = self.stubs.folder
        self.stubs.put(
            "apt-get",
            f'[ "$LC_ALL" = C ] || exit 100\n'
            f'case "$1" in indextargets) cat {here}/rows;; *) cat {here}/plan;; esac',
        )

    def run(self) -> dict[str, Any]:
        run_main(self.module, self._patch, self.state, self.metrics)
        result: dict[str, Any] = json.loads((self.state / "updates.json").read_text())
        return result


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


@pytest.mark.parametrize("name", ["apt-get", "apt-mark"])
def test_when_apt_fails_the_last_result_stays(name: str, host: Host) -> None:
    host.run()
    before = (host.state / "updates.json").read_bytes()
    host.stubs.put(name, "exit 100")
    with pytest.raises(subprocess.CalledProcessError):
        host.run()
    assert (host.state / "updates.json").read_bytes() == before


@pytest.mark.parametrize("damaged", ["", "{", "[1]", "null"])
def test_a_damaged_last_result_is_none(damaged: str, host: Host) -> None:
    (host.state / "updates.json").write_text(damaged)
    result = host.run()
    assert result["since"] == result["at"]


def test_updates_of_the_systems_security_archive_are_told_apart(host: Host) -> None:
    result = host.run()
    assert set(result["security"]) == {"openssl", "curl"}
    assert result["other"] == 3


def test_an_update_is_pending_since_it_was_first_seen(host: Host) -> None:
    first = host.run()
    host.apt(PLAN + "Inst sudo [1] (2 Debian-Security:12/stable-security [amd64])\n")
    second = host.run()
    assert second["at"] > first["at"]
    assert second["since"] == first["since"] == first["at"]
    assert second["security"]["openssl"] == first["at"]
    assert second["security"]["sudo"] == second["at"]


def test_what_was_installed_is_forgotten(host: Host) -> None:
    host.run()
    host.apt("")
    result = host.run()
    assert (result["security"], result["other"]) == ({}, 0)


def test_nothing_is_installed_and_no_lock_is_taken(host: Host) -> None:
    host.run()
    simulated, listed = host.stubs.calls("apt-get")
    assert simulated == "--simulate -o Debug::NoLocking=true dist-upgrade"
    form = "$(REPO_URI)|$(ORIGIN)|$(LABEL)|$(CODENAME)|$(TRUSTED)"
    assert listed == f"indextargets --format {form}"
    assert host.stubs.calls("apt-mark") == ["showhold"]


def test_each_repository_is_told_once_with_whether_it_is_trusted(host: Host) -> None:
    names = ("uri", "origin", "label", "codename", "trusted")
    rows = [line.split("|") for line in (ROWS.splitlines()[2], ROWS.splitlines()[0])]
    assert host.run()["repositories"] == [dict(zip(names, row, strict=True)) for row in rows]


def test_times_are_those_of_the_systems_own_files_or_none(host: Host) -> None:
    keys = {"LISTS": "lists", "SUCCESS": "last_success", "RESTART": "restart_required_since"}
    result = host.run()
    assert {result[key] for key in keys.values()} == {None}
    for number, name in enumerate(keys, 1):
        host.files[name].touch()
        os.utime(host.files[name], (number * 1000, number * 1000))
    result = host.run()
    assert [result[key] for key in keys.values()] == [1000, 2000, 3000]
    assert result["held"] == ["linux-image-amd64"]


def test_the_result_is_for_root_and_the_counts_for_everyone(host: Host) -> None:
    host.metrics.parent.mkdir()
    host.run()

    def values() -> list[str]:
        lines = host.metrics.read_text().splitlines()
        return [line for line in lines if not line.startswith("#")]

    assert (host.state / "updates.json").stat().st_mode & 0o777 == 0o600
    assert host.metrics.stat().st_mode & 0o777 == 0o644
    assert values() == [
        'bastide_updates_pending{class="security"} 2',
        'bastide_updates_pending{class="other"} 3',
        "bastide_updates_restart_required 0",
        "bastide_updates_restart_required_since_timestamp_seconds 0",
        "bastide_updates_lists_timestamp_seconds 0",
    ]
    for name in ("RESTART", "LISTS"):
        host.files[name].touch()
        os.utime(host.files[name], (5000, 5000))
    host.run()
    assert values()[2:] == [
        "bastide_updates_restart_required 1",
        "bastide_updates_restart_required_since_timestamp_seconds 5000",
        "bastide_updates_lists_timestamp_seconds 5000",
    ]
    assert list(host.metrics.parent.iterdir()) == [host.metrics]


LIBRARY = "7f1c-7f1d r-xp 00000000 08:01 1234  /usr/lib/x86_64-linux-gnu/libssl.so.3"


@pytest.mark.parametrize(
    ("cgroup", "maps", "unit"),
    [
        ("0::/system.slice/ssh.service", f"{LIBRARY} (deleted)", "ssh.service"),
        ("0::/system.slice/system-postgresql.slice/postgresql@15-main.service",
         f"{LIBRARY} (deleted)", "postgresql@15-main.service"),
        ("12:cpu:/\n1:name=systemd:/system.slice/nginx.service\n0::/", f"{LIBRARY} (deleted)",
         "nginx.service"),
        ("0::/init.scope", f"{LIBRARY} (deleted)", "init.scope"),
        ("0::/user.slice/user-0.slice/session-3.scope", f"{LIBRARY} (deleted)", ""),
        ("0::/system.slice/docker-4f1c.scope", f"{LIBRARY} (deleted)", ""),
        ("0::/system.slice/ssh.service", LIBRARY, ""),
        ("0::/system.slice/ssh.service", "7f1c-7f1d rw-p 0 00:01 9  /usr/lib/data (deleted)", ""),
        ("0::/system.slice/ssh.service", "7f1c-7f1d r-xp 0 00:01 9  /memfd:jit (deleted)", ""),
    ],
)  # fmt: skip
def test_a_service_that_runs_what_was_replaced_is_told_with_since_when(
    cgroup: str, maps: str, unit: str, host: Host
) -> None:
    host.metrics.parent.mkdir()
    process = host.files["PROCESSES"] / "17"
    process.mkdir(parents=True)
    (process / "cgroup").write_text(cgroup + "\n")
    (process / "maps").write_text(f"55d0-55d1 r-xp 0 08:01 7  /usr/sbin/sshd\n{maps}\n")
    first, second = host.run(), host.run()
    assert second["outdated"] == ({unit: first["at"]} if unit else {})
    name = "bastide_updates_service_outdated_since_timestamp_seconds"
    line = f'{name}{{unit="{unit}"}} {first["at"]}'
    assert (line in host.metrics.read_text().splitlines()) is bool(unit)


def test_a_process_that_has_just_ended_is_no_failure(host: Host) -> None:
    (host.files["PROCESSES"] / "18").mkdir(parents=True)
    assert host.run()["outdated"] == {}


def test_a_host_without_node_exporter_gets_no_metrics(host: Host) -> None:
    host.run()
    assert not host.metrics.parent.exists()


def test_the_systems_own_places_are_looked_at() -> None:
    module = program("updates_seen")
    assert str(module.LISTS) == "/var/lib/apt/lists"
    assert str(module.SUCCESS) == "/var/lib/apt/periodic/unattended-upgrades-stamp"
    assert str(module.RESTART) == "/run/reboot-required"
