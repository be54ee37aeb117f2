"""A Prometheus that holds every series that the dashboards may query.

Two devices of one municipality: all is well on the first (every value is 1), nothing on the
second (every value is 0); counters move on both. So a query that finds nothing here names a
series, a label or a join that does not exist.
"""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from monitors.prometheus.rule_files import RULES
from monitors.snmp.profile import Profile, Table
from monitors.snmp.profile_files import shipped_profiles
from tests.loopback import HERE, free_port

DEVICES = {"north-well": 1, "north-ill": 0}
DEVICE = {"municipality": "north", "tier": "town", "job": "snmp"}
PORT = ("ifIndex", "ifName", "port")

# What the exporter adds to the profiles' metrics, with its labels.
EXPORTER_METRICS: dict[str, tuple[str, ...]] = {
    "bastide_snmp_success": (),
    "bastide_snmp_duration_seconds": (),
    "bastide_snmp_table_success": ("profile", "table"),
    "bastide_snmp_table_duration_seconds": ("profile", "table"),
    "bastide_snmp_target_info": ("kind", "site", "model"),
    "bastide_snmp_boot_timestamp_seconds": (),
    "bastide_intent_port_up": (*PORT, "uplink"),
    "bastide_intent_port_missing": ("port",),
    "bastide_intent_port_speed_bits_per_second": PORT,
    "bastide_intent_port_vlan": PORT,
    "bastide_intent_neighbour_matches": (*PORT, "neighbour"),
    "bastide_snmp_traps_total": ("trap",),
    "bastide_snmp_traps_rejected_total": ("reason",),
    "bastide_host_level_info": ("host", "level"),
    "bastide_municipality_info": ("title", "contact"),
    "bastide_service_objective_ratio": ("host", "service"),
    "bastide_service_open": ("host", "service"),
    "bastide_service_in_maintenance": ("host", "service"),
    "process_cpu_seconds_total": (),
    "process_resident_memory_bytes": (),
}
# What Prometheus makes itself.
FOREIGN: dict[str, tuple[str, ...]] = {
    "probe_success": ("host", "port", "service"),
    "ALERTS": ("alertname", "severity", "host", "service"),
    "ALERTS_FOR_STATE": ("alertname", "severity", "host", "service"),
}
FIXED = {"uplink": "yes", "alertstate": "firing", "level": "full"}
JOBS = {
    "process_cpu_seconds_total": ("bastide",),
    "process_resident_memory_bytes": ("bastide",),
    "probe_success": ("tcp", "blackbox"),
    "bastide_host_level_info": ("levels",),
}
# Of what is in maintenance nothing is counted.
ALWAYS = {"bastide_service_in_maintenance": 0}
STEP_SECONDS = 30
STEPS = 60


@cache
def known_metrics() -> frozenset[str]:
    """The names of all that a dashboard may query."""
    return frozenset((*(name for name, _ in _measured()), *FOREIGN, *_recorded()))


@contextmanager
def prometheus_with_all(folder: Path) -> Iterator[str]:
    """Run Prometheus over all of it and the project's own recording rules; yield its address."""
    (folder / "series.txt").write_text("".join(_lines(int(time.time()))), encoding="utf-8")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "series.txt", "data"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    rules = [{**group, "interval": "1s"} for group in _rules()]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": rules}), encoding="utf-8")
    (folder / "prometheus.yml").write_text("rule_files: [rules.yml]\n", encoding="utf-8")
    listen = f"{HERE}:{free_port()}"
    # Debian's own default for the path is under /var.
    storage = ["--storage.tsdb.path=data", f"--web.listen-address={listen}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", "--config.file=prometheus.yml", *storage],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for_rules(f"http://{listen}", folder / "log")
            yield f"http://{listen}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def query_api(address: str, path: str, **parameters: str) -> Any:
    """The data of a response of Prometheus' API; an error fails the test with its message."""
    url = f"{address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - loopback
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{parameters}: {error.read().decode()}") from error


def _measured() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Metrics with the labels that are their own."""
    yield from EXPORTER_METRICS.items()
    for profile in shipped_profiles().values():
        yield from _of_profile(profile)


def _of_profile(profile: Profile) -> Iterator[tuple[str, tuple[str, ...]]]:
    if profile.info:
        yield profile.info.metric, tuple(text.label for text in profile.info.labels)
    for scalar in profile.scalars:
        yield scalar.metric, (*scalar.labels, *(("state",) if scalar.states else ()))
    for table in profile.tables:
        labels = _row_labels(table)
        if table.info:
            yield table.info.metric, (*labels, *(text.label for text in table.info.labels))
        for column in table.columns:
            state = ("state",) if column.states else ()
            yield column.metric, (*labels, *column.labels, *state)


def _row_labels(table: Table) -> tuple[str, ...]:
    parts = tuple(part.label for part in table.index if part.label)
    links = tuple(link.label for link in table.links)
    return (*parts, *links, *(text.label for text in table.labels))


def _recorded() -> set[str]:
    return {rule["record"] for group in _rules() for rule in group["rules"]}


def _rules() -> list[dict[str, Any]]:
    """The groups of the shipped rules, without their alerts."""
    groups = [
        {**group, "rules": [rule for rule in group["rules"] if "record" in rule]}
        for path in sorted(RULES.glob("*.yml"))
        for group in yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)["groups"]
    ]
    return [group for group in groups if group["rules"]]


def _lines(now: int) -> Iterator[str]:
    """OpenMetrics text: each series with its samples up to now."""
    series = {
        (name, tuple(sorted(set(labels)))) for name, labels in [*_measured(), *FOREIGN.items()]
    }
    times = range(now - STEPS * STEP_SECONDS, now + 1, STEP_SECONDS)
    # promtool wants the samples of one name together.
    for name, labels in sorted(series):
        for device, value in DEVICES.items():
            for job in JOBS.get(name, ("snmp",)):
                yield from _samples(
                    name, labels, DEVICE | {"device": device, "job": job}, value, times
                )
    yield "# EOF\n"


def _samples(
    name: str, labels: tuple[str, ...], known: dict[str, str], value: int, times: range
) -> Iterator[str]:
    moves = 1000 * STEP_SECONDS if name.startswith("if") or name.endswith("_total") else 0
    # A service of each device.
    fixed = FIXED | {"service": known["device"]}
    pairs = known | {label: fixed.get(label, "1") for label in labels}
    if name == "ALERTS":
        pairs["alertstate"] = "firing"
    text = ",".join(f'{label}="{value}"' for label, value in sorted(pairs.items()))
    still = name in ("ifOperStatus", "ifAdminStatus", "ifHighSpeed")
    value = ALWAYS.get(name, value)
    for step, moment in enumerate(times):
        yield f"{name}{{{text}}} {value if still else value + step * moves} {moment}\n"


def _wait_for_rules(address: str, log: Path) -> None:
    """Return when every group has been evaluated five times: they build on each other."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            # 503 until the write-ahead log is replayed.
            urllib.request.urlopen(f"{address}/-/ready", timeout=30).close()  # noqa: S310 - loopback
            groups = query_api(address, "rules")["groups"]
        except OSError:
            groups = []
        started = [group["lastEvaluation"] for group in groups]
        if started and not any(moment.startswith("0001") for moment in started):
            time.sleep(6)
            return
        time.sleep(0.2)
    raise TimeoutError(log.read_text(encoding="utf-8", errors="replace")[-2000:])
