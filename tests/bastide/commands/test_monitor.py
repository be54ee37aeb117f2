"""`bastide monitor`: what is scraped and which alerts there are."""

from pathlib import Path

import pytest

from inventory.load import load_estate
from inventory.paths import SHIPPED_ESTATES
from tests.command import bastide_here, bastide_json
from tests.rules.rule_files import alerts


def defined() -> set[tuple[str, str, str]]:
    """Name, severity and delay of every alert, straight from the files of rules."""
    return {(rule["alert"], rule["labels"]["severity"], rule.get("for", "0s")) for rule in alerts()}


def test_every_alert_is_listed_with_severity_delay_and_a_runbook_that_is_there() -> None:
    listed = bastide_json("monitor", "rules")
    assert {(a["name"], a["severity"], a["delay"]) for a in listed} == defined()
    assert len(listed) == len(defined())
    assert all(Path(alert["runbook"]).is_file() for alert in listed)


def test_the_list_needs_no_estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = bastide_here("monitor", "rules")
    assert done.returncode == 0
    line = next(line for line in done.stdout.splitlines() if "HostDown" in line)
    assert "page" in line
    assert "HostDown.md" in line


def test_the_configuration_is_written_for_an_estate(tmp_path: Path) -> None:
    arguments = ("monitor", "rules", "--estate", "lab")
    rendered = bastide_here(*arguments, "--render", str(tmp_path / "out"))
    tar = str(tmp_path / "out.tar")
    first, again = (bastide_here(*arguments, "--pack", tar) for _ in range(2))
    assert rendered.returncode == 0
    assert str(tmp_path / "out" / "prometheus.yml") in rendered.stdout
    assert first.stdout == f"{tar}: written\n"
    assert again.stdout == f"{tar}: unchanged\n"


def test_targets_are_listed_by_job() -> None:
    targets = bastide_json("monitor", "targets", "--estate", "lab")
    hosts = {group["labels"]["host"] for group in targets["node"]}
    lab = load_estate(SHIPPED_ESTATES / "lab")
    assert {f"central-{host.id}" for host in lab.central.hosts} <= hosts
    printed = bastide_here("monitor", "targets", "--estate", "lab").stdout
    assert len(printed.splitlines()) == sum(len(groups) for groups in targets.values())


@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:99999", "127.0.0.1:-1"])
def test_an_address_that_cannot_be_listened_on_is_wrong_use(listen: str) -> None:
    done = bastide_here("monitor", "serve", "--estate", "lab", "--listen", listen)
    assert done.returncode == 2
    assert done.stderr
