import shutil
import subprocess
import tarfile
from ipaddress import ip_address
from pathlib import Path

import pytest
import yaml

from inventory.load import load_estate
from inventory.model.channels import Channel, Webhook
from inventory.model.estate import Estate
from inventory.model.notify import Notify
from inventory.own import own_files
from inventory.paths import SHIPPED_ESTATES
from inventory.problems import InventoryError
from monitors.prometheus.dashboards.build import NAMES
from monitors.prometheus.render import NoOperationsHostError, files, pack, render
from tests.own_estate import RIVER, broken

CHECKS = {
    "promtool": ["promtool", "check", "config", "--syntax-only", "prometheus.yml"],
    "amtool": ["amtool", "check-config", "alertmanager.yml"],
    "blackbox_exporter": [
        "prometheus-blackbox-exporter",
        "--config.file=blackbox.yml",
        "--config.check",
    ],
}

# What the operations host is given of the lab's folder; of a role only what it takes.
CARRIED = ("*.yml", "municipalities/*.yml", "controls/*.*", "roles/*/meta/argument_specs.yml")
# Files that may lie in an estate's folder and have no business on the operations host.
STRANGERS = (
    "vault.yml",
    "vault/passwords.yml",
    "municipalities/vault/velgora.yml",
    "municipalities/velgora.yml.bak",
    "municipalities/.velgora.yml.swp",
    "roles/permits/defaults/main.yml",
    ".git/config",
    "estate.yaml",
)


def without_operations(estate: Estate) -> Estate:
    kept = tuple(host for host in estate.central.hosts if "operations" not in host.roles)
    return estate.model_copy(update={"central": estate.central.model_copy(update={"hosts": kept})})


def test_an_estate_with_nowhere_to_run_prometheus_is_refused(
    lab: Estate, tmp_path: Path, runbooks: Path
) -> None:
    with pytest.raises(NoOperationsHostError, match=r"central\.yml.*operations"):
        render(without_operations(lab), tmp_path / "out", runbooks)
    assert not (tmp_path / "out").exists()


def test_own_rules_that_are_wrong_are_refused_and_nothing_is_written(
    lab: Estate, tmp_path: Path, runbooks: Path
) -> None:
    own = broken(tmp_path, "rules/flood.yml", "severity: page", "severity: loud")
    with pytest.raises(InventoryError, match="severity 'loud'"):
        render(lab.model_copy(update={"own": own}), tmp_path / "out", runbooks)
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


def test_every_file_written_is_reported(lab: Estate, tmp_path: Path, runbooks: Path) -> None:
    written = render(lab, tmp_path, runbooks)
    assert sorted(written) == sorted(path for path in tmp_path.rglob("*") if path.is_file())


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
    assert source["url"] == "https://10.77.0.10:9090"
    (provider,) = yaml.safe_load(written[f"{folder}/dashboards/bastide.yml"])["providers"]
    assert provider["options"]["path"].endswith("/grafana/dashboards")
    for name in NAMES:
        dashboard = written[f"grafana/dashboards/{name}.json"].decode()
        assert source["url"] in dashboard


def test_one_estate_makes_one_tar_to_the_byte(lab: Estate, tmp_path: Path, runbooks: Path) -> None:
    folder, target = SHIPPED_ESTATES / "lab", tmp_path / "state" / "monitoring.tar"
    assert pack(lab, folder, target, runbooks)
    before = target.read_bytes()
    assert not pack(lab, folder, target, runbooks)
    target.unlink()
    assert pack(lab, folder, target, runbooks)
    assert target.read_bytes() == before


def test_the_tar_holds_the_configuration_and_the_estate_as_it_was_written(
    lab: Estate, tmp_path: Path, runbooks: Path
) -> None:
    folder = SHIPPED_ESTATES / "lab"
    carried = (file for form in CARRIED for file in folder.glob(form))
    expected = dict(files(lab, runbooks)) | {
        f"estate/{file.relative_to(folder)}": file.read_bytes() for file in carried
    }
    pack(lab, folder, tmp_path / "monitoring.tar", runbooks)
    assert content_of(tmp_path / "monitoring.tar") == expected


