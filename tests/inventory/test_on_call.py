"""Who is on call when, by the clock of the rota; what a rota must not say is in cases/inventory."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.enums import Weekday
from inventory.model.channels import Channel, Webhook
from inventory.model.notify import Notify
from inventory.model.rotas import Person, Rota, Shift
from inventory.on_call import Turn, turn

BELGRADE = "Europe/Belgrade"
ZONE = ZoneInfo(BELGRADE)
WORKING = tuple(Weekday)[:5]
PEOPLE = tuple(
    Person(id=name.lower(), name=f"{name} P.", phone=f"+38164000000{number}")
    for number, name in enumerate(("Desk", "Ana", "Milan", "Vera"))
)
# The desk in office hours of working days; at all other times three people, a week each.
OFFICE = Shift(people=("desk",), days=WORKING, start="07:00", end="15:00")
TURNS = Shift(people=("ana", "milan", "vera"), first=date(2026, 11, 30))
ROTA = Rota(id="duty", timezone=BELGRADE, holidays=(date(2026, 12, 25),), shifts=(OFFICE, TURNS))


def at(rota: Rota, local: str) -> Turn:
    return turn_at(rota, datetime.fromisoformat(local).replace(tzinfo=ZONE))


def turn_at(rota: Rota, now: datetime) -> Turn:
    channel = Channel(id="desk", webhook=Webhook(url="https://desk.example/"))
    notify = Notify(channels=(channel,), people=PEOPLE, rotas=(rota,))
    found = turn(notify, rota, now)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("local", "person", "until"),
    [
        ("2026-12-01 07:00", "desk", "2026-12-01 15:00"),
        ("2026-12-01 06:59", "ana", "2026-12-01 07:00"),
        ("2026-12-01 15:00", "ana", "2026-12-02 07:00"),
        # Over the week-end the turn goes on to Monday, where the desk begins before the handover.
        ("2026-12-04 15:00", "ana", "2026-12-07 07:00"),
        ("2026-12-07 15:00", "milan", "2026-12-08 07:00"),
        ("2026-12-14 20:00", "vera", "2026-12-15 07:00"),
        ("2026-12-21 20:00", "ana", "2026-12-22 07:00"),
        # A holiday has no office hours.
        ("2026-12-25 10:00", "ana", "2026-12-28 07:00"),
        # Before the first day the order goes on backwards: nobody is left out.
        ("2026-11-28 12:00", "vera", "2026-11-30 07:00"),
    ],
)
def test_the_first_shift_that_covers_a_time_counts(local: str, person: str, until: str) -> None:
    found = at(ROTA, local)
    assert found.person.id == person
    assert found.until == datetime.fromisoformat(until).replace(tzinfo=ZONE)
    assert found.following is not None
    assert found.following.id != person


def test_a_night_belongs_to_the_day_that_it_began_on() -> None:
    night = Shift(people=("vera",), days=WORKING[4:], start="20:00", end="06:00")
    rota = Rota(id="r", timezone=BELGRADE, shifts=(night, TURNS))
    assert at(rota, "2026-12-04 20:00").person.id == "vera"
    assert at(rota, "2026-12-05 05:59").person.id == "vera"
    assert at(rota, "2026-12-05 06:00").person.id == "ana"
    assert at(rota, "2026-12-04 05:00").person.id == "ana"


def test_a_shift_may_say_that_it_has_holidays_too() -> None:
    always = OFFICE.model_copy(update={"holidays": True})
    rota = ROTA.model_copy(update={"shifts": (always, TURNS)})
    assert at(rota, "2026-12-25 10:00").person.id == "desk"


def test_the_handover_keeps_to_the_clock_when_summer_time_begins() -> None:
    rota = ROTA.model_copy(update={"shifts": (TURNS,)})
    before, after = at(rota, "2027-03-27 12:00"), at(rota, "2027-03-29 12:00")
    assert before.until == datetime(2027, 3, 29, 6, tzinfo=UTC)  # 08:00 in summer
    assert before.following == after.person


AT_NIGHT = Shift(people=("ana", "milan"), first=date(2026, 1, 1), every_days=1, handover="02:30")


@pytest.mark.parametrize(
    ("now", "person", "until"),
    [
        # Summer time begins at 01:00 UTC: 02:30 is shown by no clock, and over at 03:00.
        ("2027-03-28T00:50", "ana", "2027-03-28T01:00"),
        ("2027-03-28T01:00", "milan", "2027-03-29T00:30"),
        # It ends at 01:00 UTC: 02:30 is shown twice, and so is what comes before it.
        ("2026-10-25T00:20", "ana", "2026-10-25T00:30"),
        ("2026-10-25T00:40", "milan", "2026-10-26T01:30"),
        ("2026-10-25T01:10", "ana", "2026-10-25T01:30"),
        ("2026-10-25T01:40", "milan", "2026-10-26T01:30"),
    ],
)
def test_in_the_nights_of_a_change_it_is_told_when_somebody_takes_over(
    now: str, person: str, until: str
) -> None:
    rota = Rota(id="r", timezone=BELGRADE, shifts=(AT_NIGHT,))
    found = turn_at(rota, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (found.person.id, found.until) == (
        person,
        datetime.fromisoformat(until).replace(tzinfo=UTC),
    )


def test_who_is_alone_is_never_relieved() -> None:
    found = at(
        Rota(id="r", timezone=BELGRADE, shifts=(Shift(people=("ana",)),)), "2026-12-01 10:00"
    )
    assert (found.person.id, found.until, found.following) == ("ana", None, None)


DAY_MINUTES = 24 * 60


CHANGES = st.sampled_from(
    [datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC)]
)
SHORT = Rota(
    id="short",
    timezone=BELGRADE,
    shifts=(Shift(people=("desk",), start="23:30", end="02:15"), AT_NIGHT),
)


@given(st.integers(0, 3 * 365 * DAY_MINUTES))
def test_somebody_is_on_call_and_takes_over_in_the_future(minutes: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    takes_over(ROTA, now)


@given(CHANGES, st.integers(-180, 180))
def test_somebody_takes_over_in_the_future_when_clocks_change(at: datetime, minutes: int) -> None:
    takes_over(SHORT, at + timedelta(minutes=minutes))


def takes_over(rota: Rota, now: datetime) -> None:
    found = turn_at(rota, now)
    assert found.until is not None
    assert found.until > now
    assert turn_at(rota, found.until).person == found.following
    assert turn_at(rota, found.until - timedelta(minutes=1)).person == found.person
