"""What a person reads: a line by SMS, a few in a chat."""

from monitors.bridge.wording import line, text
from tests.monitors.bridge.messages import DOWN, RUNBOOK, alert, message


def test_a_line_says_how_bad_and_where_before_all_else() -> None:
    assert line(DOWN) == "PAGE velgora-edge does not answer"
    backup = message(alert("velgora-app", "The backup is 3 days old", severity="ticket"))
    assert line(backup) == "TICKET velgora-app: The backup is 3 days old"


def test_several_are_counted_and_named() -> None:
    several = message(*(alert(f"velgora-sw{n}", "silent") for n in range(3)))
    expected = "PAGE velgora 3 HostDown: velgora-sw0, velgora-sw1, velgora-sw2"
    assert line(several) == expected
    many = line(message(*(alert(f"velgora-switch-{n}", "silent") for n in range(200))))
    assert many.startswith("PAGE velgora 200 HostDown: velgora-switch-0, velgora-switch-1, ")
    assert len(many) <= 160


def test_of_a_group_a_line_tells_what_still_is() -> None:
    over = alert("velgora-app", "velgora-app does not answer", status="resolved")
    assert line(message(over)) == "ENDED velgora-app does not answer"
    still = alert("velgora-web", "velgora-web does not answer")
    assert line(message(over, still)) == "PAGE velgora-web does not answer"


def test_cyrillic_fits_one_message_too() -> None:
    said = line(message(alert("velgora-edge", "не одговара " * 20)))
    assert said.startswith("PAGE velgora-edge: не одговара")
    assert len(said) <= 70


def test_a_chat_reads_what_to_do_and_how_to_take_it() -> None:
    told = text(DOWN)
    assert told.title == "PAGE velgora: HostDown"
    assert told.body.splitlines() == [
        "velgora-edge does not answer",
        "Since 2027-01-16 22:04 UTC",
        f"What to do: {RUNBOOK}",
        "I have it: bastide ack HostDown --by NAME",
    ]
    assert told.link == RUNBOOK


def test_the_end_asks_for_nothing() -> None:
    told = text(message(alert("velgora-edge", "velgora-edge is dead", status="resolved")))
    assert (told.title, told.body) == (
        "ENDED velgora: HostDown",
        "Ended: velgora-edge is dead",
    )


def test_a_test_says_that_it_is_one() -> None:
    test = message(alert("", "Nothing is wrong", alertname="NotificationTest"))
    assert line(test) == "TEST velgora: Nothing is wrong"
    assert text(test).title == "TEST velgora: NotificationTest"


def test_a_storm_and_a_wordy_device_stay_short() -> None:
    told = text(message(*(alert(f"velgora-{n}", "word " * 500) for n in range(200))))
    assert "and 192 more (bastide status)" in told.body
    assert len(told.body) < 2500


def test_what_a_device_says_steers_no_screen() -> None:
    told = text(message(alert("velgora-ap", "evil\u202etxt\x1b[2J")))
    assert told.body.startswith("evil\\u202etxt\\x1b[2J\n")
    assert "\x1b" not in line(message(alert("velgora-ap", "evil\x1b[2J")))
