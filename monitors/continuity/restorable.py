"""What the backup program on a host says of a restore: what it will bring, then what it brought."""

from typing import Annotated

from pydantic import AwareDatetime, Field, ValidationError

from monitors.continuity.records import ContinuityError, Doubt, HostRecord, Name, first_problem

Octets = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class RestoredDatabase(HostRecord):
    """A database of MariaDB or SQLite: its name or file, and where what it replaced is kept."""

    name: str
    kept: str | None = None


class Restorable(HostRecord):
    """A snapshot, and what a restore of it brings where (`bastide-backup restore --look`).

    `doubted` are newer snapshots that do not count. `lacking_octets` are still to be fetched: less
    than `octets` where the restore was begun before. `database` is None where none is restored.
    Afterwards, `database` is the name of the restored one, `replaced` how many files and folders
    were put in place, and `kept` and `database_kept` where is what was there before.
    `databases` are those of MariaDB and SQLite.
    """

    plan: Name
    target: Name
    snapshot: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    time: AwareDatetime
    doubted: tuple[Doubt, ...]
    paths: tuple[str, ...]
    files: Count
    octets: Octets
    lacking_octets: Octets
    rows: dict[str, Count]
    database: str | None
    databases: tuple[RestoredDatabase, ...] = ()
    beside: str
    free_octets: Octets
    replaced: Count | None = None
    kept: str | None = None
    database_kept: str | None = None

    @property
    def database_names(self) -> str:
        """All databases, in words; empty: none."""
        names = (self.database, *(one.name for one in self.databases))
        return ", ".join(name for name in names if name)


def read_restorable(text: bytes, origin: str) -> Restorable:
    """Read what a host printed; ContinuityError names the origin and what is wrong."""
    try:
        return Restorable.model_validate_json(text)
    except ValidationError as error:
        raise ContinuityError(f"{origin}: not a restore: {first_problem(error)}") from None
