"""Fixtures of the checks under plain pytest: what the inventory declares, and their scope."""

import os

import pytest
from testinfra.host import Host

from inventory.load import find_estate, load_estate
from monitors.audit.model.controls import Control, Limits, load_controls
from monitors.audit.model.declared import Declared, find_declared


@pytest.fixture
def declared(host: Host) -> Declared:
    """The host as the estate in BASTIDE_ESTATE, or around the current folder, declares it."""
    estate = load_estate(find_estate(os.environ.get("BASTIDE_ESTATE")))
    return find_declared(estate, host.backend.get_hostname())


@pytest.fixture
def control(request: pytest.FixtureRequest) -> Control | None:
    """The row that a check proves."""
    name = f".{request.function.__name__}"
    return next((row for row in load_controls().controls if row.check.endswith(name)), None)


@pytest.fixture
def limits(control: Control | None) -> Limits:
    """What the row has the check compare with."""
    return control.limits if control else {}


@pytest.fixture(autouse=True)
def in_scope(control: Control | None, declared: Declared) -> None:
    """Skip a check whose control does not apply to the host."""
    if control and (reason := control.applies(declared.roles, declared.tier)):
        pytest.skip(reason)
