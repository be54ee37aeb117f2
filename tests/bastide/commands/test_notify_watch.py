"""A test by the vault's own channels: an SSH server and Debian's Alertmanager on loopback."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from inventory.load import load_estate
from inventory.paths import shipped
from monitors.prometheus.prometheus_config import ALERTMANAGER
from monitors.prometheus.render import render_watch
from monitors.web_api import WebApi
from tests.bastide.actions.test_host_check import CONTACTS, site
from tests.command import bastide_here, bastide_json
from tests.monitors.audit.collect.ssh_server import new_key
from tests.monitors.bridge.receiver import Receiver
from tests.monitors.shell_server import Quirks, shell_server
from tests.town_estate import OPERATIONS
from tests.waiting import is_ready, wait_until

VAULT = "gradac-vault"


@pytest.fixture
def desk() -> Iterator[Receiver]:
    receiver = Receiver()
    with receiver.open():
        yield receiver


@contextmanager
def vault(folder: Path, desk: Receiver, key: str = "key") -> Iterator[dict[str, str]]:
    """Serve the vault's SSH; yield the environment of commands for its estate."""
    new_key(folder / "other")
    with shell_server(folder, Quirks(), new_key(folder / "key")) as server:
        host: dict[str, object] = {
            **{"id": "vault", "site": "hall", "address": "127.0.0.1", "roles": ["vault"]},
            **{"host_key": server.host_key_line, "manage": "full"},
            "accepts": {"level": "full", "by": "Milan", "date": "2026-11-01"},
            "ssh": {"port": server.port, "user": "itadmin", "key": str(folder / key)},
        }
        write_estate(folder / "estate", host, desk)
        yield {
            "BASTIDE_ESTATE": str(folder / "estate"),
            "BASTIDE_STATE_HOME": str(folder / "state"),
        }


def write_estate(folder: Path, host: dict[str, object], desk: Receiver) -> None:
    dead, channel = "http://127.0.0.1:9/", {"url": f"{desk.url}/desk"}
    files: dict[str, dict[str, object]] = {
        "estate.yml": {
            **{"estate": "okrug", "title": "Okrug", "domain": "okrug.test"},
            **{"provider": "existing", "management": ["192.0.2.0/24"]},
            "notify": {
                "channels": [
                    {"id": "desk", "webhook": channel, "fallback": "sms"},
                    {"id": "dead", "webhook": {"url": dead}},
                    {"id": "sms", "sms": {"to": ["+38164123456"], "gateway": {"url": dead}}},
                ],
                "operations_watch": {"vault": VAULT, "to": ["desk", "dead"]},
            },
        },
        "central.yml": {
            **{"name": "Okrug", "contacts": CONTACTS},
            "hosts": [{**OPERATIONS, "manage": "full", "accepts": host["accepts"]}],
            "sites": [site("hq", "192.0.2.0/24", "192.0.2.1")],
        },
        "municipalities/gradac.yml": {
            **{"municipality": "gradac", "name": "Gradac", "tier": "town", "country": "RS"},
            **{"contacts": CONTACTS, "hosts": [host]},
            "sites": [site("hall", "127.0.0.0/24", "127.0.0.9")],
        },
    }
    (folder / "municipalities").mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content))


@contextmanager
def alertmanager(folder: Path) -> Iterator[None]:
    """The vault's, as its role runs it."""
    rendered = folder / "watch"
    rendered.mkdir()
    render_watch(load_estate(folder / "estate"), rendered, shipped("runbooks"))
    program = shutil.which("prometheus-alertmanager")
    assert program
    options = (
        f"--config.file={rendered / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
    )
    listen = (f"--web.listen-address={ALERTMANAGER}", "--cluster.listen-address=")
    with (
        (folder / "alertmanager.log").open("wb") as log,
        subprocess.Popen((program, *options, *listen), stdout=log, stderr=log) as process,
    ):
        try:
            assert wait_until(lambda: is_ready(WebApi(f"http://{ALERTMANAGER}")), 20)
            yield
        finally:
            process.kill()


def test_without_a_vault_that_watches_there_is_nothing_to_send_by(
    tmp_path: Path, desk: Receiver
) -> None:
    with vault(tmp_path, desk) as environment:
        file = tmp_path / "estate" / "estate.yml"
        said = yaml.safe_load(file.read_text())
        del said["notify"]["operations_watch"]
        file.write_text(yaml.safe_dump(said))
        done = bastide_here("notify", "test", "--watch", **environment)
    assert done.returncode == 2
    assert "`notify:` has no `operations_watch:`" in done.stderr


def test_a_vault_that_lets_nobody_in_could_not_be_asked(tmp_path: Path, desk: Receiver) -> None:
    with vault(tmp_path, desk, key="other") as environment:
        done = bastide_here("notify", "test", "--watch", **environment)
    assert done.returncode == 3
    assert f"{VAULT}: " in done.stderr


def test_an_alertmanager_that_does_not_run_there_is_named(tmp_path: Path, desk: Receiver) -> None:
    with vault(tmp_path, desk) as environment:
        done = bastide_here("notify", "test", "--watch", **environment)
    assert done.returncode == 3
    assert f"Alertmanager does not answer: {VAULT}: " in done.stderr
    assert "Connection refused" in done.stderr
    assert f"is {VAULT} up?" in done.stderr


def test_the_vault_sends_through_its_own_channels_with_no_bridge(
    tmp_path: Path, desk: Receiver
) -> None:
    with vault(tmp_path, desk) as environment, alertmanager(tmp_path):
        told = bastide_json("notify", "test", "--watch", **environment)
    results = {result["channel"]: result["problem"] for result in told}
    assert results == {
        "desk": "",
        "dead": f"not delivered; see `journalctl -u prometheus-alertmanager` on {VAULT}",
    }
    (post,) = [post for post in desk.posts if post.path == "/desk"]
    assert post.json["commonLabels"]["alertname"] == "NotificationTest"
