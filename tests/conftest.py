"""Fixtures that all tests share: labs, the strange town, a provider, a disk that is soon full."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bastide.support.estate import EstateContext, estate_context
from tests.command import bastide
from tests.infra.lab.own_lab import own_lab, own_range
from tests.running_provider import provider_address, running_provider
from tests.small_disk import small_disk
from tests.strange_town.fixtures import probing, town

__all__ = [
    "lab",
    "own_lab",
    "own_range",
    "own_state",
    "probing",
    "provider_address",
    "running_provider",
    "small_disk",
    "town",
]  # pytest finds fixtures by their names here

LAB = "lab"
SLOW = ("lab", "town")
# An hour in a virtual machine, or minutes of waiting each: where `-m` asks for them.
UNASKED = ("vm", "long")
# The first of them brings the lab or the town up.
SLOW_SECONDS = 1200
HANDLED = (signal.SIGINT, signal.SIGHUP)
TESTS = Path(__file__).parent
# Alerts that wait for their time, machines that boot, rules of days: the longest first, and what is
# quick beside them.
LONGEST = (
    "bastide/commands/test_notify_bridge.py",
    "bastide/commands/test_notify_fallback.py",
    "playbooks/test_patching_machine.py",
    "bastide/test_termination.py",
    "playbooks/test_isolation_machine.py",
    "playbooks/test_network_machine.py",
    "playbooks/test_acme.py",
    "infra/proxmox/test_machines.py",
    "rules/test_redundant_campus.py",
    "end_to_end/test_maintenance.py",
    "rules/test_rules.py",
    "infra/engine/test_crash.py",
    "playbooks/test_backup_program.py",
    "bastide/commands/test_notify.py",
    "end_to_end/test_bad_input.py",
    "playbooks/test_backup_drill.py",
    "playbooks/test_vault_tidy.py",
    "playbooks/test_edge_machine.py",
    "playbooks/test_accepted.py",
    "playbooks/test_channel_secrets.py",
    "monitors/snmp/traps/test_rejected.py",
    "end_to_end/test_operations_watch.py",
    "end_to_end/test_killed.py",
    "end_to_end/test_core_switch.py",
    "playbooks/test_isolate.py",
    "playbooks/test_refusal.py",
    "bastide/actions/test_wheelhouse.py",
    "monitors/audit/history/test_record.py",
    "infra/lab/test_machine.py",
    "monitors/audit/reports/test_pdf.py",
    "monitors/snmp/traps/test_accepted.py",
    "playbooks/test_patching_role.py",
    "infra/provider/test_lifecycle.py",
)
# Checks of an estate's own controls are named like tests.
collect_ignore = ["cases"]
# A busy machine is not a wrong answer: no example is timed.
settings.register_profile("bastide", deadline=None)
settings.load_profile("bastide")


@pytest.fixture(scope="session")
def lab() -> Iterator[EstateContext]:
    """The shipped lab, up: brought up by `bastide up` when needed, taken away if we made it."""
    context = estate_context(LAB)
    was_there = (context.state / "outputs.json").exists()
    done = bastide("up", "--estate", LAB)
    assert done.returncode == 0, f"{done.stderr[-6000:]}\n{done.stdout[-3000:]}"
    yield context
    if not was_there and not os.environ.get("BASTIDE_KEEP_LAB"):
        gone = bastide("down", "--estate", LAB, "--yes")
        assert gone.returncode == 0, gone.stderr


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own, so that no test touches another's estate."""
    monkeypatch.setenv("BASTIDE_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def pytest_configure() -> None:
    """Look for no garbage while tests are collected: nearly all of half a million objects stay.

    A run in the background has signals ignored, and what it starts would ignore them as well.
    """
    gc.disable()
    for number in HANDLED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    """Look for garbage again, but never among what was collected."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the tests that need the town or the lab last, and of the others the longest first.

    Those that take long run where `-m` asks for them.
    """
    items.sort(key=_place)
    for item in items:
        if any(item.get_closest_marker(name) for name in SLOW) and not item.get_closest_marker(
            "timeout"
        ):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))
    left_out = [name for name in UNASKED if name not in config.option.markexpr]
    unasked = [item for item in items if any(map(item.get_closest_marker, left_out))]
    config.hook.pytest_deselected(items=unasked)
    items[:] = [item for item in items if item not in unasked]


def _place(item: pytest.Item) -> tuple[bool, bool, int]:
    lab, town = (item.get_closest_marker(name) is not None for name in SLOW)
    file = item.path.relative_to(TESTS).as_posix() if item.path.is_relative_to(TESTS) else ""
    return lab, town, LONGEST.index(file) if file in LONGEST else len(LONGEST)
