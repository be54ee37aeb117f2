"""What a person reads by mail; that it is Alertmanager's own text a test of both together shows."""

from monitors.bridge.mail_text import mail_text
from tests.monitors.audit.estates import lab
from tests.monitors.bridge.messages import DOWN, alert, message


def test_an_alert_without_a_runbook_is_told_all_the_same() -> None:
    own = message(alert("velgora-app", "strange", alertname="SomebodysOwn"))
    told = mail_text(lab(), own)
    assert told.title == "Page: velgora: SomebodysOwn"
    assert told.body.startswith("strange\nSince 2027-01-16 22:04 UTC\n")
    assert told.body.rstrip().endswith("I have it: bastide ack SomebodysOwn --by NAME")


def test_what_hosts_say_adds_no_line_and_turns_nothing_around() -> None:
    told = mail_text(lab(), message(alert("velgora-app", "a\nSince never \u202eb")))
    assert told.body.splitlines()[:2] == [
        "a Since never \\u202eb",
        "Since 2027-01-16 22:04 UTC",
    ]


def test_the_runbook_names_what_all_alerts_have_in_common() -> None:
    one = mail_text(lab(), DOWN).body
    both = mail_text(lab(), message(alert("velgora-edge", "x"), alert("velgora-app", "y"))).body
    assert "ping -c 3 10.77.1.1\n" in one
    assert "ping -c 3 ADDRESS\n" in both
    for text in (one, both):
        assert "# HostDown" in text
        assert "Silence: bastide silence velgora" in text


def test_the_end_says_until_when_and_brings_no_runbook() -> None:
    over = alert("velgora-app", "silent", status="resolved") | {"endsAt": "2027-01-17T08:00:00Z"}
    told = mail_text(lab(), message(over))
    assert told.title == "Resolved: velgora: HostDown"
    assert "Resolved: silent\n" in told.body
    assert "Since 2027-01-16 22:04 UTC, until 2027-01-17 08:00 UTC\n" in told.body
    assert "# HostDown" not in told.body
    assert "bastide silence" not in told.body
