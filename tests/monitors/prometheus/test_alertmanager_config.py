"""Whom an alert reaches: amtool, which knows how Alertmanager routes, is asked."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.model.channels import Channel, Mail, Ntfy, Webhook
from inventory.model.notify import Notify, Route, Severity
from monitors.prometheus.alertmanager_config import SECRETS, alertmanager, channels_of
from tests.playbooks.ansible import ROLES

CONTACTS = {
    "central": ("ops@central.example",),
    "velgora": ("ana@velgora.example", "milan@velgora.example"),
    "silent": (),
}
DESK = Channel(id="desk", webhook=Webhook(url="https://desk.example/alerts", token="env:DESK"))
TOWN = Channel(
    id="town",
    mail=Mail(
        to=("it@estate.example",),
        contacts=True,
        sender="alerts@estate.example",
        server="mail.estate.example:587",
        user="alerts",
        password="env:SMTP",
    ),
)
NIGHT = Channel(
    id="night",
    mail=Mail(contacts=True, sender="alerts@estate.example", server="127.0.0.1:25", tls=False),
)
NOTIFY = Notify(
    channels=(DESK, TOWN, NIGHT),
    routes=(
        Route(to=("desk",)),
        Route(to=("town",), severity=(Severity.TICKET,), municipalities=("velgora", "silent")),
        Route(to=("night", "desk"), severity=(Severity.PAGE,), municipalities=("velgora",)),
    ),
    watchdog="https://outside.example/alive",
)
CHAT = Channel(
    id="chat", ntfy=Ntfy(server="https://ntfy.example", topic="alerts", token="env:NTFY")
)


def receivers(notify: Notify | None) -> dict[str, dict[str, Any]]:
    return {receiver["name"]: receiver for receiver in alertmanager(notify, CONTACTS)["receivers"]}


def taken_by(folder: Path, notify: Notify | None, **labels: str) -> list[str]:
    """Who gets an alert, as Debian's amtool says."""
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(alertmanager(notify, CONTACTS)))
    check = subprocess.run(
        ("amtool", "check-config", file), capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
    done = subprocess.run(
        (
            *("amtool", "config", "routes", "test", f"--config.file={file}"),
            *(f"{name}={value}" for name, value in labels.items()),
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().split(",")


@pytest.mark.parametrize("severity", ["page", "ticket", "info"])
def test_with_nothing_given_nothing_leaves_the_host(tmp_path: Path, severity: str) -> None:
    assert taken_by(tmp_path, None, severity=severity, municipality="velgora") == ["nobody"]
    assert receivers(None) == {name: {"name": name} for name in ("nobody", "watchdog")}


@pytest.mark.parametrize(
    ("severity", "municipality", "takers"),
    [
        ("page", "velgora", ["desk", "night/velgora"]),
        ("ticket", "velgora", ["desk", "town", "town/velgora"]),
        ("page", "central", ["desk"]),
        ("ticket", "silent", ["desk", "town"]),
        # A name that only begins like another's is another.
        ("ticket", "velgorad", ["desk"]),
        ("info", "velgora", ["nobody"]),
    ],
)
def test_an_alert_takes_every_channel_of_a_route_that_fits(
    tmp_path: Path, severity: str, municipality: str, takers: list[str]
) -> None:
    labels = {"alertname": "HostDown", "severity": severity, "municipality": municipality}
    assert taken_by(tmp_path, NOTIFY, **labels) == takers


def test_without_routes_each_channel_has_all_pages_and_tickets(tmp_path: Path) -> None:
    everybody = NOTIFY.model_copy(update={"routes": ()})
    for severity in ("page", "ticket"):
        takers = taken_by(tmp_path, everybody, severity=severity, municipality="central")
        assert takers == ["desk", "town", "town/central", "night/central"]


def test_a_test_takes_the_one_channel_that_it_names(tmp_path: Path) -> None:
    labels = {"alertname": "NotificationTest", "severity": "page", "municipality": "velgora"}
    assert taken_by(tmp_path, NOTIFY, **labels, channel="desk") == ["desk"]
    assert taken_by(tmp_path, NOTIFY, **labels, channel="night") == ["night/velgora"]
    assert taken_by(tmp_path, NOTIFY, **labels, channel="town") == ["town", "town/velgora"]
    assert taken_by(tmp_path, NOTIFY, **labels, channel="none") == ["nobody"]
    assert taken_by(tmp_path, None, **labels, channel="desk") == ["nobody"]


@pytest.mark.parametrize("municipality", ["central", "velgora"])
@pytest.mark.parametrize("severity", list(Severity))
def test_the_channels_that_are_said_to_take_an_alert_take_it(
    tmp_path: Path, severity: Severity, municipality: str
) -> None:
    takers = taken_by(tmp_path, NOTIFY, severity=severity, municipality=municipality)
    said = channels_of(NOTIFY, municipality, severity)
    assert set(said) == {taker.partition("/")[0] for taker in takers}


def test_the_watchdog_goes_outside_and_to_nobody_else(tmp_path: Path) -> None:
    labels = {"alertname": "Watchdog", "severity": "page", "municipality": "central"}
    assert taken_by(tmp_path, NOTIFY, **labels) == ["watchdog"]
    (hook,) = receivers(NOTIFY)["watchdog"]["webhook_configs"]
    assert hook == {"url": "https://outside.example/alive", "send_resolved": False}


def test_no_secret_stands_in_the_configuration_only_the_file_that_has_it() -> None:
    (hook,) = receivers(NOTIFY)["desk"]["webhook_configs"]
    assert hook["http_config"]["authorization"] == {"credentials_file": "/etc/bastide/notify/desk"}
    (mail,) = receivers(NOTIFY)["town"]["email_configs"]
    assert (mail["auth_username"], mail["auth_password_file"]) == (
        "alerts",
        "/etc/bastide/notify/town",
    )
    assert not {"auth_username", "auth_password_file"} & set(
        receivers(NOTIFY)["night/velgora"]["email_configs"][0]
    )


def test_mail_and_webhooks_with_a_fallback_and_the_fallback_are_the_bridges(
    tmp_path: Path,
) -> None:
    night = NIGHT.model_copy(update={"fallback": "desk"})
    replaced = Notify(channels=(DESK, TOWN, night))
    of = receivers(replaced)
    for name in ("desk", "night"):
        url = f"http://127.0.0.1:9873/channels/{name}"
        assert of[name]["webhook_configs"] == [{"url": url, "send_resolved": True}]
    assert {name for name in of if name.startswith("night")} == {"night"}
    labels = {"alertname": "HostDown", "severity": "page", "municipality": "velgora"}
    assert taken_by(tmp_path, replaced, **labels) == ["desk", "town", "town/velgora", "night"]


def test_the_role_writes_the_files_that_the_configuration_reads() -> None:
    role = yaml.safe_load((ROLES / "monitoring/vars/main.yml").read_text())
    assert role["monitoring_notify"] == SECRETS
    unit = (ROLES / "monitoring/templates/bastide-bridge.service.j2").read_text()
    assert "--secrets {{ monitoring_bridge }} " in unit


def test_an_escalation_waits_for_an_acknowledgement_each_alert_by_itself(tmp_path: Path) -> None:
    later = Route(to=("town",), severity=(Severity.PAGE,), after_minutes=15)
    escalating = NOTIFY.model_copy(update={"routes": (*NOTIFY.routes, later)})
    routes = alertmanager(escalating, CONTACTS)["route"]["routes"]
    (waiting,) = (r for r in routes if r["receiver"] == "town" and "group_wait" in r)
    assert (waiting["group_wait"], waiting["group_by"]) == ("15m", ["..."])
    takers = taken_by(tmp_path, escalating, severity="page", municipality="central")
    assert takers == ["desk", "town", "town/central"]
    assert channels_of(escalating, "central", Severity.PAGE) == {"desk": 0, "town": 15}


def test_what_alertmanager_does_not_speak_goes_to_the_bridge_on_loopback(tmp_path: Path) -> None:
    bridged = NOTIFY.model_copy(update={"channels": (*NOTIFY.channels, CHAT), "routes": ()})
    (hook,) = receivers(bridged)["chat"]["webhook_configs"]
    assert hook == {"url": "http://127.0.0.1:9873/channels/chat", "send_resolved": True}
    takers = taken_by(tmp_path, bridged, severity="page", municipality="velgora")
    assert "chat" in takers
    labels = {"alertname": "NotificationTest", "severity": "page", "municipality": "velgora"}
    assert taken_by(tmp_path, bridged, **labels, channel="chat") == ["chat"]


def test_mail_demands_tls_unless_a_relay_has_none_and_names_all_contacts() -> None:
    mails = receivers(NOTIFY)["town/velgora"]["email_configs"]
    assert [mail["to"] for mail in mails] == ["ana@velgora.example", "milan@velgora.example"]
    assert [mail["require_tls"] for mail in mails] == [True, True]
    assert receivers(NOTIFY)["night/velgora"]["email_configs"][0]["require_tls"] is False


def test_a_contact_whom_the_channel_reaches_already_has_no_second_mail() -> None:
    mail = Mail(
        to=("ana@velgora.example",),
        contacts=True,
        sender="alerts@estate.example",
        server="mail.estate.example:587",
    )
    of = receivers(Notify(channels=(Channel(id="town", mail=mail),)))["town/velgora"]
    assert [config["to"] for config in of["email_configs"]] == ["milan@velgora.example"]


def test_who_is_notified_hears_of_the_end() -> None:
    for name in ("desk", "town"):
        ((config,),) = (v for k, v in receivers(NOTIFY)[name].items() if k != "name")
        assert config["send_resolved"] is True


def test_one_message_for_one_kind_of_alert_in_one_municipality() -> None:
    assert alertmanager(NOTIFY, CONTACTS)["route"]["group_by"] == ["municipality", "alertname"]


def test_pages_come_back_soon_tickets_daily_and_the_watchdog_all_the_time() -> None:
    route = alertmanager(NOTIFY, CONTACTS)["route"]
    assert route["repeat_interval"] == "1d"
    watchdog, _, _, *ours = route["routes"]
    assert (watchdog["repeat_interval"], watchdog["group_interval"]) == ("5m", "5m")
    for row in ours:
        page = 'severity="page"' in row["matchers"]
        assert row["repeat_interval"] == ("4h" if page else "1d")


def test_nothing_is_inhibited_by_labels_that_an_alert_may_lack() -> None:
    """To Alertmanager a label that is missing on both sides is equal: the rules shadow instead."""
    assert "inhibit_rules" not in alertmanager(NOTIFY, CONTACTS)
