"""Fixtures of the checks under plain pytest: what the inventory declares, and their scope."""

import os

import pytest
from testinfra.host import Host

from inventory.load import find_estate, load_estate
from inventory.model.estate import Estate
from monitors.audit.model.controls import Control, Limits
from monitors.audit.model.declared import Declared, find_declared
from monitors.audit.model.own_controls import controls_of
from monitors.outside.document import OutsideView, unseen


@pytest.fixture(scope="session")
def estate() -> Estate:
    """The estate in BASTIDE_ESTATE, or around the current folder."""
    return load_estate(find_estate(os.environ.get("BASTIDE_ESTATE")))


@pytest.fixture
def declared(host: Host, estate: Estate) -> Declared:
    """The host as the estate declares it."""
    return find_declared(estate, host.backend.get_hostname())


@pytest.fixture
def control(request: pytest.FixtureRequest, estate: Estate) -> Control | None:
    """The row that a check proves, of ours or of the estate's own."""
    name, rows = f".{request.function.__name__}", controls_of(estate.own).controls
    return next((row for row in rows if row.check.endswith(name)), None)


@pytest.fixture
def limits(control: Control | None) -> Limits:
    """What the row has the check compare with."""
    return control.limits if control else {}


@pytest.fixture
def outside(declared: Declared) -> OutsideView:
    """What is seen from outside: nothing, `bastide audit run` alone looks at a host."""
    return unseen(declared.host)


@pytest.fixture(autouse=True)
def in_scope(control: Control | None, declared: Declared) -> None:
    """Skip a check whose control does not apply to the host."""
    if control and (reason := control.applies(declared.roles, declared.tier, declared.level)):
        pytest.skip(reason)
