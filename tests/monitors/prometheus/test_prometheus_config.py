"""prometheus.yml: what is scraped, through which exporter, with which labels."""

from monitors.exporter.http_sd import JOBS
from monitors.prometheus.prometheus_config import DISCOVERED_JOBS, prometheus, protected


def test_probes_and_polls_go_through_their_exporter() -> None:
    config = prometheus("lab", "central-ops", {})
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    proxies = {
        name: job["relabel_configs"][-1]["replacement"]
        for name, job in jobs.items()
        if "relabel_configs" in job
    }
    assert proxies == {
        "icmp": "127.0.0.1:9115",
        "gateway": "127.0.0.1:9115",
        "tcp": "127.0.0.1:9115",
        "dns": "127.0.0.1:9115",
        "resolver": "127.0.0.1:9115",
        "snmp": "127.0.0.1:9872",
        "blackbox": "127.0.0.1:9115",
        "journeys": "127.0.0.1:9872",
        "certificate": "127.0.0.1:9872",
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
    config = prometheus("lab", "central-ops", {})
    kept = {job["job_name"] for job in config["scrape_configs"] if job.get("honor_labels")}
    assert kept == {"levels", "security", "continuity", "drift", "maintenance", "traps"}


def test_the_jobs_discover_what_the_exporter_lists() -> None:
    assert {job.target_list for job in DISCOVERED_JOBS} == set(JOBS)


def test_our_own_processes_are_known_by_their_host() -> None:
    config = prometheus("lab", "central-ops", {})
    static = [
        job["static_configs"][0] for job in config["scrape_configs"] if "static_configs" in job
    ]
    assert static
    assert all(
        job["labels"] == {"municipality": "central", "host": "central-ops"} for job in static
    )


def test_each_job_discovers_its_own_list() -> None:
    jobs = prometheus("lab", "central-ops", {})["scrape_configs"]
    urls = {
        job["job_name"]: job["http_sd_configs"][0]["url"]
        for job in jobs
        if "http_sd_configs" in job
    }
    assert urls == {
        "node": "http://127.0.0.1:9872/targets/node",
        "windows": "http://127.0.0.1:9872/targets/windows",
        "gateway": "http://127.0.0.1:9872/targets/gateway",
        "icmp": "http://127.0.0.1:9872/targets/icmp",
        "tcp": "http://127.0.0.1:9872/targets/tcp",
        "dns": "http://127.0.0.1:9872/targets/dns",
        "resolver": "http://127.0.0.1:9872/targets/resolver",
        "snmp": "http://127.0.0.1:9872/targets/snmp",
        "blackbox": "http://127.0.0.1:9872/targets/blackbox",
        "journeys": "http://127.0.0.1:9872/targets/journeys",
        "certificate": "http://127.0.0.1:9872/targets/certificate",
    }


def test_slow_devices_get_most_of_their_interval() -> None:
    jobs = {job["job_name"]: job for job in prometheus("lab", "central-ops", {})["scrape_configs"]}
    assert (jobs["snmp"]["scrape_interval"], jobs["snmp"]["scrape_timeout"]) == ("30s", "20s")
    assert (jobs["node"]["scrape_interval"], jobs["node"]["scrape_timeout"]) == ("15s", "5s")


def test_every_series_says_of_which_estate_it_is() -> None:
    assert prometheus("pilot", "central-ops", {})["global"]["external_labels"] == {
        "estate": "pilot"
    }


def test_alerts_are_evaluated_as_often_as_hosts_are_scraped_and_sent_on() -> None:
    config = prometheus("lab", "central-ops", {})
    (manager,) = config["alerting"]["alertmanagers"]
    assert config["global"]["evaluation_interval"] == "15s"
    assert config["rule_files"] == ["rules/*.yml"]
    assert manager == {"static_configs": [{"targets": ["127.0.0.1:9093"]}]}


def test_what_wants_a_login_is_asked_over_tls_with_it_and_nothing_else_is() -> None:
    config = prometheus("lab", "central-ops", protected("ops.central.lab.test"))
    (manager,) = config["alerting"]["alertmanagers"]
    asked = {"alerting": manager} | {job["job_name"]: job for job in config["scrape_configs"]}
    with_login = {name: each for name, each in asked.items() if "basic_auth" in each}
    assert set(with_login) == {"alerting", "prometheus", "alertmanager"}
    for each in with_login.values():
        assert each["scheme"] == "https"
        assert each["tls_config"]["server_name"] == "ops.central.lab.test"
        assert set(each["basic_auth"]) == {"username", "password_file"}


def test_what_the_exporter_knows_has_a_path_for_each_subject() -> None:
    jobs = prometheus("lab", "central-ops", {})["scrape_configs"]
    static = {
        (job["job_name"], job["static_configs"][0]["targets"][0], job["metrics_path"])
        for job in jobs
        if "static_configs" in job
    }
    subjects = ("levels", "security", "continuity", "drift", "maintenance", "traps")
    assert static == {
        ("prometheus", "127.0.0.1:9090", "/metrics"),
        ("alertmanager", "127.0.0.1:9093", "/metrics"),
        ("blackbox_exporter", "127.0.0.1:9115", "/metrics"),
        ("bastide", "127.0.0.1:9872", "/metrics"),
        *((name, "127.0.0.1:9872", f"/{name}") for name in subjects),
    }


def test_probes_come_in_under_the_path_of_their_proxy() -> None:
    jobs = {job["job_name"]: job for job in prometheus("lab", "central-ops", {})["scrape_configs"]}
    paths = {name: jobs[name]["metrics_path"] for name in ("node", "windows", "icmp", "tcp")}
    assert paths == {"node": "/metrics", "windows": "/metrics", "icmp": "/probe", "tcp": "/probe"}
    assert {jobs[name]["metrics_path"] for name in ("dns", "blackbox")} == {"/probe"}
    assert jobs["snmp"]["metrics_path"] == "/snmp"


def test_what_may_write_a_line_for_every_connection_is_probed_less_often() -> None:
    jobs = {job["job_name"]: job for job in prometheus("lab", "central-ops", {})["scrape_configs"]}
    intervals = {name: jobs[name]["scrape_interval"] for name in ("icmp", "tcp", "dns", "blackbox")}
    assert intervals == {"icmp": "15s", "tcp": "20s", "dns": "20s", "blackbox": "15s"}


def test_a_list_of_targets_is_read_again_within_half_a_minute() -> None:
    jobs = prometheus("lab", "central-ops", {})["scrape_configs"]
    lists = [job["http_sd_configs"][0] for job in jobs if "http_sd_configs" in job]
    assert {entry["refresh_interval"] for entry in lists} == {"30s"}


def test_the_bridge_is_scraped_where_there_is_one() -> None:
    def jobs(*, has_bridge: bool) -> set[str]:
        config = prometheus("lab", "central-ops", {}, has_bridge=has_bridge)
        return {job["job_name"] for job in config["scrape_configs"]}

    assert jobs(has_bridge=True) - jobs(has_bridge=False) == {"bridge"}
