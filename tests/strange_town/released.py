"""What may differ between a host before Bastide came and after it was released, each with why."""

import re

from tests.strange_town.allowed import unexplained
from tests.strange_town.picture import Difference, FileState, Picture

TIMES = frozenset({"modified", "changed"})
FOLDER = TIMES | {"size"}
# What packages that came and went leave, as they do without Bastide: logs, caches, the records of
# apt, dpkg and ucf and their timers' copies of these, copies of the accounts' files, states of
# systemd's units.
BY_PACKAGES = re.compile(
    r"/var/log/.+|/var/cache/.+|/var/lib/(apt|dpkg|ucf)/.+|/etc/ld\.so\.cache"
    r"|/var/backups/(apt\.extended_states|dpkg\.\w+|alternatives\.tar)\.\d+(\.gz)?"
    r"|/etc/(passwd|group|shadow|gshadow|sub[ug]id)-|/var/lib/(private/)?systemd(/.+)?"
)
# Its catalogues remember that a role and a database came and went; tables are no part of it.
CATALOGUES = re.compile(
    r"/var/lib/postgresql/\d+/main/(base/[145]|global|pg_\w+)(/.+)?|.+/pg_internal\.init"
)
# That the network is up and the clock is set is asked for by units that came, and stays known.
ASKED_FOR = (
    *("network-online.target", "systemd-networkd-wait-online.service"),
    *("time-set.target", "time-sync.target"),
)


def lasting(before: Picture, after: Picture) -> tuple[Difference, ...]:
    """Return what differs but for logs, times, and units that were started anew."""
    return tuple(each for each in unexplained(before, after) if not _passes(each))


def _passes(difference: Difference) -> bool:
    if difference.subject == "unit":
        return difference.fields == {"invocation"} or difference.name in ASKED_FOR
    if difference.subject != "file":
        return False
    left = (pattern.fullmatch(difference.name) for pattern in (BY_PACKAGES, CATALOGUES))
    return any(left) or _only_times(difference)


def _only_times(difference: Difference) -> bool:
    state = difference.before
    is_folder = isinstance(state, FileState) and state.kind == "d"
    return bool(difference.fields) and difference.fields <= (FOLDER if is_folder else TIMES)
