"""prometheus.yml: what is scraped, through which exporter, with which labels."""

from monitors.exporter.http_sd import JOBS
from monitors.prometheus.prometheus_config import DISCOVERED_JOBS, prometheus


def test_probes_and_polls_go_through_their_exporter() -> None:
    config = prometheus("lab", "central-ops")
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    proxies = {
        name: job["relabel_configs"][-1]["replacement"]
        for name, job in jobs.items()
        if "relabel_configs" in job
    }
    assert proxies == {
        "icmp": "127.0.0.1:9115",
        "tcp": "127.0.0.1:9115",
        "dns": "127.0.0.1:9115",
        "snmp": "127.0.0.1:9872",
        "blackbox": "127.0.0.1:9115",
    }
    assert jobs["icmp"]["params"] == {"module": ["icmp"]}
    assert jobs["tcp"]["params"] == {"module": ["tcp"]}
    # Their targets name the module themselves.
    assert not {"params"} & (jobs["blackbox"].keys() | jobs["dns"].keys())
    for job in (jobs[name] for name in proxies):
        target, instance, _ = job["relabel_configs"]
        assert (target["source_labels"], target["target_label"]) == (
            ["__address__"],
            "__param_target",
        )
        assert (instance["source_labels"], instance["target_label"]) == (
            ["__param_target"],
            "instance",
        )


def test_what_others_report_keeps_its_own_municipality() -> None:
    config = prometheus("lab", "central-ops")
    kept = {job["job_name"] for job in config["scrape_configs"] if job.get("honor_labels")}
    assert kept == {"levels", "security", "continuity", "drift", "traps"}


def test_the_jobs_discover_what_the_exporter_lists() -> None:
    assert {job.target_list for job in DISCOVERED_JOBS} == set(JOBS)


def test_our_own_processes_are_known_by_their_host() -> None:
    config = prometheus("lab", "central-ops")
    static = [
        job["static_configs"][0] for job in config["scrape_configs"] if "static_configs" in job
    ]
    assert static
    assert all(
        job["labels"] == {"municipality": "central", "host": "central-ops"} for job in static
    )


def test_each_job_discovers_its_own_list() -> None:
    jobs = prometheus("lab", "central-ops")["scrape_configs"]
    urls = {
        job["job_name"]: job["http_sd_configs"][0]["url"]
        for job in jobs
        if "http_sd_configs" in job
    }
    assert urls == {
        "node": "http://127.0.0.1:9872/targets/node",
        "windows": "http://127.0.0.1:9872/targets/windows",
        "icmp": "http://127.0.0.1:9872/targets/icmp",
        "tcp": "http://127.0.0.1:9872/targets/tcp",
        "dns": "http://127.0.0.1:9872/targets/dns",
        "snmp": "http://127.0.0.1:9872/targets/snmp",
        "blackbox": "http://127.0.0.1:9872/targets/blackbox",
    }


def test_slow_devices_get_most_of_their_interval() -> None:
    jobs = {job["job_name"]: job for job in prometheus("lab", "central-ops")["scrape_configs"]}
    assert (jobs["snmp"]["scrape_interval"], jobs["snmp"]["scrape_timeout"]) == ("30s", "20s")
    assert (jobs["node"]["scrape_interval"], jobs["node"]["scrape_timeout"]) == ("15s", "5s")


def test_every_series_says_of_which_estate_it_is() -> None:
    assert prometheus("pilot", "central-ops")["global"]["external_labels"] == {"estate": "pilot"}
