"""Each role says what it takes: defaults and argument_specs agree, and the inventory fits."""

import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from inventory.entries import hosts
from inventory.hostvars import host_variables
from inventory.load import find_estate, load_estate
from inventory.outputs import Outputs
from tests.playbooks.ansible import ROLES

ROLE_NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())
INVENTORYS = "bastide_"
GENERATOR = runpy.run_path(str(ROLES.parent / "role_readmes.py"))
README: Callable[[Path], str] = GENERATOR["readme"]
ALL_ROLES: list[Path] = GENERATOR["roles"]()


def read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text()) or {}) if path.is_file() else {}


@cache
def options(role: str) -> dict[str, Any]:
    specs = read(ROLES / role / "meta" / "argument_specs.yml")["argument_specs"]
    return dict(specs["main"].get("options") or {})


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_defaults_are_those_of_the_argument_specs(role: str) -> None:
    declared = {name: o["default"] for name, o in options(role).items() if "default" in o}
    assert read(ROLES / role / "defaults" / "main.yml") == declared


@pytest.mark.parametrize("role", ALL_ROLES, ids=lambda role: role.name)
def test_a_roles_readme_is_that_of_its_argument_specs(role: Path) -> None:
    written = (role / "README.md").read_text()
    specs = read(role / "meta/argument_specs.yml")["argument_specs"]["main"]
    assert written == README(role), "run `make generate`"
    assert all(f"`{name}`" in written for name in specs.get("options", ()))


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_every_argument_is_explained_and_named_for_whom_it_comes_from(role: str) -> None:
    for name, option in options(role).items():
        assert option.get("type"), f"{name}: no type"
        assert option.get("description"), f"{name}: no description"
        assert name.startswith(INVENTORYS if option.get("required") else f"{role}_"), name


@pytest.mark.parametrize("estate", ["lab", "pilot"])
@pytest.mark.parametrize("role", ROLE_NAMES)
def test_the_shipped_estates_give_what_the_role_asks_for(role: str, estate: str) -> None:
    required = {name: o for name, o in options(role).items() if name.startswith(INVENTORYS)}
    validator = ArgumentSpecValidator(without_prose(required))
    for host, given in variables(estate).items():
        problems = validator.validate({name: given[name] for name in required if name in given})
        assert problems.error_messages == [], host


@cache
def variables(estate: str) -> dict[str, dict[str, Any]]:
    folder = find_estate(estate)
    return {
        entry.name: host_variables(entry, folder, Path("/state"), Outputs(estate=estate))
        for entry in hosts(load_estate(folder))
    }


def without_prose(specification: dict[str, Any]) -> dict[str, Any]:
    """Return the specification as modules know it, which has no descriptions."""
    return {
        name: {
            key: without_prose(value) if key == "options" else value
            for key, value in option.items()
            if key != "description"
        }
        for name, option in specification.items()
    }
