"""An estate's own SNMP profiles: files as ours, in its `profiles/`, after ours in one catalogue."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from inventory.own import Own
from inventory.parsed import ParsedFile
from inventory.problems import InventoryError, Problem
from inventory.source import PathKey, read_source
from inventory.validation import problems_of
from monitors.snmp.profile import Number, Profile
from monitors.snmp.profile_files import ProfileError, read_profile, shipped_profiles

LIKE = "like"
File = ParsedFile[Profile]
Numbers = Iterator[tuple[PathKey, Number]]


def profiles_of(own: Own) -> dict[str, Profile]:
    """Return our profiles and the estate's own by name.

    InventoryError lists what is wrong with the estate's files.
    """
    ours = shipped_profiles()
    if not own.profiles:
        return ours
    read = [_read(path) for path in own.profiles]
    files = [each for each in read if isinstance(each, ParsedFile)]
    problems = [problem for each in read if isinstance(each, tuple) for problem in each]
    catalogue = ours | {file.value.profile: file.value for file in files}
    types: dict[str, str] = {
        n.metric: n.type for profile in ours.values() for _, n in _numbers(profile)
    }
    for file in files:
        problems += _names(file, ours, catalogue)
        problems += _metrics(file, types)
    if problems:
        raise InventoryError(tuple(problems))
    return catalogue


def _read(path: Path) -> File | Sequence[Problem]:
    source = read_source(path)
    if isinstance(source, Problem):
        return (source,)
    try:
        if isinstance(source.data, dict) and LIKE in source.data:
            return ParsedFile(source, read_profile(path))
        return ParsedFile(source, Profile.model_validate(source.data))
    except ValidationError as error:
        return problems_of(error, source, Profile)
    except ProfileError as error:
        action = "correct it; docs/snmp.md explains profiles"
        return (Problem(path, 0, "", str(error), "an SNMP profile", action),)


def _names(
    file: File, ours: Mapping[str, Profile], catalogue: Mapping[str, Profile]
) -> Iterator[Problem]:
    profile, path = file.value, file.source.file
    if profile.profile in ours:
        yield file.problem(
            ("profile",),
            f"{profile.profile} is a profile that ships with Bastide",
            "a name that none of ours has: `bastide snmp profiles`",
            "rename the file and the profile",
        )
    if profile.profile != path.stem:
        yield file.problem(
            ("profile",), f"is {profile.profile}", f"{path.stem}, the file's name", "make them one"
        )
    for index, name in enumerate(profile.unless):
        if name not in catalogue:
            yield file.problem(
                ("unless", index), f"there is no profile {name}", "an existing one", "correct it"
            )


def _metrics(file: File, types: dict[str, str]) -> Iterator[Problem]:
    """Yield the numbers that would contradict another's, or that can never be answered."""
    for path, number in _numbers(file.value):
        if types.setdefault(number.metric, number.type) != number.type:
            yield file.problem(
                (*path, "metric"),
                f"{number.metric} is a {types[number.metric]} elsewhere, here a {number.type}",
                "one type a metric, wherever it comes from",
                "name it otherwise, or correct the type",
            )
        if number.oid.endswith(".0") and path[0] == "tables":
            yield file.problem(
                (*path, "oid"), "is an instance", "a column, without its index", "leave out .0"
            )


def _numbers(profile: Profile) -> Numbers:
    for index, number in enumerate(profile.scalars):
        yield ("scalars", index), number
    for at, table in enumerate(profile.tables):
        for index, number in enumerate(table.columns):
            yield ("tables", at, "columns", index), number
