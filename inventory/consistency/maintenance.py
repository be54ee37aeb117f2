"""Maintenance windows of what is not there, and at times that never come."""

import difflib
from collections.abc import Iterator, Set
from datetime import datetime
from zoneinfo import ZoneInfo

from inventory.maintenance_windows import exists
from inventory.model.maintenance_windows import MaintenanceFile, MaintenanceWindow
from inventory.model.waivers import ESTATE_SCOPE
from inventory.parsed import ParsedFile
from inventory.problems import Problem


def find_maintenance_problems(
    file: ParsedFile[MaintenanceFile], scopes: Set[str] | None
) -> Iterator[Problem]:
    """Yield what is wrong with windows; `scopes` names all tenants, hosts, devices and services.

    None stands for an estate whose names could not be read whole: scopes are not judged then.
    """
    for index, window in enumerate(file.value.maintenance):
        path = ("maintenance", index)
        if scopes is not None and window.scope not in {ESTATE_SCOPE, *scopes}:
            near = difflib.get_close_matches(window.scope, sorted(scopes), n=1)
            yield file.problem(
                (*path, "scope"),
                f"there is nothing called {window.scope!r} in the estate",
                "estate, central, a municipality's id, or a full name, <municipality>-<id>",
                f"correct the name: did you mean {near[0]}?" if near else "correct the name",
            )
        for key in _missing_times(window):
            yield file.problem(
                (*path, "once", key),
                f"no clock in {window.timezone} shows this time: summer time begins",
                "a time that comes",
                f"correct `{key}`",
            )


def _missing_times(window: MaintenanceWindow) -> Iterator[str]:
    if window.once:
        for key, local in (("start", window.once.start), ("end", window.once.end)):
            if not exists(datetime.fromisoformat(local), ZoneInfo(window.timezone)):
                yield key
