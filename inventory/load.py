"""A directory of YAML becomes an Estate, or one error that lists every problem."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from inventory.consistency.buckets import find_bucket_problems
from inventory.consistency.connections import find_connection_problems
from inventory.consistency.continuity import find_continuity_problems
from inventory.consistency.escrow import find_escrow_problems
from inventory.consistency.hosts import find_host_problems
from inventory.consistency.hypervisors import find_hypervisor_problems
from inventory.consistency.identifiers import find_identifier_problems
from inventory.consistency.journeys import find_journey_problems
from inventory.consistency.lab import find_lab_problems
from inventory.consistency.levels import find_level_problems
from inventory.consistency.maintenance import find_maintenance_problems
from inventory.consistency.networks import find_network_problems
from inventory.consistency.notify import find_notify_problems
from inventory.consistency.objectives import find_objective_problems
from inventory.consistency.operations_watch import find_operations_watch_problems
from inventory.consistency.port_intents import find_intent_problems
from inventory.consistency.references import find_name_problems
from inventory.consistency.second_copies import find_second_copy_problems
from inventory.consistency.secret_references import find_secret_problems
from inventory.consistency.settings import find_setting_problems
from inventory.consistency.updates import find_update_problems
from inventory.consistency.uplinks import find_uplink_problems
from inventory.consistency.waivers import find_waiver_problems
from inventory.consistency.witness import find_witness_problems
from inventory.model.estate import Estate, EstateFile
from inventory.model.maintenance_windows import MaintenanceFile
from inventory.model.tenants import Central, Municipality
from inventory.model.waivers import WaiverFile
from inventory.own import find_own_problems, own_files
from inventory.parsed import (
    ParsedEstate,
    ParsedFile,
    ParsedTenant,
    host_names,
    machine_names,
    tenant_id,
)
from inventory.paths import SHIPPED_ESTATES
from inventory.problems import InventoryError, Problem
from inventory.scalars import ESTATE_FOLDER
from inventory.source import read_source
from inventory.validation import problems_of

Model = TypeVar("Model", bound=BaseModel)


def find_estate(wanted: str | None) -> Path:
    """Return the folder of an estate given by folder or shipped name.

    None is the estate that the current folder is in; InventoryError lists those that could be meant
    when it is in none.
    """
    if wanted is None:
        return _surrounding_estate(Path.cwd())
    folder = Path(wanted)
    if "/" in wanted or (folder / "estate.yml").exists() or wanted not in shipped_estates():
        return folder.resolve()
    return SHIPPED_ESTATES / wanted


def _surrounding_estate(here: Path) -> Path:
    for folder in (here, *here.parents):
        if (folder / "estate.yml").is_file():
            return folder
    below = sorted(f"./{file.parent.name}" for file in here.glob("*/estate.yml"))
    problem = Problem(
        here,
        0,
        "",
        "is in no estate, and none was named",
        "--estate DIR|NAME, BASTIDE_ESTATE, or a current folder inside an estate",
        f"name one: {', '.join((*below, *shipped_estates()))}",
    )
    raise InventoryError((problem,))


def shipped_estates() -> tuple[str, ...]:
    """Return the names of the estates that ship with the project, sorted."""
    return tuple(sorted(file.parent.name for file in SHIPPED_ESTATES.glob("*/estate.yml")))


def estate_files(folder: Path) -> tuple[Path, ...]:
    """Return the files that make up an estate, and no other that lies in its folder."""
    own = (
        folder / name for name in ("estate.yml", "central.yml", "waivers.yml", "maintenance.yml")
    )
    return tuple(sorted((*filter(Path.is_file, own), *folder.glob("municipalities/*.yml"))))


def load_estate(folder: Path) -> Estate:
    """Read an estate's folder; InventoryError lists every problem of every file at once."""
    if not (folder / "estate.yml").is_file():
        raise InventoryError((_not_an_estate(folder),))
    problems: list[Problem] = []
    head = _read(folder, "estate.yml", EstateFile, problems)
    central = _read(folder, "central.yml", Central, problems)
    files = sorted(p.relative_to(folder) for p in folder.glob("municipalities/*.yml"))
    towns = [town for file in files if (town := _read(folder, file, Municipality, problems))]
    tenants: list[ParsedTenant] = [*([central] if central else []), *towns]
    complete = central is not None and len(towns) == len(files)
    scopes = frozenset(_scopes(tenants)) if complete else None
    waivers = _read_waivers(folder, scopes, problems)
    windows = _read_windows(folder, tenants if complete else None, problems)
    if head:
        problems += _contradictions(head, tenants, complete=complete)
        accepting = waivers.waivers if waivers else ()
        problems += find_continuity_problems(head, tenants, accepting)
        problems += find_second_copy_problems(head, tenants, accepting, complete=complete)
    problems += find_own_problems(folder)
    if problems or head is None or central is None or waivers is None or windows is None:
        raise InventoryError(tuple(problems))
    return Estate(
        **dict(head.value),
        central=central.value,
        municipalities=tuple(town.value for town in towns),
        waivers=waivers.waivers,
        policy_waivers=waivers.policies,
        windows=windows.maintenance,
        own=own_files(folder),
    )


