"""What the checks need under plain pytest: the inventory's word on the host, and their scope."""

import os

import pytest
from testinfra.host import Host

from inventory.load import find_estate, load_estate
from monitors.audit.model.controls import load_controls
from monitors.audit.model.declared import Declared, find_declared


@pytest.fixture
def declared(host: Host) -> Declared:
    """The host as the estate in BASTIDE_ESTATE, or around the current folder, declares it."""
    estate = load_estate(find_estate(os.environ.get("BASTIDE_ESTATE")))
    return find_declared(estate, host.backend.get_hostname())


@pytest.fixture(autouse=True)
def in_scope(request: pytest.FixtureRequest, declared: Declared) -> None:
    """Skip a check whose control does not apply to the host."""
    for control in load_controls().controls:
        if control.check.endswith(f".{request.function.__name__}"):
            reason = control.applies(declared.roles, declared.tier)
            if reason:
                pytest.skip(reason)
