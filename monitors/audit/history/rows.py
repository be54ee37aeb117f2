"""Spells as rows of the store, and back."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row as SqlRow

from monitors.audit.history.intervals import Found, Spell
from monitors.audit.model.controls import Severity
from monitors.audit.model.results import Outcome

Row = dict[str, Any]


def row_of(host: int, control: str, spell: Spell) -> Row:
    """Return a spell as it is kept; the end of an open one is its host's newest observation."""
    return {
        "host": host,
        "control": control,
        "since": spell.since,
        "last": spell.last if spell.ended else None,
        "ended": spell.ended,
        "severity": spell.found.severity.value,
        "outcome": spell.found.outcome.value,
        "waived": spell.found.waived,
    }


def spell_of(row: SqlRow[Any], checked: datetime) -> Spell:
    """Return a row as a spell; `checked` is the newest observation of its host."""
    found = Found(Severity(row.severity), Outcome(row.outcome), row.waived)
    return Spell(found, row.since, row.last or checked, row.ended)