def _contradictions(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant], *, complete: bool
) -> Iterator[Problem]:
    """Yield what contradicts across the files; `complete`: every one of them could be read."""
    yield from find_identifier_problems(tenants)
    yield from find_network_problems(estate, tenants)
    yield from find_lab_problems(estate, tenants)
    yield from find_host_problems(estate, tenants)
    yield from find_hypervisor_problems(estate, tenants)
    yield from find_level_problems(estate, tenants)
    yield from find_connection_problems(estate, tenants, complete=complete)
    yield from find_name_problems(tenants, complete=complete)
    yield from find_intent_problems(tenants, complete=complete)
    yield from find_objective_problems(tenants)
    yield from find_journey_problems(tenants)
    yield from find_secret_problems(estate, tenants)
    yield from find_setting_problems(estate, tenants)
    yield from find_update_problems(estate, tenants, complete=complete)
    yield from find_witness_problems(estate, tenants, complete=complete)
    yield from find_uplink_problems(tenants)
    yield from find_escrow_problems(estate)
    yield from find_bucket_problems(estate)
    yield from find_operations_watch_problems(estate, tenants, complete=complete)
    yield from find_notify_problems(estate, tenants, complete=complete)


def _scopes(tenants: Iterable[ParsedTenant]) -> Iterator[str]:
    """Yield the names that a waiver may be for."""
    yield from host_names(tenants)
    for tenant in tenants:
        yield tenant_id(tenant.value)


def _read(
    folder: Path, file: str | Path, model: type[Model], problems: list[Problem]
) -> ParsedFile[Model] | None:
    source = read_source(folder / file)
    if isinstance(source, Problem):
        problems.append(source)
        return None
    try:
        context = {ESTATE_FOLDER: folder}
        return ParsedFile(source, model.model_validate(source.data, context=context))
    except ValidationError as error:
        problems += problems_of(error, source, model)
        return None


def _read_waivers(
    folder: Path, scopes: frozenset[str] | None, problems: list[Problem]
) -> WaiverFile | None:
    if not (folder / "waivers.yml").exists():
        return WaiverFile()
    waivers = _read(folder, "waivers.yml", WaiverFile, problems)
    if waivers is None:
        return None
    problems += find_waiver_problems(waivers, scopes)
    return waivers.value


def _read_windows(
    folder: Path, tenants: Sequence[ParsedTenant] | None, problems: list[Problem]
) -> MaintenanceFile | None:
    """Read maintenance.yml; `tenants` is None where not every file could be read."""
    if not (folder / "maintenance.yml").exists():
        return MaintenanceFile()
    windows = _read(folder, "maintenance.yml", MaintenanceFile, problems)
    if windows is None:
        return None
    scopes = None if tenants is None else frozenset(_window_scopes(tenants))
    problems += find_maintenance_problems(windows, scopes)
    return windows.value


def _window_scopes(tenants: Sequence[ParsedTenant]) -> Iterator[str]:
    """Yield the names that a maintenance window may be for."""
    yield from machine_names(tenants)
    for tenant in tenants:
        name = tenant_id(tenant.value)
        yield name
        yield from (f"{name}-{service.id}" for service in tenant.value.services)


def _not_an_estate(folder: Path) -> Problem:
    return Problem(
        folder / "estate.yml",
        0,
        "",
        "there is no estate here",
        "a folder with estate.yml, central.yml and municipalities/",
        f"run `bastide init {folder}`, or use a shipped estate: {', '.join(shipped_estates())}",
    )
