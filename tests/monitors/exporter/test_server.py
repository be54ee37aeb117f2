"""The exporter as a process: addresses that it refuses, and its orderly end."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from inventory.problems import InventoryError
from monitors.exporter.server import ListenError, ListenRefusedError, Options, parse_listen, serve
from tests.loopback import free_port
from tests.monitors.exporter.exporter_client import ESTATE
from tests.running import running

SERVE = """
import logging, sys
from pathlib import Path
from monitors.exporter.server import Options, serve
logging.basicConfig(level=logging.INFO)
serve(Path(sys.argv[1]), Options(sys.argv[2], Path(sys.argv[3])))
"""


@pytest.mark.parametrize(
    "text", ["", "localhost", "9872", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "::1:9872"]
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ListenError, match="expected ADDR:PORT") as refusal:
        serve(ESTATE, Options(text))
    assert not isinstance(refusal.value, ListenRefusedError)


@pytest.mark.parametrize(
    ("text", "host"), [("127.0.0.1:9872", "127.0.0.1"), ("[::1]:9872", "::1"), (":9872", "")]
)
def test_addresses_are_read_and_written_alike(text: str, host: str) -> None:
    listen = parse_listen(text)
    assert (listen.host, listen.port, str(listen)) == (host, 9872, text)


def test_a_port_in_use_is_refused_with_the_way_to_find_its_owner(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenRefusedError, match=f"Address already in use.*sport = :{port}"):
            serve(ESTATE, Options(f"127.0.0.1:{port}", tmp_path))


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListenRefusedError, match="Cannot assign requested address"):
        serve(ESTATE, Options("192.0.2.1:9872", tmp_path))


def test_an_invalid_estate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InventoryError):
        serve(tmp_path, Options("127.0.0.1:9872"))


def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", SERVE, str(ESTATE), f"127.0.0.1:{port}", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    with running(
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    ) as exporter:
        assert exporter.stderr is not None
        assert f"on http://127.0.0.1:{port}/" in exporter.stderr.readline()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/-/healthy")
        assert connection.getresponse().status == 200
        exporter.send_signal(signal.SIGTERM)
        assert exporter.wait(timeout=30) == 0
