"""What ends while nobody is notified of it: its end is told afterwards.

Alertmanager drops the end of an alert that is silent then, and who was told that it fires goes on
believing so. Its log of notifications still knows them: the same alert, given to it once more as
ended, goes to exactly those, by their own channels, and to nobody who was told nothing.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from inventory.files import write_whole
from monitors.maintenance.silences import FiringAlert, Silence, SilenceKind, Silences, SilenceState

log = logging.getLogger(__name__)

# An Alertmanager that was restarted has its alerts back within a minute; some come and go.
PATIENCE = timedelta(minutes=2)
FILE = "silent-alerts.json"
"""In the state directory: what is kept over a restart."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An alert that people know of and that is silent; ``ended``: None while it fires."""

    alert: FiringAlert
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What is kept after a look, what is over and can be told, and acknowledgements (ids) of it."""

    kept: Mapping[str, Kept]
    over: tuple[Kept, ...]
    acknowledgements: tuple[str, ...]


def after(
    kept: Mapping[str, Kept],
    firing: Sequence[FiringAlert],
    silences: Sequence[Silence],
    now: datetime,
    patience: timedelta = PATIENCE,
) -> Looked:
    """Return what follows from what fires and is silent now; ``kept`` is by fingerprint."""
    fires = {alert.fingerprint for alert in firing}
    still = {
        alert.fingerprint: Kept(alert)
        for alert in firing
        if alert.silenced_by and (alert.fingerprint in kept or _is_known(alert, silences))
    }
    over, ids = [], []
    for fingerprint, entry in kept.items():
        if fingerprint in fires:
            continue
        gone = replace(entry, ended=entry.ended or now)
        muting = [s for s in silences if _mutes(s, gone)]
        is_silent = any(s.kind is not SilenceKind.ACKNOWLEDGEMENT for s in muting)
        if is_silent or now - (gone.ended or now) < patience:
            still[fingerprint] = gone
            continue
        over.append(gone)
        ids += [silence.id for silence in muting]
    return Looked(still, tuple(over), tuple(dict.fromkeys(ids)))


def _is_known(alert: FiringAlert, silences: Sequence[Silence]) -> bool:
    """Whether people may know of an alert: it is older than its silences, or somebody is on it."""
    covering = [silence for silence in silences if silence.id in alert.silenced_by]
    return any(s.kind is SilenceKind.ACKNOWLEDGEMENT for s in covering) or all(
        alert.started < silence.start for silence in covering
    )


def _mutes(silence: Silence, entry: Kept) -> bool:
    return silence.state is SilenceState.ACTIVE and silence.mutes(entry.alert.labels)


class Endings:
    """Tells what ended in silence, once nothing silences it; an acknowledgement ends with it."""

    def __init__(self, file: Path | None = None, patience: timedelta = PATIENCE) -> None:
        """``file``: where it is kept over a restart; None: not at all."""
        self._file, self._patience = file, patience
        self._kept: dict[str, Kept] = dict(_read(file)) if file else {}

    def look(self, silences: Silences, existing: Sequence[Silence], now: datetime) -> None:
        """Look once; ``existing``: all silences. Raises SilencesError, and OSError for the file."""
        looked = after(self._kept, silences.alerts(), existing, now, self._patience)
        for silence_id in looked.acknowledgements:
            silences.end(silence_id)
        for entry in looked.over:
            silences.tell_end(entry.alert, entry.ended or now)
            log.info("%s has ended in silence: told now", dict(entry.alert.labels))
        if looked.kept != self._kept:
            self._kept = dict(looked.kept)
            self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        entries = [
            {"alert": entry.alert.as_json(), "ended": entry.ended and entry.ended.isoformat()}
            for entry in self._kept.values()
        ]
        write_whole(self._file, json.dumps(entries))


def _read(file: Path) -> Iterator[tuple[str, Kept]]:
    """Yield what was kept; nothing of a file that is not there or cannot be read."""
    try:
        entries: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
        kept = [
            Kept(
                FiringAlert.from_json(entry["alert"]),
                datetime.fromisoformat(entry["ended"]) if entry["ended"] else None,
            )
            for entry in entries
        ]
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s: %r; ends of what was silent before are not told", file, error)
        return
    for entry in kept:
        yield entry.alert.fingerprint, entry
