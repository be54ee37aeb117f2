"""What hosts were judged by on a date: the inputs of the newest sealed run until then."""

from datetime import UTC, date, datetime, time
from pathlib import Path

from monitors.audit.evidence.chain import InputHashes, load_chain
from monitors.audit.evidence.inputs import InputsError


def in_force(state: Path, on: date) -> InputHashes:
    """Return the hashes of the inputs in force at the end of a day (UTC).

    Raises InputsError when no run had been sealed by then, ChainError when the chain is broken.
    """
    end = datetime.combine(on, time.max, UTC)
    chain = load_chain(state)
    known = [link.record for link in chain if link.record.started <= end]
    if not known:
        first = f"the first is of {chain[0].record.started:%F}" if chain else "there is none at all"
        raise InputsError(f"{state}: no run had been sealed by {on}; {first}")
    return max(known, key=lambda record: record.started).inputs
