"""When hosts may be restarted: in the time zone of the window, past midnight, in summer time."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.restart_window import RestartWindow
from inventory.paths import SHIPPED_ESTATES
from inventory.restart_window import CLOSED, next_opening, time_left
from inventory.settings import restart_window
from tests.inventory.test_connections import app

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "restart_window.yml").read_text())
MOMENTS = [(case["window"], moment) for case in CASES for moment in case["moments"]]


@pytest.mark.parametrize(("window", "moment"), MOMENTS)
def test_a_window_is_open_from_its_start_to_before_its_end(
    window: dict[str, Any], moment: dict[str, Any]
) -> None:
    now = datetime.fromisoformat(moment["at"]).replace(tzinfo=UTC)
    declared = RestartWindow.model_validate(window)
    assert time_left(declared, now).total_seconds() / 60 == moment["left"]
    assert next_opening(declared, now).isoformat() == moment["next"]


def test_without_a_window_nothing_is_ever_open() -> None:
    assert time_left(None, datetime.now(UTC)) == CLOSED


def test_the_municipalitys_window_counts_before_the_estates() -> None:
    pilot: Estate = load_estate(SHIPPED_ESTATES / "pilot").model_copy(update={"maintenance": None})
    wide, narrow = (
        RestartWindow(start=s, end="06:00", timezone="Etc/UTC") for s in ("01:00", "05:00")
    )
    assert restart_window(app(pilot)) is None
    assert restart_window(app(pilot, estate={"maintenance": wide})) == wide
    assert (
        restart_window(app(pilot, estate={"maintenance": wide}, town={"maintenance": narrow}))
        == narrow
    )
