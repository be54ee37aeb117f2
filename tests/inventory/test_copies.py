"""Copies beside their source: refused, accepted by a waiver, and told again when that has ended."""

from datetime import date
from pathlib import Path

import pytest

from inventory.copies import OFF_SITE, lapsed
from inventory.load import load_estate
from inventory.own import Own
from inventory.problems import InventoryError
from monitors.audit.model.own_controls import controls_of
from tests.inventory.test_load import edited_lab

PLAN = "{id: all, target: central-vault, paths: [/srv], password: 'generated:all'}"
CASE = {
    "file": "central.yml",
    "find": "    settings:\n",
    "write": f"    backups: [{PLAN}]\n    settings:\n",
}
WAIVER = """
  - control: {control}
    scope: {scope}
    reason: There is one building only until the new hall is built.
    owner: Marko Marić, IT administrator
    approver: Ana Ilić, mayor
    measure: A disk with the copies is carried out of the house each week.
    granted: 2026-11-01
    expires: 2026-11-30
"""


def estate(folder: Path, control: str, scope: str) -> Path:
    made = edited_lab(folder, CASE)
    with (made / "waivers.yml").open("a") as file:
        file.write(WAIVER.format(control=control, scope=scope))
    return made


@pytest.mark.parametrize(
    ("control", "scope"),
    [("BKP-02", "central-vault"), ("BKP-02", "velgora"), ("BKP-03", "central-scratch")],
)
def test_a_waiver_of_something_else_accepts_nothing(
    control: str, scope: str, tmp_path: Path
) -> None:
    with pytest.raises(InventoryError, match="stand at one site"):
        load_estate(estate(tmp_path, control, scope))


@pytest.mark.parametrize("scope", ["central-scratch", "central", "estate"])
def test_it_is_accepted_for_a_time_and_told_when_that_is_over(scope: str, tmp_path: Path) -> None:
    read = load_estate(estate(tmp_path, "BKP-02", scope))
    assert not [*lapsed(read, date(2026, 11, 30))]
    for day in (date(2026, 10, 31), date(2026, 12, 1)):
        (text,) = lapsed(read, day)
        assert "copies of central-scratch on central-vault lie at its own site" in text
        assert f"that of {scope} until 2026-11-30" in text


def test_copies_at_another_site_need_no_waiver(tmp_path: Path) -> None:
    plain = edited_lab(tmp_path, {"file": "central.yml", "find": "ops", "write": "ops"})
    assert not [*lapsed(load_estate(plain), date(2030, 1, 1))]


def test_what_is_waived_is_a_control_of_the_audit() -> None:
    assert OFF_SITE in {control.id for control in controls_of(Own()).controls}
