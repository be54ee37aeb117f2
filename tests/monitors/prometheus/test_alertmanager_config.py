from typing import Any

from monitors.prometheus.alertmanager_config import Delivery, Mail, alertmanager


def receivers(delivery: Delivery) -> dict[str, dict[str, Any]]:
    return {receiver["name"]: receiver for receiver in alertmanager(delivery)["receivers"]}


def test_with_nothing_given_nothing_leaves_the_host() -> None:
    names = ("duty", "watchdog", "curious")
    assert receivers(Delivery()) == {name: {"name": name} for name in names}


def test_the_duty_desk_is_notified_when_an_alert_resolves() -> None:
    mail = Mail(to="duty@a.example", sender="alerts@a.example", relay="mail.a.example:25")
    duty = receivers(Delivery(webhook="https://a.example/hook", mail=mail))["duty"]
    assert duty["webhook_configs"] == [{"url": "https://a.example/hook", "send_resolved": True}]
    assert duty["email_configs"] == [
        {
            "to": "duty@a.example",
            "from": "alerts@a.example",
            "smarthost": "mail.a.example:25",
            "send_resolved": True,
        }
    ]


def test_the_watchdog_goes_outside_and_never_to_the_duty_desk() -> None:
    given = Delivery(webhook="https://a.example/hook", watchdog="https://b.example/alive")
    assert receivers(given)["watchdog"]["webhook_configs"][0]["url"] == "https://b.example/alive"
    first = alertmanager(given)["route"]["routes"][0]
    assert first["matchers"] == ['alertname="Watchdog"']
    assert first["receiver"] == "watchdog"


def test_one_message_for_one_kind_of_alert_in_one_municipality() -> None:
    assert alertmanager(Delivery())["route"]["group_by"] == ["municipality", "alertname"]


def test_info_notifies_nobody() -> None:
    given = Delivery(webhook="https://a.example/hook", watchdog="https://b.example/alive")
    routes = alertmanager(given)["route"]["routes"]
    (info,) = (route for route in routes if route["matchers"] == ['severity="info"'])
    assert receivers(given)[info["receiver"]] == {"name": "curious"}


def test_pages_come_back_soon_tickets_daily_and_the_watchdog_all_the_time() -> None:
    route = alertmanager(Delivery())["route"]
    intervals = {r["matchers"][0]: r.get("repeat_interval") for r in route["routes"]}
    assert route["repeat_interval"] == "1d"
    assert intervals == {
        'alertname="Watchdog"': "5m",
        'severity="page"': "4h",
        'severity="info"': None,
    }
    assert route["routes"][0]["group_interval"] == "5m"


def test_the_watchdog_is_never_resolved() -> None:
    (webhook,) = receivers(Delivery(watchdog="https://b.example/alive"))["watchdog"][
        "webhook_configs"
    ]
    assert webhook["send_resolved"] is False
