"""Prometheus and Alertmanager as they are shipped, with every duration divided by one number.

What waits and repeats becomes quicker, so that an hour of the field fits into a test: intervals of
scrapes, rules and groups, `for`, ranges and offsets in expressions, staleness. Thresholds and
everything else stay as they are. Scrape timeouts become whole intervals instead, since this
machine is no quicker than the field's; and rules are judged only once targets are found, since
Prometheus takes five seconds for that whatever its configuration says.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import yaml

from inventory.model.notify import Notify
from monitors.prometheus.alertmanager_config import alertmanager
from monitors.prometheus.prometheus_config import (
    ALERTMANAGER,
    BLACKBOX,
    EXPORTER,
    PROMETHEUS,
    prometheus,
)
from monitors.prometheus.rule_files import RULES
from tests.loopback import HERE, free_port

UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")
RANGE_OR_OFFSET = re.compile(
    r"(?<=\[)(?:\d+(?:ms|s|m|h|d))+(?=\])|(?<=offset )(?:\d+(?:ms|s|m|h|d))+"
)
DURATIONS = {"for", "keep_firing_for", "interval", "scrape_interval", "evaluation_interval"}
DURATIONS |= {"refresh_interval", "group_wait", "group_interval", "repeat_interval"}
DURATIONS |= {"resolve_timeout"}
# Prometheus' own defaults, which no configuration file holds.
LOOKBACK, RESEND = "5m", "1m"
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Running:
    """Where the two listen: host and port; their folder, and how quick they are."""

    prometheus: str
    alertmanager: str
    folder: Path
    times: int

    def judge(self) -> None:
        """Have Prometheus read the shipped rules, and wait until it has."""
        for file in RULES.glob("*.yml"):
            rules = yaml.safe_load(file.read_text(encoding="utf-8"))
            _write(self.folder / "rules" / file.name, rules, self.times, {})
        reload = Request(f"http://{self.prometheus}/-/reload", method="POST")
        with urlopen(reload, timeout=START_SECONDS):  # noqa: S310 - loopback
            pass


def shortened(data: Any, times: int) -> Any:
    """Return configuration or rules with every duration divided by ``times``."""
    if isinstance(data, list):
        return [shortened(item, times) for item in data]
    if not isinstance(data, dict):
        return data
    made = {key: _changed(key, value, times) for key, value in data.items()}
    if "scrape_interval" in made:
        made["scrape_timeout"] = made["scrape_interval"]
    return made


def _changed(key: str, value: Any, times: int) -> Any:
    if key in DURATIONS:
        return divided(value, times)
    if key == "expr":
        return RANGE_OR_OFFSET.sub(lambda match: divided(match[0], times), value)
    return shortened(value, times)


def divided(duration: str, times: int) -> str:
    """Return ``1m`` as ``3s`` for 20 times; AssertionError for what is no duration."""
    parts = DURATION.findall(duration)
    assert "".join(f"{number}{unit}" for number, unit in parts) == duration != "", duration
    whole = sum(int(number) * UNITS[unit] for number, unit in parts)
    return f"{max(1, whole // times)}ms"


@contextmanager
def running(folder: Path, exporter: str, notify: Notify, times: int) -> Iterator[Running]:
    """Run both on loopback ports of their own, without rules yet.

    ``exporter`` is a host and port; it takes blackbox_exporter's place as well.
    """
    there = Running(free_address(), free_address(), folder, times)
    addresses = {
        EXPORTER: exporter,
        BLACKBOX: exporter,
        ALERTMANAGER: there.alertmanager,
        PROMETHEUS: there.prometheus,
    }
    _write(folder / "prometheus.yml", prometheus("lab", "central-ops", {}), times, addresses)
    _write(folder / "alertmanager.yml", alertmanager(notify, {}), times, {})
    (folder / "rules").mkdir()
    with ExitStack() as stack:
        for name, command in _commands(there, times).items():
            stack.enter_context(_process(folder, name, command))
        _wait(folder, "prometheus", f"http://{there.prometheus}/-/ready")
        _wait(folder, "prometheus-alertmanager", f"http://{there.alertmanager}/-/ready")
        yield there


def _commands(there: Running, times: int) -> dict[str, list[str]]:
    return {
        "prometheus": [
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address={there.prometheus}",
            f"--query.lookback-delta={divided(LOOKBACK, times)}",
            f"--rules.alert.resend-delay={divided(RESEND, times)}",
            "--web.enable-lifecycle",
        ],
        "prometheus-alertmanager": [
            "--config.file=alertmanager.yml",
            "--storage.path=alerts",
            f"--web.listen-address={there.alertmanager}",
            "--cluster.listen-address=",
        ],
    }


def _write(path: Path, data: Any, times: int, addresses: Mapping[str, str]) -> None:
    text = yaml.safe_dump(shortened(data, times), sort_keys=False)
    for shipped, here in addresses.items():
        text = text.replace(shipped, here)
    path.write_text(text, encoding="utf-8")


@contextmanager
def _process(folder: Path, name: str, arguments: list[str]) -> Iterator[None]:
    assert shutil.which(name), f"{name} is in Debian's packages prometheus and its alertmanager"
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([name, *arguments], cwd=folder, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def free_address() -> str:
    """Return a free address of the loopback."""
    return f"{HERE}:{free_port()}"


def _wait(folder: Path, name: str, url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - loopback
                return
        except (URLError, OSError):
            time.sleep(0.1)
    log = (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
    raise AssertionError(f"{url} is not ready:\n{log[-3000:]}")
