"""`bastide snmp`: wrong targets and files, and the way from an odd device to a test case."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitors.snmp.profile_files import shipped_profiles
from tests.command import BASTIDE, bastide_here, environment
from tests.loopback import free_udp_port
from tests.running import running

CASES = Path(__file__).resolve().parents[3] / "monitors" / "snmp" / "vendors" / "cases"
ODD = sorted(CASES.rglob("*.snmprec"))[0]
COMMUNITY = "a-community-of-this-test"


def snmp(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return bastide_here("snmp", *arguments, BASTIDE_ESTATE="lab")


@contextmanager
def replayed(file: Path, community: Path) -> Iterator[int]:
    """The port of an agent that serves a recording."""
    port = free_udp_port()
    arguments = ["snmp", "replay", str(file), "--listen", f"127.0.0.1:{port}"]
    with running(
        subprocess.Popen(
            [str(BASTIDE), *arguments, "--community", f"file:{community}"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(PYTHONUNBUFFERED="1"),
        )
    ) as agent:
        assert agent.stdout is not None
        assert f"answers on 127.0.0.1 port {port}" in agent.stdout.readline()
        yield port
        agent.terminate()


@pytest.fixture
def community(tmp_path: Path) -> Path:
    file = tmp_path / "community"
    file.write_text(COMMUNITY, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["poll", "toaster"], "toaster: no device of this estate and no address"),
        (["poll", "velgora-swich"], "did you mean velgora-switch"),
        (["poll", "10.0.0.1:none"], "'none' is no UDP port; expected 1 to 65535"),
        (["poll", "127.0.0.1:99999"], "'99999' is no UDP port"),
        (["poll", "127.0.0.1:0"], "'0' is no UDP port"),
        (["poll", "10.0.0.1", "--version", "2c"], "needs a community"),
        (["profiles", "toaster"], "toaster: no such profile"),
        (["record", "10.0.0.1", "--root", "1.3.sysName"], "is no object identifier"),
        (
            ["walk", "10.0.0.1", "--community", "env:NOT_SET_ANYWHERE"],
            "NOT_SET_ANYWHERE is not set",
        ),
        (["replay", str(Path(__file__))], "test_snmp.py"),
        (["set", "toaster", "1.3.6.1.2.1.1.6.0", "s", "x"], "toaster: no device"),
        (
            ["set", "velgora-switch", "1.3.6.1.2.1.1.6.0", "s", "x", "--change-it"],
            "allow_set: true",
        ),
    ],
)
def test_what_cannot_be_done_says_why(arguments: list[str], message: str) -> None:
    done = snmp(*arguments)
    assert done.returncode in (2, 3)
    assert message in " ".join(done.stderr.split())


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "kept.snmprec"
    file.write_text("mine", encoding="utf-8")
    done = snmp("record", "10.0.0.1", str(file))
    assert done.returncode == 2
    assert file.read_text(encoding="utf-8") == "mine"


def test_profiles_are_listed_and_documented() -> None:
    listed = json.loads(snmp("profiles", "--json").stdout)
    assert {profile["profile"] for profile in listed} == set(shipped_profiles())
    text = snmp("profiles", "ups").stdout
    assert "bastide_ups_on_battery" in text
    assert "1.3.6.1.2.1.33" in text


def test_a_recording_shows_its_metrics_without_a_network() -> None:
    done = snmp("replay", "--show", str(ODD))
    assert done.returncode in (0, 1), done.stderr
    assert "# TYPE " in done.stdout


def test_a_device_is_recorded_replayed_and_polled(tmp_path: Path, community: Path) -> None:
    again = tmp_path / "again.snmprec"
    access = ["--community", f"file:{community}"]
    with replayed(ODD, community) as port:
        polled = snmp("poll", f"127.0.0.1:{port}", *access, "--text")
        recorded = snmp("record", f"127.0.0.1:{port}", str(again), *access)
        walked = snmp("walk", f"127.0.0.1:{port}", *access)
    assert "bastide_snmp_success 1" in polled.stdout
    assert recorded.returncode == 0, recorded.stderr
    assert walked.stdout == again.read_text(encoding="utf-8")
    shown = snmp("replay", "--show", str(again)).stdout
    assert [line for line in shown.splitlines() if line.startswith("# TYPE")] == [
        line
        for line in snmp("replay", "--show", str(ODD)).stdout.splitlines()
        if line.startswith("# TYPE")
    ]


def test_no_secret_is_shown(community: Path) -> None:
    with replayed(ODD, community) as port:
        done = snmp("poll", f"127.0.0.1:{port}", "--community", f"file:{community}", "--json")
    assert COMMUNITY not in done.stdout + done.stderr
