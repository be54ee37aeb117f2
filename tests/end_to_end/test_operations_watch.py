"""What the vault tells when a part of the operations host dies: both sides are Debian's programs.

Durations of the vault's configuration and rules, and those at which the operations host's
Prometheus judges and sends, are divided by ten: a minute takes six seconds.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bastide.actions.prometheus import query
from bastide.support.estate import EstateContext
from inventory.entries import operations_host
from inventory.load import load_estate
from inventory.paths import shipped
from inventory.web_login import authority_file, password_file
from monitors.prometheus import operations_watch
from monitors.prometheus.prometheus_config import (
    ALERTMANAGER,
    AUTHORITY,
    PASSWORD_FILE,
    protected,
)
from monitors.web_api import ApiError, WebApi
from tests.alertmanager_server import Desk
from tests.bastide.context import environment_of, new_context
from tests.bastide.web_server import web_file
from tests.command import BASTIDE, environment
from tests.end_to_end.shortened_prometheus import divided, free_address, shortened
from tests.waiting import wait_until

TIMES = 10
FIVE_MINUTES = 5 * 60 / TIMES
NETWORK = f"127.{os.getpid() % 200 + 20}.{os.getpid() // 200 % 250}."
OPERATIONS = f"{NETWORK}10"
# On the operations host it answers that host alone, and its Prometheus says how it is.
EXPORTER = f"{NETWORK}11:9872"
NOTIFY = """
notify:
  channels: [{{id: desk, webhook: {{url: "http://127.0.0.1:{port}/"}}}}]
  operations_watch: {{vault: central-vault, to: [desk]}}
"""
WATCHDOG = {"alert": "Watchdog", "expr": "vector(1)", "labels": {"municipality": "central"}}
SHORT = (
    f"--query.lookback-delta={divided('5m', TIMES)}",
    f"--rules.alert.resend-delay={divided('1m', TIMES)}",
)


@dataclass
class Operations:
    """The processes of the operations host, by what the vault calls them."""

    running: dict[str, "subprocess.Popen[bytes]"]

    def kill(self, *names: str) -> None:
        for name in names:
            self.running[name].send_signal(signal.SIGSTOP)

    def revive(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.open():
        yield desk


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory, desk: Desk) -> EstateContext:
    context = new_context(tmp_path_factory.mktemp("estate"), NETWORK)
    file = context.folder / "estate.yml"
    file.write_text(file.read_text() + NOTIFY.format(port=desk.port))
    return EstateContext(context.folder, load_estate(context.folder), context.state)


@pytest.fixture(scope="module")
def operations(
    context: EstateContext, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operations]:
    folder = tmp_path_factory.mktemp("operations")
    web, bridge = f"--web.config.file={web_file(context, folder)}", free_address()
    entry = operations_host(context.estate)
    assert entry
    alertmanager = {**protection(context, entry.fqdn), **at(f"{OPERATIONS}:9093")}
    write(
        folder / "prometheus.yml",
        {
            "global": {"scrape_interval": "1s", "evaluation_interval": "500ms"},
            "rule_files": ["rules.yml"],
            "alerting": {"alertmanagers": [alertmanager]},
            "scrape_configs": [
                {"job_name": "bastide", **at(EXPORTER, entry.name)},
                {"job_name": "bridge", **at(bridge, entry.name)},
            ],
        },
    )
    write(folder / "rules.yml", {"groups": [{"name": "watchdog", "rules": [WATCHDOG]}]})
    nobody = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    write(folder / "alertmanager.yml", nobody)
    serve = (BASTIDE, "monitor", "serve", "--listen", EXPORTER)
    folders = ("--secrets", folder, "--state", folder)
    send = (BASTIDE, "monitor", "bridge", *folders, "--port", bridge.rpartition(":")[2])
    variables = environment(**environment_of(context))
    with ExitStack() as stack:
        running = {
            "prometheus": stack.enter_context(
                process(folder, "prometheus", *SHORT, web, at_port(f"{OPERATIONS}:9090"))
            ),
            "alertmanager": stack.enter_context(
                process(folder, "prometheus-alertmanager", web, at_port(f"{OPERATIONS}:9093"))
            ),
            "bastide": stack.enter_context(started(folder, serve, variables, "exporter")),
            "bridge": stack.enter_context(started(folder, send, variables, "bridge")),
        }
        yield Operations(running)


@pytest.fixture(scope="module")
def vault(
    context: EstateContext, operations: Operations, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebApi]:
    """The vault's pair with what `bastide monitor rules --watch` writes for it."""
    folder, own = tmp_path_factory.mktemp("vault"), free_address()
    asked = free_address()
    there = {
        f"{operations_watch.FOLDER}/authority.crt": str(authority_file(context.state)),
        f"{operations_watch.FOLDER}/password": str(password_file(context.state)),
        ALERTMANAGER: own,
    }
    for name, content in operations_watch.files(context.estate, {}, shipped("runbooks")):
        if isinstance(content, bytes) and name != "rules.yml":
            (folder / name).write_bytes(content)
            continue
        data = yaml.safe_load(content) if isinstance(content, bytes) else content
        write(folder / name, shortened(data, TIMES), there)
    with (
        process(folder, "prometheus-alertmanager", at_port(own)),
        process(folder, "prometheus", *SHORT, at_port(asked)),
    ):
        yield WebApi(f"http://{asked}")


