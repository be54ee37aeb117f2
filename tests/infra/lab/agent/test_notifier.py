"""What a simulated device has to tell of its own accord."""

from pathlib import Path

from infra.lab.agent.__main__ import KINDS
from infra.lab.agent.config import AgentConfig
from infra.lab.agent.notifier import LINK_DOWN, LINK_UP, Observed, events
from infra.lab.agent.objects import Moment, Oid
from tests.infra.lab.agent.running import settings

UNPLUGGED = Observed(frozenset(), on_battery=False)


def config(folder: Path, **changes: object) -> AgentConfig:
    return AgentConfig.model_validate(settings(folder, **changes))


def notifications(of: AgentConfig, before: Observed, now: Moment) -> list[tuple[Oid, Oid]]:
    """Each notification with the instance of its first binding."""
    sent = events(of, KINDS[of.kind](of), before, now)
    return [(event.trap, event.bindings[0][0]) for event in sent]


def test_a_port_without_a_cable_has_nothing_to_tell(tmp_path: Path) -> None:
    switch = config(tmp_path, name="velgora-switch")
    quiet = notifications(switch, UNPLUGGED, Moment(9, ports_down=dict.fromkeys(range(1, 49), 5.0)))
    assert 0 < len(quiet) < 48


def test_a_port_that_stays_as_it_is_has_nothing_to_tell(tmp_path: Path) -> None:
    before = Observed(frozenset({48}), on_battery=False)
    assert notifications(config(tmp_path), before, Moment(9, ports_down={48: 1.0})) == []


def test_a_pulled_cable_and_its_return_are_notified(tmp_path: Path) -> None:
    index = (1, 3, 6, 1, 2, 1, 2, 2, 1, 1, 48)
    down = Moment(9, ports_down={48: 5.0})
    assert notifications(config(tmp_path), UNPLUGGED, down) == [(LINK_DOWN, index)]
    assert notifications(config(tmp_path), Observed.at(down), Moment(12)) == [(LINK_UP, index)]
