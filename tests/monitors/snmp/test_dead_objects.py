"""An object that rests is asked for again later and later, and says why it is not asked for."""

from monitors.snmp.dead_objects import FIRST_SECONDS, LONGEST_SECONDS, DeadObjects

COLUMN = "1.3.6.1.2.1.31.1.1.1.18"


def test_nothing_rests_at_first() -> None:
    dead = DeadObjects()
    assert not dead.rests(COLUMN, 0.0)
    assert dead.why(COLUMN) == ""


def test_the_distance_grows_to_a_day() -> None:
    dead, now, waits = DeadObjects(), 0.0, []
    for _ in range(10):
        dead.note(COLUMN, "no answer", now)
        seconds = dead.known[COLUMN].seconds
        assert dead.rests(COLUMN, now + seconds - 1)
        assert not dead.rests(COLUMN, now + seconds)
        waits.append(seconds)
        now += seconds
    assert waits[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert waits[-1] == LONGEST_SECONDS


def test_one_that_answers_again_begins_anew() -> None:
    dead = DeadObjects()
    dead.note(COLUMN, "no answer", 0.0)
    dead.forget(COLUMN)
    assert dead.why(COLUMN) == ""
    dead.note(COLUMN, "no answer", 0.0)
    assert dead.known[COLUMN].seconds == FIRST_SECONDS


def test_after_a_restart_all_are_asked_for_and_the_distance_stays() -> None:
    dead = DeadObjects()
    dead.note(COLUMN, "no answer", 0.0)
    dead.try_again()
    assert not dead.rests(COLUMN, 1.0)
    dead.note(COLUMN, "no answer", 1.0)
    assert dead.known[COLUMN].seconds == 2 * FIRST_SECONDS


def test_the_reason_is_told_in_words() -> None:
    dead = DeadObjects()
    dead.note(COLUMN, "no answer", 0.0)
    assert dead.why(COLUMN) == f"{COLUMN}: no answer; left out, tried again after 10 minutes"
    for _ in range(4):
        dead.note(COLUMN, "no answer", 0.0)
    assert dead.why(COLUMN).endswith("tried again after 3 hours")