@pytest.fixture(autouse=True)
def well(vault: WebApi, operations: Operations, desk: Desk) -> Iterator[None]:
    assert wait_until(lambda: is_calm(vault), 60), "it is known that all is well"
    yield
    operations.revive()
    told = len(desk.names())
    assert wait_until(lambda: len(desk.names("resolved")) >= told, 60), "what is mended is told"


@pytest.mark.parametrize(
    ("dead", "alert", "job"),
    [
        (("prometheus",), "MonitoringProcessDown", "prometheus"),
        (("alertmanager",), "MonitoringProcessDown", "alertmanager"),
        (("bastide",), "MonitoringProcessDown", "bastide"),
        (("bridge",), "MonitoringProcessDown", "bridge"),
        (("prometheus", "alertmanager", "bastide", "bridge"), "OperationsSilent", ""),
    ],
)
def test_what_dies_is_told_by_the_vault_within_five_minutes_once(
    operations: Operations, desk: Desk, dead: tuple[str, ...], alert: str, job: str
) -> None:
    before = len(desk.names())
    operations.kill(*dead)
    assert wait_until(lambda: len(desk.names()) > before, FIVE_MINUTES)
    (told,) = [each for each in desk.alerts if each["status"] == "firing"][before:]
    assert (told["labels"]["alertname"], told["labels"].get("job", "")) == (alert, job)
    assert told["labels"]["host"] == "central-ops"
    assert told["labels"]["severity"] == "page"


def is_calm(vault: WebApi) -> bool:
    """Whether alerts arrive, and the vault has nothing to tell, nor soon."""
    try:
        arriving = query(vault, "rate(alertmanager_alerts_received_total[12s]) > 0")
        return bool(arriving) and not query(vault, "ALERTS")
    except ApiError:
        return False


def protection(context: EstateContext, name: str) -> dict[str, Any]:
    text = yaml.safe_dump(protected(name))
    text = text.replace(AUTHORITY, str(authority_file(context.state)))
    asked: dict[str, Any] = yaml.safe_load(
        text.replace(PASSWORD_FILE, str(password_file(context.state)))
    )
    return asked


def at(address: str, host: str = "") -> dict[str, Any]:
    labels = {"municipality": "central", "host": host} if host else {}
    return {"static_configs": [{"targets": [address], "labels": labels}]}


def at_port(address: str) -> str:
    return f"--web.listen-address={address}"


def write(path: Path, data: Any, instead: Mapping[str, str] | None = None) -> None:
    text = yaml.safe_dump(data, sort_keys=False)
    for there, here in (instead or {}).items():
        text = text.replace(there, here)
    path.write_text(text, encoding="utf-8")


@contextmanager
def process(folder: Path, program: str, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    alone = program.endswith("alertmanager")
    kept = "--storage.path=alerts" if alone else "--storage.tsdb.path=samples"
    file = "alertmanager.yml" if alone else "prometheus.yml"
    peers = ("--cluster.listen-address=",) if alone else ()
    command = (program, f"--config.file={file}", kept, *peers, *options)
    with started(folder, command, dict(os.environ)) as running:
        yield running


@contextmanager
def started(
    folder: Path, command: tuple[str | Path, ...], variables: Mapping[str, str], name: str = ""
) -> Iterator["subprocess.Popen[bytes]"]:
    with (
        (folder / f"{name or Path(command[0]).name}.log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log) as running,
    ):
        try:
            yield running
        finally:
            running.send_signal(signal.SIGCONT)
            running.terminate()
