"""prometheus.yml: what is scraped, through which collector, and where alerts go."""

from dataclasses import dataclass
from typing import Any

from inventory.model import CENTRAL

EXPORTER = "127.0.0.1:9872"
BLACKBOX = "127.0.0.1:9115"
ALERTMANAGER = "127.0.0.1:9093"
PROMETHEUS = "127.0.0.1:9090"


@dataclass(frozen=True, slots=True)
class StaticJob:
    """A process of the operations host that is scraped for itself or for what it knows."""

    job: str
    address: str
    path: str = "/metrics"
    interval: str = "30s"
    honor_labels: bool = False


@dataclass(frozen=True, slots=True)
class DiscoveredJob:
    """Targets from the exporter's ``/targets/<target_list>``, scraped directly or through a proxy.

    ``proxy`` is the exporter that probes them (multi-target exporter pattern), under ``path``.
    ``strip_port`` probes the bare address: ping knows no ports.
    """

    job: str
    target_list: str
    path: str = "/metrics"
    proxy: str = ""
    module: str = ""
    interval: str = "15s"
    timeout: str = "5s"
    strip_port: bool = False


# What `/security`, `/continuity` and `/traps` report of others carries their municipality and name.
STATIC_JOBS: tuple[StaticJob, ...] = (
    StaticJob("prometheus", PROMETHEUS),
    StaticJob("alertmanager", ALERTMANAGER),
    StaticJob("blackbox_exporter", BLACKBOX),
    StaticJob("bastide", EXPORTER),
    StaticJob("security", EXPORTER, path="/security", honor_labels=True),
    StaticJob("continuity", EXPORTER, path="/continuity", honor_labels=True),
    StaticJob("traps", EXPORTER, path="/traps", honor_labels=True),
)
DISCOVERED_JOBS: tuple[DiscoveredJob, ...] = (
    DiscoveredJob("node", target_list="node"),
    DiscoveredJob(
        "icmp", target_list="node", path="/probe", proxy=BLACKBOX, module="icmp", strip_port=True
    ),
    DiscoveredJob(
        "snmp", target_list="snmp", path="/snmp", proxy=EXPORTER, interval="30s", timeout="20s"
    ),
    DiscoveredJob(
        "blackbox", target_list="blackbox", path="/probe", proxy=BLACKBOX, module="http_2xx"
    ),
)


def prometheus(estate_name: str, operations_host: str) -> dict[str, Any]:
    """Return prometheus.yml as data; ``operations_host`` labels its own processes' series."""
    return {
        "global": {
            "scrape_interval": "15s",
            "scrape_timeout": "10s",
            "evaluation_interval": "15s",
            "external_labels": {"estate": estate_name},
        },
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [ALERTMANAGER]}]}]},
        "scrape_configs": [
            *(_static(job, operations_host) for job in STATIC_JOBS),
            *(_discovered(job) for job in DISCOVERED_JOBS),
        ],
    }


def _static(job: StaticJob, operations_host: str) -> dict[str, Any]:
    labels = {"municipality": CENTRAL, "host": operations_host}
    config: dict[str, Any] = {
        "job_name": job.job,
        "metrics_path": job.path,
        "scrape_interval": job.interval,
        "static_configs": [{"targets": [job.address], "labels": labels}],
    }
    return config | ({"honor_labels": True} if job.honor_labels else {})


def _discovered(job: DiscoveredJob) -> dict[str, Any]:
    config: dict[str, Any] = {
        "job_name": job.job,
        "metrics_path": job.path,
        "scrape_interval": job.interval,
        "scrape_timeout": job.timeout,
        "http_sd_configs": [
            {"url": f"http://{EXPORTER}/targets/{job.target_list}", "refresh_interval": "30s"}
        ],
    }
    if job.module:
        config["params"] = {"module": [job.module]}
    if job.proxy:
        config["relabel_configs"] = _proxy_relabelling(job)
    return config


def _proxy_relabelling(job: DiscoveredJob) -> list[dict[str, Any]]:
    """Return the relabelling that probes the target through the proxy."""
    target: dict[str, Any] = {
        "source_labels": ["__address__"],
        "target_label": "__param_target",
    }
    if job.strip_port:
        target |= {"regex": r"\[?([^\]]+?)\]?(?::\d+)?", "replacement": "$1"}
    return [
        target,
        {"source_labels": ["__param_target"], "target_label": "instance"},
        {"target_label": "__address__", "replacement": job.proxy},
    ]