def test_what_is_no_file_of_the_estate_stays_at_home(tmp_path: Path, runbooks: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED_ESTATES / "lab", tmp_path / "estate"))
    lab = load_estate(folder)
    pack(lab, folder, tmp_path / "before.tar", runbooks)
    for stranger in STRANGERS:
        (folder / stranger).parent.mkdir(parents=True, exist_ok=True)
        (folder / stranger).write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n", encoding="utf-8")
    pack(lab, folder, tmp_path / "after.tar", runbooks)
    assert content_of(tmp_path / "after.tar") == content_of(tmp_path / "before.tar")


def test_an_edited_estate_is_packed_anew(tmp_path: Path, runbooks: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED_ESTATES / "lab", tmp_path / "estate"))
    lab = load_estate(folder)
    target = tmp_path / "monitoring.tar"
    pack(lab, folder, target, runbooks)
    edited = (folder / "estate.yml").read_bytes() + b"# one more line\n"
    (folder / "estate.yml").write_bytes(edited)
    assert pack(lab, folder, target, runbooks)
    assert content_of(target)["estate/estate.yml"] == edited


def test_the_tar_is_for_its_owner_only(lab: Estate, tmp_path: Path, runbooks: Path) -> None:
    pack(lab, SHIPPED_ESTATES / "lab", tmp_path / "state" / "monitoring.tar", runbooks)
    assert (tmp_path / "state" / "monitoring.tar").stat().st_mode & 0o777 == 0o600


def test_where_alerts_go_is_rendered_and_packed(
    lab: Estate, tmp_path: Path, runbooks: Path
) -> None:
    desk = Channel(id="desk", webhook=Webhook(url="https://duty.example/hook"))
    notified = lab.model_copy(update={"notify": Notify(channels=(desk,))})
    render(notified, tmp_path / "out", runbooks)
    pack(notified, SHIPPED_ESTATES / "lab", tmp_path / "monitoring.tar", runbooks)
    packed = content_of(tmp_path / "monitoring.tar")["alertmanager.yml"]
    assert b"https://duty.example/hook" in packed
    assert (tmp_path / "out" / "alertmanager.yml").read_bytes() == packed


def test_an_operations_host_by_ipv6_is_an_address_that_a_browser_takes(
    lab: Estate, runbooks: Path
) -> None:
    move = {"address": ip_address("fd00::10")}
    central = tuple(
        host.model_copy(update=move) if "operations" in host.roles else host
        for host in lab.central.hosts
    )
    moved = lab.model_copy(update={"central": lab.central.model_copy(update={"hosts": central})})
    sources = dict(files(moved, runbooks))["grafana/provisioning/datasources/bastide.yml"]
    assert yaml.safe_load(sources)["datasources"][0]["url"] == "https://[fd00::10]:9090"


def test_a_file_says_who_wrote_it_and_that_edits_are_lost(lab: Estate, runbooks: Path) -> None:
    written = dict(files(lab, runbooks))
    for name in ("prometheus.yml", "alertmanager.yml", "blackbox.yml"):
        assert written[name].startswith(b"# Written by `bastide monitor rules`")


def test_a_file_is_written_to_be_read_one_line_a_value_in_the_order_of_the_manuals(
    lab: Estate, runbooks: Path
) -> None:
    lines = dict(files(lab, runbooks))["prometheus.yml"].decode().splitlines()
    assert lines[1:3] == ["global:", "  scrape_interval: 15s"]


def test_an_estates_own_rules_and_runbooks_are_beside_ours(lab: Estate, runbooks: Path) -> None:
    written = dict(files(lab.model_copy(update={"own": own_files(RIVER)}), runbooks))
    assert written["rules/flood.yml"] == (RIVER / "rules/flood.yml").read_bytes()
    assert "rules/flood_test.yml" not in written
    assert "runbooks/alerts/RiverHigh.html" in written
    assert set(dict(files(lab, runbooks))) < set(written)


def content_of(archive: Path) -> dict[str, bytes]:
    """The files of a tar by name; a name twice or anything but a file fails the test."""
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        assert all(member.isfile() for member in members)
        assert len({member.name for member in members}) == len(members)
        return {member.name: tar.extractfile(member).read() for member in members}  # type: ignore[union-attr]
