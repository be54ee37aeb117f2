import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from inventory.model import Estate
from inventory.paths import SHIPPED_ESTATES
from monitors.exporter.http_sd import JOBS
from monitors.prometheus.dashboards.build import NAMES
from monitors.prometheus.prometheus_config import DISCOVERED_JOBS
from monitors.prometheus.render import NoOperationsHostError, files, pack, render

CHECKS = {
    "promtool": ["promtool", "check", "config", "prometheus.yml"],
    "amtool": ["amtool", "check-config", "alertmanager.yml"],
    "blackbox_exporter": [
        "prometheus-blackbox-exporter",
        "--config.file=blackbox.yml",
        "--config.check",
    ],
}


def without_operations(estate: Estate) -> Estate:
    kept = tuple(host for host in estate.central.hosts if "operations" not in host.roles)
    return estate.model_copy(update={"central": estate.central.model_copy(update={"hosts": kept})})


def test_an_estate_with_nowhere_to_run_prometheus_is_refused(
    lab: Estate, tmp_path: Path, runbooks: Path
) -> None:
    with pytest.raises(NoOperationsHostError, match=r"central\.yml.*operations"):
        render(without_operations(lab), tmp_path / "out", runbooks)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
def test_the_programs_accept_their_own_configuration(
    estate: Estate, tmp_path: Path, runbooks: Path, check: list[str]
) -> None:
    if not shutil.which(check[0]):
        pytest.skip(f"{check[0]} is not on this machine; the operations host runs this check too")
    render(estate, tmp_path, runbooks)
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_written_is_told(lab: Estate, tmp_path: Path, runbooks: Path) -> None:
    told = render(lab, tmp_path, runbooks)
    assert sorted(told) == sorted(path for path in tmp_path.rglob("*") if path.is_file())


def test_the_runbooks_travel_with_the_rules(lab: Estate, runbooks: Path) -> None:
    names = {name for name, _ in files(lab, runbooks)}
    pages = (runbooks / "alerts").iterdir()
    assert {f"runbooks/alerts/{page.stem}.html" for page in pages} <= names


def test_grafana_finds_the_dashboards_and_the_estates_prometheus(
    lab: Estate, runbooks: Path
) -> None:
    written = dict(files(lab, runbooks))
    folder = "grafana/provisioning"
    (source,) = yaml.safe_load(written[f"{folder}/datasources/bastide.yml"])["datasources"]
    assert source["url"] == "http://10.77.0.10:9090"
    (provider,) = yaml.safe_load(written[f"{folder}/dashboards/bastide.yml"])["providers"]
    assert provider["options"]["path"].endswith("/grafana/dashboards")
    for name in NAMES:
        dashboard = written[f"grafana/dashboards/{name}.json"].decode()
        assert source["url"] in dashboard


def test_the_jobs_discover_what_the_exporter_lists() -> None:
    assert {found.listed for found in DISCOVERED_JOBS} == set(JOBS)


def test_our_own_processes_are_known_by_their_host(lab: Estate, runbooks: Path) -> None:
    config = yaml.safe_load(dict(files(lab, runbooks))["prometheus.yml"])
    static = [
        job["static_configs"][0] for job in config["scrape_configs"] if "static_configs" in job
    ]
    assert static
    assert all(
        found["labels"] == {"municipality": "central", "host": "central-ops"} for found in static
    )


def test_one_estate_makes_one_tar_to_the_byte(lab: Estate, tmp_path: Path, runbooks: Path) -> None:
    folder, target = SHIPPED_ESTATES / "lab", tmp_path / "state" / "monitoring.tar"
    assert pack(lab, folder, target, runbooks)
    before = target.read_bytes()
    assert not pack(lab, folder, target, runbooks)
    target.unlink()
    assert pack(lab, folder, target, runbooks)
    assert target.read_bytes() == before


def test_the_tar_holds_the_estate_as_it_was_written(
    lab: Estate, tmp_path: Path, runbooks: Path
) -> None:
    folder = SHIPPED_ESTATES / "lab"
    pack(lab, folder, tmp_path / "monitoring.tar", runbooks)
    with tarfile.open(tmp_path / "monitoring.tar") as tar:
        for file in folder.rglob("*.yml"):
            copied = tar.extractfile(f"estate/{file.relative_to(folder)}")
            assert copied is not None
            assert copied.read() == file.read_bytes()
