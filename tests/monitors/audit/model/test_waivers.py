"""A waiver of a control that does not exist is reported, never passed over."""

from datetime import date

from inventory.model.waivers import Waiver
from monitors.audit.model.waivers import of_unknown_controls, waiver_problems
from tests.monitors.audit.estates import TABLE, lab


def waiver(control: str) -> Waiver:
    return Waiver(
        control=control,
        scope="velgora",
        reason="Keys come with the new help desk contract.",
        owner="Tarik Zuhr",
        approver="Mira Dolenc",
        measure="Logins from outside the management networks are dropped.",
        granted=date(2026, 3, 1),
        expires=date(2026, 12, 31),
    )


def test_the_problem_names_the_waiver_what_it_does_and_what_may_be_meant() -> None:
    (problem,) = waiver_problems([waiver("SHS-01"), waiver("SSH-01")], TABLE)
    assert "SHS-01 for velgora, until 2026-12-31" in problem
    assert "accepts nothing" in problem
    assert "did you mean SSH-01?" in problem


def test_an_id_like_no_other_leads_to_the_table() -> None:
    (problem,) = waiver_problems([waiver("QWERTZUIOP-77")], TABLE)
    assert "bastide audit controls" in problem


def test_the_lab_waives_what_is_there() -> None:
    assert of_unknown_controls(lab().waivers, TABLE) == ()
