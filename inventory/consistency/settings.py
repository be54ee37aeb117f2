"""Settings that no role takes, or not so."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from inventory.parsed import ParsedEstate, ParsedTenant
from inventory.problems import Problem
from inventory.role_options import INVENTORYS, all_names, mistakes, options
from inventory.source import PathKey


def find_setting_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant]
) -> Iterator[Problem]:
    """Yield the settings of the estate, its tenants and hosts that are no option of a role."""
    folder = estate.source.file.parent
    yield from _settings(estate, ("settings",), estate.value.settings, folder)
    for tenant in tenants:
        yield from _settings(tenant, ("settings",), tenant.value.settings, folder)
        for number, host in enumerate(tenant.value.hosts):
            path = ("hosts", number, "settings")
            yield from _settings(tenant, path, host.settings, folder)


def _settings(
    owner: ParsedEstate | ParsedTenant, path: PathKey, settings: Mapping[str, object], folder: Path
) -> Iterator[Problem]:
    for name, value in settings.items():
        option = options(name, folder).get(name)
        if option is None or name.startswith(INVENTORYS):
            yield _unknown(owner, (*path, name), name, folder)
            continue
        for place, expected in mistakes(value, option):
            yield owner.problem(
                (*path, name, *place),
                "is not what the role takes",
                expected,
                f"correct it: {option['description']}",
            )


def _unknown(owner: ParsedEstate | ParsedTenant, path: PathKey, name: str, folder: Path) -> Problem:
    near = difflib.get_close_matches(name, all_names(folder), n=1)
    if name.startswith(INVENTORYS):
        advice = "remove it: this is what the inventory itself gives to the roles"
    else:
        advice = f"did you mean {near[0]}?" if near else "remove it"
    return owner.problem(
        path,
        f"no role has an option {name!r}",
        "an option out of a role's README (playbooks/roles/*/README.md)",
        advice,
    )
