"""Debian's Prometheus and Alertmanager on the addresses of an estate's operations host."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from bastide.support.estate import EstateContext
from monitors.web_api import web_api
from tests.bastide.web_server import web_file
from tests.waiting import is_ready, wait_until

PORTS = {"prometheus": 9090, "prometheus-alertmanager": 9093}
PROGRAMS = {
    "prometheus": ("--config.file=prometheus.yml", "--storage.tsdb.path=samples"),
    "prometheus-alertmanager": (
        *("--config.file=alertmanager.yml", "--storage.path=alerts"),
        "--cluster.listen-address=",
    ),
}


@contextmanager
def monitors(
    context: EstateContext,
    address: str,
    folder: Path,
    silent: Sequence[tuple[str, str]],
    goals: Sequence[tuple[str, str, float]] = (),
) -> Iterator[None]:
    """Run both; of ``silent``, pairs such as ``("host", "town-edge")``, Prometheus says so.

    ``goals``: what it has recorded of services, such as ``("budget_left", "town-permits", 0.5)``.
    """
    rules = [
        {
            "record": f"{label}:reachable:bool",
            "expr": f'label_replace(vector(0), "{label}", "{name}", "", "")',
        }
        for label, name in silent
    ]
    rules += [
        {
            "record": f"service:{what}:ratio_30d",
            "expr": f'label_replace(vector({value}), "service", "{service}", "", "")',
        }
        for what, service, value in goals
    ]
    groups = {"groups": [{"name": "silent", "interval": "1s", "rules": rules}]}
    _write(folder / "silent.yml", groups)
    _write(folder / "prometheus.yml", {"rule_files": ["silent.yml"]})
    nobody = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    _write(folder / "alertmanager.yml", nobody)
    with ExitStack() as stack:
        for program, arguments in PROGRAMS.items():
            log = stack.enter_context((folder / f"{program}.log").open("wb"))
            listen = f"--web.listen-address={address}:{PORTS[program]}"
            web = f"--web.config.file={web_file(context, folder)}"
            process = subprocess.Popen(
                (program, *arguments, listen, web), cwd=folder, stdout=log, stderr=log
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
        there = [web_api(f"https://{address}:{port}", context.state) for port in PORTS.values()]
        assert wait_until(lambda: all(map(is_ready, there)), 30)
        yield


def _write(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
