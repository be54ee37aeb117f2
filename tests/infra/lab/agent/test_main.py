"""The agent as a process: how it starts, refuses to start, and ends."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.lab.agent.running import ADDRESS, settings
from tests.running import running

AGENT = (sys.executable, "-m", "infra.lab.agent", "--config")


def written(folder: Path, **changes: object) -> Path:
    file = folder / "agent.json"
    file.write_text(json.dumps(settings(folder) | changes), encoding="utf-8")
    return file


def test_an_unknown_key_ends_it_with_status_2_and_one_line(tmp_path: Path) -> None:
    file = written(tmp_path, colour="grey")
    done = subprocess.run([*AGENT, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"agent: {file}: colour: ")
    assert "Traceback" not in done.stderr


def test_a_port_in_use_ends_it_with_status_2(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((ADDRESS, 0))
        file = written(tmp_path, port=taken.getsockname()[1])
        done = subprocess.run([*AGENT, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Address already in use" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well_when_asked_to(tmp_path: Path, number: signal.Signals) -> None:
    with running(
        subprocess.Popen([*AGENT, str(written(tmp_path))], stderr=subprocess.PIPE, text=True)
    ) as agent:
        assert agent.stderr is not None
        assert "harbour-switch answers on 127.0.0.1" in agent.stderr.readline()
        agent.send_signal(number)
        assert agent.wait(timeout=30) == 0
        assert agent.stderr.read() == ""
