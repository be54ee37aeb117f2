"""Who is on call, as `bastide status` and `notify show` say it."""

from datetime import datetime

from bastide.actions.on_call import ListedTurn, turns
from inventory.load import load_estate
from inventory.model.channels import Channel, Webhook
from inventory.model.estate import Estate
from inventory.model.notify import Notify
from inventory.model.rotas import Person, Rota, Shift
from inventory.paths import SHIPPED_ESTATES

LAB = load_estate(SHIPPED_ESTATES / "lab")
ANA = Person(id="ana", name="Ana P.", phone="+38164123456")
VERA = Person(id="vera", name="Vera P.", phone="+38165123456")
NIGHT = Shift(people=("vera",), start="20:00", end="06:00")
ROTA = Rota(id="duty", timezone="Asia/Gaza", shifts=(NIGHT, Shift(people=("ana",))))


def lab(*rotas: Rota) -> Estate:
    desk = Channel(id="desk", webhook=Webhook(url="https://desk.example/"))
    notify = Notify(channels=(desk,), people=(ANA, VERA), rotas=rotas)
    return LAB.model_copy(update={"notify": notify})


def test_an_estate_without_rotas_has_nothing_to_say() -> None:
    assert turns(LAB.model_copy(update={"notify": None})) == ()
    assert turns(lab()) == ()


def test_a_line_says_who_and_until_when_by_the_rotas_clock() -> None:
    (listed,) = turns(lab(ROTA), datetime.fromisoformat("2026-12-01 12:00"))
    assert listed.line() == ("on call (duty): Ana P., +38164123456, until Tue 2026-12-01 20:00 EET")
    assert listed.as_json() == {
        "rota": "duty",
        "person": "Ana P.",
        "phone": "+38164123456",
        "until": "2026-12-01T18:00:00+00:00",
        "following": "Vera P.",
    }


def test_who_is_always_on_call_has_no_end_and_a_gap_has_nobody() -> None:
    always = ROTA.model_copy(update={"shifts": (Shift(people=("ana",)),)})
    (listed,) = turns(lab(always))
    assert listed.line() == "on call (duty): Ana P., +38164123456"
    assert ListedTurn(ROTA, None).line() == "on call (duty): nobody"
    assert ListedTurn(ROTA, None).as_json()["person"] is None
