"""Waivers against the control table, which the inventory cannot know: where they lead nowhere."""

import difflib
from collections.abc import Iterable, Iterator

from inventory.model.waivers import Waiver
from monitors.audit.model.controls import ControlTable


def of_unknown_controls(waivers: Iterable[Waiver], table: ControlTable) -> tuple[Waiver, ...]:
    """Return the waivers of controls that the table does not have: they accept nothing."""
    ids = {control.id for control in table.controls}
    return tuple(waiver for waiver in waivers if waiver.control not in ids)


def waiver_problems(waivers: Iterable[Waiver], table: ControlTable) -> Iterator[str]:
    """Yield, for people, which waivers lead nowhere and what to do."""
    ids = [control.id for control in table.controls]
    for waiver in of_unknown_controls(waivers, table):
        near = difflib.get_close_matches(waiver.control, ids, n=1)
        meant = f"did you mean {near[0]}?" if near else "see `bastide audit controls`"
        yield (
            f"waivers.yml: {waiver.control} for {waiver.scope}, until {waiver.expires}: "
            f"there is no such control, so it accepts nothing; {meant} correct or remove it"
        )
