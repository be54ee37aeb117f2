"""A cable that is pulled in a town is counted at central before anybody asks the switch."""

import json
import re

import pytest

from bastide.support.estate import EstateContext
from infra.lab import device
from infra.lab.layout import lab_of
from inventory.entries import operations_host
from tests.lab_ssh import on
from tests.waiting import wait_until

pytestmark = pytest.mark.lab

SWITCH = "velgora-switch"
# Uplinks always have a cable.
PORT = 48
WITHIN_SECONDS = 30


def metrics(lab: EstateContext) -> str:
    """What devices have reported by themselves, as the exporter counted it."""
    operations = operations_host(lab.estate)
    assert operations is not None
    return on(
        lab, operations.name, "curl --silent --fail --max-time 10 http://127.0.0.1:9872/traps"
    )


def links(text: str, state: str) -> float:
    """How many changes of the switch's links were reported."""
    pattern = rf'bastide_snmp_link_changes_total{{.*device="{SWITCH}".*state="{state}".*}} (\d+)'
    match = re.search(pattern, text)
    return float(match[1]) if match else 0.0


def more(lab: EstateContext, before: str, state: str) -> bool:
    """Whether more changes to a state are counted than before."""
    return links(metrics(lab), state) > links(before, state)


def test_a_pulled_cable_is_heard_at_once_and_so_is_its_return(lab: EstateContext) -> None:
    before = metrics(lab)
    state = device.state_path(lab_of(lab.estate.estate, lab.state), SWITCH)
    state.write_text(json.dumps({"ports_down": [PORT]}), encoding="utf-8")
    try:
        counted = wait_until(lambda: more(lab, before, "down"), WITHIN_SECONDS, every=1)
        assert counted, metrics(lab)
    finally:
        state.unlink()
    assert wait_until(lambda: more(lab, before, "up"), WITHIN_SECONDS, every=1)
