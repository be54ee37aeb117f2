"""What goes wrong is said clearly, ends with a non-zero status and leaves nothing half-done."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bastide.support.estate import EstateContext
from infra.lab import machine
from infra.lab.layout import lab_of
from inventory.outputs import outputs_path
from inventory.paths import SHIPPED_ESTATES
from inventory.ssh_client import write_ssh_files
from tests.command import BASTIDE, bastide, environment


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    estate = tmp_path / "broken"
    shutil.copytree(SHIPPED_ESTATES / "lab", estate)
    return estate


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("roles: [web, database]", "rolls: [web, database]", "did you mean `roles`?"),
        ("address: 10.77.2.30", "address: 10.77.2.31", "also the address at"),
        ("hosts: [app]", "hosts: [apple]", "no host 'apple'"),
    ],
)
def test_up_refuses_a_wrong_inventory_and_makes_nothing(
    old: str, new: str, message: str, broken: Path, own_state: Path
) -> None:
    replace(broken / "municipalities" / "kastrava.yml", old, new)
    done = bastide("up", "--estate", str(broken))
    assert done.returncode == 2
    assert message in done.stderr
    assert "kastrava.yml:" in done.stderr
    assert not own_state.exists()


def test_json_carries_the_same_problems(broken: Path) -> None:
    replace(broken / "municipalities" / "kastrava.yml", "tier: town", "tier: hamlet")
    done = bastide("inventory", "check", "--estate", str(broken), "--json")
    assert done.returncode == 2
    assert '"line": 4' in done.stdout


def test_an_unknown_word_is_wrong_use() -> None:
    assert bastide("inventori").returncode == 2
    assert bastide("playbook", "run", "nothing", "--estate", "lab").returncode == 2


# Another user who may still read our files, wherever the checkout is.
NOBODY = (
    *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
)


@pytest.mark.root
def test_up_without_root_says_so(own_state: Path) -> None:
    done = subprocess.run(
        [*NOBODY, str(BASTIDE), "up", "--estate", "lab"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert done.returncode != 0
    assert "expected root, found an ordinary user" in done.stderr
    assert not own_state.exists()


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "small"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(mount)], check=True)
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.root
def test_up_without_disk_space_says_how_much_is_needed(full_disk: Path) -> None:
    done = bastide(
        "up",
        "--estate",
        "lab",
        BASTIDE_CACHE_HOME=str(full_disk / "cache"),
        BASTIDE_STATE_HOME=str(full_disk / "state"),
    )
    assert done.returncode != 0
    assert "MiB" in done.stderr or "GiB" in done.stderr
    assert not list(full_disk.glob("state/*/pulumi"))


def test_serving_on_a_port_in_use_names_the_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = bastide("monitor", "serve", "--estate", "lab", "--listen", f"127.0.0.1:{port}")
    assert done.returncode == 3
    assert f"127.0.0.1:{port}" in done.stderr


@pytest.mark.lab
def test_a_changed_host_key_is_refused_by_every_way_in(lab: EstateContext, tmp_path: Path) -> None:
    outputs = outputs_path(lab.state)
    original = outputs.read_text()
    provisioned = json.loads(original)
    hosts = provisioned["hosts"]
    hosts["velgora-app"]["host_key"] = hosts["velgora-files"]["host_key"]
    outputs.write_text(json.dumps(provisioned))
    try:
        played = bastide(
            "playbook", "run", "configure", "--estate", "lab", "--limit", "velgora-app"
        )
        audited = bastide("audit", "run", "--estate", "lab", "--host", "velgora-app")
    finally:
        outputs.write_text(original)
        write_ssh_files(lab.estate, lab.state)
    assert played.returncode == 1
    assert "host key" in " ".join(played.stderr.lower().split())
    assert audited.returncode == 3
    assert "host key changed" in audited.stdout


@pytest.mark.lab
def test_a_host_that_refuses_ssh_differs_from_one_that_fails(lab: EstateContext) -> None:
    machine.stop(lab_of(lab.estate.estate, lab.state), "velgora-files")
    try:
        audited = bastide("audit", "run", "--estate", "lab", "--host", "velgora-files")
        played = bastide(
            "playbook", "run", "configure", "--estate", "lab", "--limit", "velgora-files"
        )
    finally:
        machine.start(lab_of(lab.estate.estate, lab.state), "velgora-files")
    assert audited.returncode == 3
    assert "velgora-files" in audited.stdout + audited.stderr
    assert played.returncode == 1
    assert "velgora-files" in played.stderr
