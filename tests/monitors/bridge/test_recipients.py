"""Whom each kind of channel reaches, whoever is on call included."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from inventory.model.channels import Channel
from inventory.model.estate import Estate
from inventory.model.notify import Notify
from inventory.model.rotas import Person, Rota, Shift
from monitors.bridge.recipients import recipients
from tests.bastide.estates import with_more_networks

LAB = with_more_networks("velgora")
OFFICE, NIGHT = datetime(2026, 12, 1, 10, tzinfo=UTC), datetime(2026, 12, 1, 23, tzinfo=UTC)
PEOPLE = tuple(
    Person.model_validate(
        {
            "id": name,
            "name": f"{name.title()} P.",
            "phone": f"+3816400000{number}",
            "email": f"{name}@estate.example",
            "matrix": f"!{name}:matrix.example",
            "ntfy": name,
            "telegram": f"-10{number}",
        }
    )
    for number, name in enumerate(("desk", "ana", "milan"))
)
SHIFTS = (
    Shift(people=("desk",), start="07:00", end="15:00"),
    Shift(people=("ana", "milan"), first=date(2026, 11, 30)),
)
ROTA = Rota(id="duty", timezone="Etc/UTC", shifts=SHIFTS)
MAIL = {"sender": "alerts@estate.example", "server": "mail.estate.example:587"}
CHAT = {"server": "https://chat.example", "token": "env:T"}
SPOOL = {"spool": "/var/spool/sms/outgoing"}


def reached(way: dict[str, Any], now: datetime) -> tuple[str, ...]:
    channel = Channel.model_validate({"id": "duty", **way})
    notify = Notify(channels=(channel,), people=PEOPLE, rotas=(ROTA,))
    estate: Estate = LAB.model_copy(update={"notify": notify})
    return recipients(estate, channel, "velgora", now)


@pytest.mark.parametrize(
    ("way", "office", "night"),
    [
        ({"mail": {"rota": "duty", **MAIL}}, "desk@estate.example", "ana@estate.example"),
        ({"matrix": {"rota": "duty", **CHAT}}, "!desk:matrix.example", "!ana:matrix.example"),
        ({"ntfy": {"rota": "duty", **CHAT}}, "desk", "ana"),
        ({"telegram": {"rota": "duty", "token": "env:T"}}, "-100", "-101"),
        ({"sms": {"rota": "duty", **SPOOL}}, "+38164000000", "+38164000001"),
    ],
)
def test_every_kind_of_channel_reaches_whoever_is_on_call_by_their_own_address(
    way: dict[str, Any], office: str, night: str
) -> None:
    assert reached(way, OFFICE) == (office,)
    assert reached(way, NIGHT) == (night,)


def test_who_takes_over_next_is_reached_by_chat_too() -> None:
    way = {"ntfy": {"rota": "duty", "following": True, **CHAT}}
    assert reached(way, OFFICE) == ("ana",)


def test_a_room_of_all_and_whoever_is_on_call() -> None:
    assert reached({"ntfy": {"topic": "all", "rota": "duty", **CHAT}}, NIGHT) == ("all", "ana")


def test_a_webhook_is_a_program_and_has_no_turns() -> None:
    assert reached({"webhook": {"url": "https://desk.example/"}}, NIGHT) == ("duty",)
    with pytest.raises(ValueError, match="rota"):
        reached({"webhook": {"url": "https://desk.example/", "rota": "duty"}}, NIGHT)


def test_mail_in_turns_is_the_bridges() -> None:
    channels = [
        Channel.model_validate({"id": name, "mail": {**MAIL, **to}})
        for name, to in (("all", {"to": ["it@estate.example"]}), ("duty", {"rota": "duty"}))
    ]
    notify = Notify(channels=tuple(channels), people=PEOPLE, rotas=(ROTA,))
    assert [channel.id for channel in notify.bridged] == ["duty"]
