"""Runbooks filled in, for people and in mail: Debian's amtool writes the templates."""

import json
import subprocess
from pathlib import Path

import pytest

from inventory.entries import tenants
from inventory.model.estate import Estate
from inventory.model.tenants import Contact
from monitors.prometheus.alerts import alerts_of
from monitors.prometheus.runbook_templates import MAIL, templates
from monitors.runbook_text import contact_lines, filled, values_of
from tests.monitors.audit.estates import lab

RUNBOOKS = Path(__file__).resolve().parents[3] / "runbooks"
PAGES = {page.stem: page for page in sorted((RUNBOOKS / "alerts").glob("*.md"))}
HOST = {"municipality": "velgora", "host": "velgora-app"}
DEVICE = {"municipality": "velgora", "device": "velgora-ups"}
SERVICE = {"municipality": "velgora", "host": "velgora-app", "service": "velgora-permits"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    (folder / "runbooks.tmpl").write_text(templates(lab(), PAGES.values()))
    return folder


def mailed(folder: Path, name: str, labels: dict[str, str]) -> str:
    """What the mail of a group of alerts says, of which these labels are common."""
    data = folder / f"{name}.json"
    data.write_text(json.dumps({"commonLabels": {"alertname": name, **labels}}))
    done = subprocess.run(
        (
            *("amtool", "template", "render", f"--template.glob={folder / 'runbooks.tmpl'}"),
            *(f"--template.data={data}", f'--template.text={{{{ template "{MAIL}" . }}}}'),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def printed(name: str, subject: str, labels: dict[str, str]) -> str:
    contacts = next(t for t in tenants(lab()) if t.id == "velgora").content.contacts
    values = values_of(lab(), subject, labels)
    return filled(PAGES[name].read_text(), values, contact_lines(contacts)).strip()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("subject", "labels"), [("velgora-app", HOST), ("velgora-ups", DEVICE)], ids=["host", "device"]
)
def test_the_mail_says_what_the_command_says(
    folder: Path, name: str, subject: str, labels: dict[str, str]
) -> None:
    text = mailed(folder, name, labels)
    assert text.startswith(f"# {name}\n")
    assert "- Mira Dolenc, IT administrator: it@velgora.lab.test" in text
    assert "Rehearse in the lab" not in text
    assert text == printed(name, subject, labels)


def test_addresses_urls_and_what_the_alert_names_are_filled_in(folder: Path) -> None:
    down = mailed(folder, "HostDown", HOST)
    assert "ping -c 3 10.77.1.10" in down
    assert "ssh -F /var/lib/bastide/lab/ssh/config velgora-edge ping -c 3 10.77.1.10" in down
    service = mailed(folder, "ServiceDown", SERVICE)
    assert "https://app.velgora.lab.test/" in service
    assert "its own URL" in service
    full = mailed(folder, "FileSystemFull", {**HOST, "mountpoint": "/srv/shares"})
    assert "df -h /srv/shares" in full
    device = mailed(folder, "DeviceDown", DEVICE)
    assert "bastide snmp poll velgora-ups" in device
    assert "velgora-edge ping -c 3 10.77.1.31" in device


def test_what_alerts_of_one_message_do_not_share_stays_open(folder: Path) -> None:
    text = mailed(folder, "DeviceDown", {"municipality": "velgora"})
    assert "bastide snmp poll DEVICE" in text
    assert "DEVICE_ADDRESS" in text
    assert "Mira Dolenc" in text


@pytest.mark.parametrize("mountpoint", ["/mnt/$(reboot)", "/mnt/a b", "/mnt/`id`", "/x;id", "/'x"])
def test_what_a_shell_would_not_take_for_a_word_is_in_no_command(
    folder: Path, mountpoint: str
) -> None:
    labels = {**HOST, "mountpoint": mountpoint}
    for text in (
        mailed(folder, "FileSystemFull", labels),
        printed("FileSystemFull", "velgora-app", labels),
    ):
        assert "df -h MOUNTPOINT" in text
        assert f" {mountpoint}" not in text


def test_a_name_that_looks_like_a_template_is_written_as_it_stands(tmp_path: Path) -> None:
    estate = lab()
    odd = Contact(name='{{ template "x" . }}', duty='"{{"', phone="+1")
    towns = tuple(
        town.model_copy(update={"contacts": (odd,)}) if town.municipality == "velgora" else town
        for town in estate.municipalities
    )
    changed: Estate = estate.model_copy(update={"municipalities": towns})
    (tmp_path / "runbooks.tmpl").write_text(templates(changed, PAGES.values()))
    assert '- {{ template "x" . }}, "{{": +1' in mailed(tmp_path, "HostDown", HOST)


def test_every_alert_has_its_text(folder: Path) -> None:
    assert {alert.name for alert in alerts_of(lab().own)} <= PAGES.keys()
    assert mailed(folder, "Nothing", HOST) == ""
