"""The alerts of the rules, ours and an estate's own, as `bastide monitor rules` lists them."""

from inventory.own import Own, own_files
from monitors.prometheus.alerts import AlertRule, alerts_of
from tests.own_estate import RIVER


def test_an_alert_has_its_severity_and_how_long_its_condition_must_hold() -> None:
    alerts = alerts_of(Own())
    assert AlertRule("Watchdog", "ticket", "0s") in alerts
    assert {(a.severity, a.delay) for a in alerts if a.name == "HostDown"} == {("page", "30s")}


def test_series_that_rules_record_are_no_alerts_and_the_alerts_come_by_name() -> None:
    names = [alert.name for alert in alerts_of(Own())]
    assert names == sorted(names)
    assert not any(":" in name for name in names)


def test_an_estates_own_alerts_are_among_ours_and_marked() -> None:
    alerts = alerts_of(own_files(RIVER))
    assert [alert for alert in alerts if alert.own] == [
        AlertRule("RiverHigh", "page", "5m", own=True)
    ]
    assert [alert for alert in alerts if not alert.own] == list(alerts_of(Own()))
