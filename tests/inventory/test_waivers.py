"""What a waiver may say; what it may not is in cases/inventory/waiver_*.yml."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.load import load_estate
from inventory.model.waivers import Waiver
from tests.inventory.test_load import edited_lab, problems_of

DAY = date(2026, 3, 1)


def waiver(**changes: Any) -> Waiver:
    fields: dict[str, Any] = {
        "control": "SSH-02",
        "scope": "velgora-app",
        "reason": "The vendor's help desk has no keys yet.",
        "owner": "Tarik Zuhr",
        "approver": "Mira Dolenc",
        "measure": "Logins from elsewhere are dropped by the firewall.",
        "granted": DAY,
        "expires": DAY + timedelta(days=90),
    }
    return Waiver.model_validate(fields | changes)


def estate_with(folder: Path, *waivers: Waiver) -> Path:
    text = yaml.safe_dump({"waivers": [w.model_dump(mode="json") for w in waivers]})
    return edited_lab(folder, {"file": "waivers.yml", "find": "ALL", "write": text})


@pytest.mark.parametrize("scope", ["velgora-app", "velgora", "central", "central-ops", "estate"])
def test_a_host_a_municipality_the_central_site_and_the_estate_are_scopes(
    scope: str, tmp_path: Path
) -> None:
    assert load_estate(estate_with(tmp_path, waiver(scope=scope))).waivers[0].scope == scope


def test_365_days_are_not_too_long_and_a_term_may_begin_in_the_future(tmp_path: Path) -> None:
    ahead = date.today() + timedelta(days=30)  # noqa: DTZ011 (any day will do)
    longest = waiver(granted=ahead, expires=ahead + timedelta(days=365))
    assert load_estate(estate_with(tmp_path, longest)).waivers == (longest,)


def test_a_waiver_may_be_for_one_day(tmp_path: Path) -> None:
    one_day = waiver(expires=DAY)
    assert load_estate(estate_with(tmp_path, one_day)).waivers == (one_day,)


def test_a_renewal_begins_on_the_day_after(tmp_path: Path) -> None:
    first = waiver()
    second = waiver(
        granted=first.expires + timedelta(days=1), expires=first.expires + timedelta(days=60)
    )
    assert load_estate(estate_with(tmp_path, second, first)).waivers == (second, first)


@pytest.mark.parametrize("later_first", [False, True])
def test_two_waivers_share_no_day_whichever_is_written_first(
    later_first: bool, tmp_path: Path
) -> None:
    first = waiver()
    second = waiver(granted=first.expires, expires=first.expires + timedelta(days=60))
    written = (second, first) if later_first else (first, second)
    assert [problem.path for problem in problems_of(estate_with(tmp_path, *written))] == [
        "waivers[1]"
    ]


def test_a_scope_is_not_called_unknown_while_a_municipality_cannot_be_read(tmp_path: Path) -> None:
    estate = estate_with(tmp_path, waiver())
    town = estate / "municipalities" / "velgora.yml"
    town.write_text(town.read_text().replace("tier: city", "tier: metropolis"))
    assert [problem.path for problem in problems_of(estate)] == ["tier"]


def test_a_waiver_counts_from_its_first_to_its_last_day() -> None:
    granted = waiver()
    days = [DAY - timedelta(days=1), DAY, granted.expires, granted.expires + timedelta(days=1)]
    assert [granted.in_force(day) for day in days] == [False, True, True, False]
