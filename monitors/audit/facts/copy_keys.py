"""What keys are for on a backup target: to add one plan's snapshots, to pull copies, to drill."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inventory.logins import BACKUP, DRILL, PULL
from monitors.audit.facts.authorized_keys import AuthorizedKey
from monitors.audit.model.declared import Declared

FOLDER = "/srv/backups"
CLIENTS, DRILLS, PULLS = BACKUP, DRILL, PULL
SERVE, GIVE = "rclone serve restic --stdio --append-only", "bastide-vault-give"


@dataclass(frozen=True, slots=True)
class Use:
    """What a key is for, for whom, and what the comment of theirs ends with."""

    verb: str
    owner: str
    comment: str

    def __str__(self) -> str:
        return f"{self.verb} {self.owner}"


Uses = Mapping[str, Mapping[str, Use | None]]
"""By account, then by what stands before a key; None: it is the same before several."""


def uses(declared: Declared) -> Uses:
    """Return all that keys may be for on a vault."""
    return {
        CLIENTS: {
            f'restrict,command="{SERVE} {FOLDER}/{kept}"': Use("adds to", kept, _words(kept))
            for kept in declared.keeps
        },
        DRILLS: {"restrict": None},
        PULLS: {
            f'restrict,command="{GIVE} {" ".join(by.repositories)}"': Use(
                "pulls for", by.vault, _words(f"{by.vault}-pull")
            )
            for by in declared.pulled_by
        },
    }


def foreign(used: Sequence[tuple[AuthorizedKey, Use]], allowed: Uses) -> Iterator[str]:
    """Yield each key whose comment says that it is another's than the one that it is used for."""
    owners = [use for options in allowed.values() for use in options.values() if use]
    for key, use in used:
        said = f"-{_words(key.comment)}"
        named = [owner for owner in owners if said.endswith(f"-{owner.comment}")]
        # Of towns one of whose names ends as the other's: the whole name.
        owner = max(named, key=lambda owner: len(owner.comment), default=use)
        if owner != use:
            yield f"the key of {owner.owner} {use}"


def _words(text: str) -> str:
    return re.sub(r"\W+", "-", text)
