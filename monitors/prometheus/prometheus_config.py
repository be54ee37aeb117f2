"""prometheus.yml: what is scraped, through which collector, and where alerts go."""

from dataclasses import dataclass
from typing import Any

from inventory.model.tenants import CENTRAL
from inventory.web_login import USER
from monitors.bridge import LISTEN

EXPORTER = "127.0.0.1:9872"
BLACKBOX = "127.0.0.1:9115"
ALERTMANAGER = "127.0.0.1:9093"
PROMETHEUS = "127.0.0.1:9090"
# Where the role puts them on the operations host.
AUTHORITY = "/etc/bastide/authority.crt"
PASSWORD_FILE = "/etc/bastide/web/password"  # noqa: S105 - where it is, not what it is


@dataclass(frozen=True, slots=True)
class StaticJob:
    """A process of the operations host that is scraped for itself or for what it knows."""

    job: str
    address: str
    path: str = "/metrics"
    interval: str = "30s"
    honor_labels: bool = False
    is_protected: bool = False


@dataclass(frozen=True, slots=True)
class DiscoveredJob:
    """Targets from the exporter's ``/targets/<target_list>``, scraped directly or through a proxy.

    ``proxy`` is the exporter that probes them (multi-target exporter pattern), under ``path``;
    without a ``module`` here each target names its own.
    """

    job: str
    target_list: str
    path: str = "/metrics"
    proxy: str = ""
    module: str = ""
    interval: str = "15s"
    timeout: str = "5s"


# What these report of others carries the others' municipality and name.
STATIC_JOBS: tuple[StaticJob, ...] = (
    StaticJob("prometheus", PROMETHEUS, is_protected=True),
    StaticJob("alertmanager", ALERTMANAGER, is_protected=True),
    StaticJob("blackbox_exporter", BLACKBOX),
    StaticJob("bastide", EXPORTER),
    StaticJob("levels", EXPORTER, path="/levels", honor_labels=True),
    StaticJob("security", EXPORTER, path="/security", interval="15s", honor_labels=True),
    StaticJob("continuity", EXPORTER, path="/continuity", honor_labels=True),
    StaticJob("drift", EXPORTER, path="/drift", honor_labels=True),
    StaticJob("maintenance", EXPORTER, path="/maintenance", interval="15s", honor_labels=True),
    StaticJob("traps", EXPORTER, path="/traps", honor_labels=True),
)
# Only where an estate has channels that it sends by.
BRIDGE_JOB = StaticJob("bridge", LISTEN)
DISCOVERED_JOBS: tuple[DiscoveredJob, ...] = (
    DiscoveredJob("node", target_list="node"),
    DiscoveredJob("windows", target_list="windows"),
    DiscoveredJob("icmp", target_list="icmp", path="/probe", proxy=BLACKBOX, module="icmp"),
    DiscoveredJob("gateway", target_list="gateway", path="/probe", proxy=BLACKBOX, module="icmp"),
    # Less often than a ping: what listens may write a line for every connection.
    DiscoveredJob(
        "tcp", target_list="tcp", path="/probe", proxy=BLACKBOX, module="tcp", interval="20s"
    ),
    DiscoveredJob("dns", target_list="dns", path="/probe", proxy=BLACKBOX, interval="20s"),
    DiscoveredJob("resolver", target_list="resolver", path="/probe", proxy=BLACKBOX),
    DiscoveredJob(
        "snmp", target_list="snmp", path="/snmp", proxy=EXPORTER, interval="30s", timeout="20s"
    ),
    DiscoveredJob("blackbox", target_list="blackbox", path="/probe", proxy=BLACKBOX),
    DiscoveredJob(
        "journeys",
        target_list="journeys",
        path="/journey",
        proxy=EXPORTER,
        interval="60s",
        timeout="30s",
    ),
    # Soon enough that ServiceDown leaves to CertificateRefused what is its matter.
    DiscoveredJob(
        "certificate",
        target_list="certificate",
        path="/certificate",
        proxy=EXPORTER,
        interval="30s",
    ),
)


def protected(
    server_name: str, authority: str = AUTHORITY, password_file: str = PASSWORD_FILE
) -> dict[str, Any]:
    """Return how a program is asked that wants TLS and the login, as the role installs both."""
    return {
        "scheme": "https",
        "tls_config": {"ca_file": authority, "server_name": server_name},
        "basic_auth": {"username": USER, "password_file": password_file},
    }


def prometheus(
    estate_name: str,
    operations_host: str,
    protection: dict[str, Any],
    *,
    has_bridge: bool = False,
) -> dict[str, Any]:
    """Return prometheus.yml as data; ``operations_host`` labels its own processes' series.

    ``protection``: how it asks Alertmanager and itself (`protected`).
    """
    manager = {"static_configs": [{"targets": [ALERTMANAGER]}], **protection}
    own = (*STATIC_JOBS, *((BRIDGE_JOB,) if has_bridge else ()))
    return {
        "global": {
            "scrape_interval": "15s",
            "scrape_timeout": "10s",
            "evaluation_interval": "15s",
            "external_labels": {"estate": estate_name},
        },
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [manager]},
        "scrape_configs": [
            *(
                _static(job, operations_host) | (protection if job.is_protected else {})
                for job in own
            ),
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
    return [
        {"source_labels": ["__address__"], "target_label": "__param_target"},
        {"source_labels": ["__param_target"], "target_label": "instance"},
        {"target_label": "__address__", "replacement": job.proxy},
    ]
