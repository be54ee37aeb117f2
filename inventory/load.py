"""A directory of YAML becomes an Estate, or one error that lists every problem."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from inventory.consistency import Local, Part, find_contradictions, host_names, place_id
from inventory.intents import find_intent_problems
from inventory.model import Central, Estate, EstateFile, Municipality, WaiverFile
from inventory.paths import SHIPPED_ESTATES
from inventory.problems import InventoryError, Problem
from inventory.references import find_reference_problems
from inventory.scalars import ESTATE_FOLDER
from inventory.source import read_source
from inventory.validation import explain
from inventory.waivers import find_waiver_problems

Model = TypeVar("Model", bound=BaseModel)


def find_estate(wanted: str | None) -> Path:
    """Return the folder of an estate given by folder or shipped name; default: here, else `lab`."""
    if wanted is None:
        here = Path.cwd()
        return here if (here / "estate.yml").exists() else SHIPPED_ESTATES / "lab"
    folder = Path(wanted)
    if "/" in wanted or (folder / "estate.yml").exists():
        return folder.resolve()
    return SHIPPED_ESTATES / wanted


def estate_files(folder: Path) -> tuple[Path, ...]:
    """Return the files that make up an estate, and no other that lies in its folder."""
    own = (folder / name for name in ("estate.yml", "central.yml", "waivers.yml"))
    return tuple(sorted((*filter(Path.is_file, own), *folder.glob("municipalities/*.yml"))))


def load_estate(folder: Path) -> Estate:
    """Read an estate's folder; InventoryError lists every problem of every file at once."""
    if not (folder / "estate.yml").is_file():
        raise InventoryError((_not_an_estate(folder),))
    problems: list[Problem] = []
    head = _read(folder, "estate.yml", EstateFile, problems)
    central = _read(folder, "central.yml", Central, problems)
    files = sorted(p.relative_to(folder) for p in folder.glob("municipalities/*.yml"))
    towns = [part for file in files if (part := _read(folder, file, Municipality, problems))]
    scopes = _scopes(central, towns) if len(towns) == len(files) else None
    waivers = _read_waivers(folder, scopes, problems)
    if head:
        parts: list[Part[Local]] = [*([central] if central else []), *towns]
        complete = central is not None and len(towns) == len(files)
        problems += find_contradictions(head, parts, complete=complete)
        problems += find_intent_problems(parts, complete=complete)
        problems += find_reference_problems(head, parts)
    if problems or head is None or central is None or waivers is None:
        raise InventoryError(tuple(problems))
    return Estate(
        **dict(head.value),
        central=central.value,
        municipalities=tuple(town.value for town in towns),
        waivers=waivers.waivers,
    )


def _scopes(
    central: Part[Central] | None, towns: Sequence[Part[Municipality]]
) -> frozenset[str] | None:
    """Return the names that a waiver may be for; None while not all of them are known."""
    if central is None:
        return None
    parts: list[Part[Local]] = [central, *towns]
    return frozenset((*host_names(parts), *(place_id(part.value) for part in parts)))


def _read(
    folder: Path, file: str | Path, model: type[Model], problems: list[Problem]
) -> Part[Model] | None:
    source = read_source(folder / file)
    if isinstance(source, Problem):
        problems.append(source)
        return None
    try:
        context = {ESTATE_FOLDER: folder}
        return Part(source, model.model_validate(source.data, context=context))
    except ValidationError as error:
        told = [explain(found, source, model) for found in error.errors()]
        # pydantic tells once a branch of a union (IPv4, IPv6); a person wants it once a place.
        problems += {problem.path: problem for problem in reversed(told)}.values()
        return None


def _read_waivers(
    folder: Path, scopes: frozenset[str] | None, problems: list[Problem]
) -> WaiverFile | None:
    if not (folder / "waivers.yml").exists():
        return WaiverFile()
    part = _read(folder, "waivers.yml", WaiverFile, problems)
    if part is None:
        return None
    problems += find_waiver_problems(part, scopes)
    return part.value


def _not_an_estate(folder: Path) -> Problem:
    known = ", ".join(sorted(p.parent.name for p in SHIPPED_ESTATES.glob("*/estate.yml")))
    return Problem(
        folder / "estate.yml",
        0,
        "",
        "there is no estate here",
        "a folder with estate.yml, central.yml and municipalities/",
        f"run `bastide init {folder}`, or use a shipped estate: {known}",
    )
