"""`bastide host scan` on addresses of the loopback, and in a network where nobody is."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from bastide.actions.scanning import MOST_ADDRESSES, PROBES_A_SECOND, PROBES_AT_ONCE
from monitors.ssh.host_keys import fingerprint
from tests.bastide.estates import new_estate
from tests.command import BASTIDE, bastide_here, environment
from tests.monitors.scan.test_tcp import listening
from tests.monitors.shell_server import Quirks, shell_server
from tests.running import running

DEAD = (
    "ip link set lo up && ip link add name quay0 type bridge "
    "&& ip address add 10.99.0.1/24 dev quay0 && ip link set quay0 up && exec "
)


def scan(estate: Path, network: str, *more: str, state: Path) -> "subprocess.CompletedProcess[str]":
    return bastide_here(
        *("host", "scan", network, "--estate", str(estate), *more), BASTIDE_STATE_HOME=str(state)
    )


def test_the_bounds_are_in_the_help() -> None:
    text = " ".join(bastide_here("host", "scan", "--help").stdout.split())
    assert f"more than {MOST_ADDRESSES} addresses" in text
    assert f"At most {PROBES_A_SECOND} probes begin in a second" in text
    assert f"at most {PROBES_AT_ONCE} are under way" in text


def test_other_networks_are_refused_with_the_estates_own(tmp_path: Path) -> None:
    estate = new_estate(tmp_path / "ours", network="127.77.9.")
    with listening() as (_, came):
        done = scan(estate, "127.0.0.0/24", state=tmp_path)
        assert came == []
    assert done.returncode == 2
    assert "127.77.9.0/24 (central" in done.stderr


def test_where_everything_is_refused_nothing_answers(tmp_path: Path) -> None:
    estate = new_estate(tmp_path / "ours", network="127.77.9.")
    done = scan(estate, "127.77.9.0/30", state=tmp_path)
    assert done.returncode == 3
    assert "nothing answers in 127.77.9.0/30" in done.stderr
    assert "refuse every port that was tried: 127.77.9.1, 127.77.9.2" in done.stdout


def test_what_answers_is_listed_with_the_line_that_adopts_it(tmp_path: Path) -> None:
    estate = new_estate(tmp_path / "ours", network="127.0.0.")
    quirks = Quirks()
    with shell_server(tmp_path, quirks) as server:
        file = estate / "estate.yml"
        file.write_text(f"{file.read_text()}\nssh: {{port: {server.port}}}\n")
        done = scan(estate, "127.0.0.1", state=tmp_path)
        listed = json.loads(scan(estate, "127.0.0.1", "--json", state=tmp_path).stdout)
    assert done.returncode == 1
    assert fingerprint(server.host_key_line) in done.stdout
    assert "\nbastide host adopt 127.0.0.1 --municipality central\n" in done.stdout
    assert quirks.logins == []
    (found,) = listed["answering"]
    assert server.port in found["ports"]
    assert {s["port"]: s["host_key"] for s in found["ssh"]}[server.port] == server.host_key_line
    assert found["suggestion"]["kind"] == "adopt"


def test_a_known_host_that_shows_another_key_is_a_finding(tmp_path: Path) -> None:
    estate = new_estate(tmp_path / "ours", network="127.0.0.")
    with shell_server(tmp_path, Quirks()) as server:
        file = estate / "central.yml"
        file.write_text(file.read_text().replace("address: 127.0.0.10", "address: 127.0.0.1", 1))
        gateway = file.read_text().replace("gateway: 127.0.0.1\n", "gateway: 127.0.0.9\n")
        file.write_text(gateway.replace("127.0.0.10", "127.0.0.1"))
        own = estate / "estate.yml"
        own.write_text(f"{own.read_text()}\nssh: {{port: {server.port}}}\n")
        listed = scan(estate, "127.0.0.1", "--json", state=tmp_path)
    assert listed.returncode == 1, listed.stderr
    (found,) = json.loads(listed.stdout)["answering"]
    assert found["name"].startswith("central-")
    assert "another host key" in found["problem"]
    assert found["suggestion"] is None


@pytest.mark.root
@pytest.mark.parametrize("stopped", [False, True])
def test_a_dead_network_ends_cleanly_and_so_does_ctrl_c(tmp_path: Path, stopped: bool) -> None:
    estate = new_estate(tmp_path / "ours", network="10.99.0.")
    network = "10.99.0.0/24" if stopped else "10.99.0.8/30"
    command = f"{DEAD} {BASTIDE} host scan {network} --estate {estate}"
    with running(
        subprocess.Popen(
            ["unshare", "--net", "sh", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(BASTIDE_STATE_HOME=str(tmp_path)),
        )
    ) as process:
        if stopped:
            assert process.stderr
            assert "scan 10.99.0.0/24" in process.stderr.readline()
            time.sleep(1)
            os.kill(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    # Its own gateway's address, which is this namespace's, may have refused by then.
    assert output in ("", "refuse every port that was tried: 10.99.0.1\n")
    assert "Traceback" not in errors
    if stopped:
        assert process.returncode == 130
    else:
        assert process.returncode == 3
        assert "nothing answers in 10.99.0.8/30" in errors
