"""What the simulated devices say, as functions of time."""

from pathlib import Path

import pytest

from infra.lab.agent import switch, system, ups
from infra.lab.agent.config import AgentConfig
from infra.lab.agent.objects import Moment, Objects, Oid
from tests.infra.lab.agent.running import settings

HC_OCTETS = (*switch.IF_X_ENTRY, 6)
OPER = (*switch.IF_ENTRY, 8)
DAY = 86400.0


@pytest.fixture
def switch_objects(tmp_path: Path) -> Objects:
    return switch.objects(AgentConfig.model_validate(settings(tmp_path)))


@pytest.fixture
def ups_objects(tmp_path: Path) -> Objects:
    return ups.objects(AgentConfig.model_validate(settings(tmp_path, kind="ups")))


def read(objects: Objects, oid: Oid, moment: Moment) -> object:
    return objects[oid](moment).value


def test_counters_never_fall_while_the_agent_runs(switch_objects: Objects) -> None:
    for port in range(1, 49):
        octets = [read(switch_objects, (*HC_OCTETS, port), Moment(h * 3600.0)) for h in range(60)]
        assert octets == sorted(octets)  # type: ignore[type-var]


def test_most_ports_carry_traffic_and_some_are_unused(switch_objects: Objects) -> None:
    used = [p for p in range(1, 49) if read(switch_objects, (*OPER, p), Moment(1.0)) == 1]
    assert 20 < len(used) < 40
    moving = [p for p in range(1, 49) if read(switch_objects, (*HC_OCTETS, p), Moment(DAY))]
    assert moving == used


def test_a_restart_is_a_counter_reset(switch_objects: Objects) -> None:
    before = read(switch_objects, (*HC_OCTETS, 48), Moment(DAY))
    after = read(switch_objects, (*HC_OCTETS, 48), Moment(1.0))
    assert after < before  # type: ignore[operator]


def test_a_pulled_cable_shows_in_the_operational_state_only(switch_objects: Objects) -> None:
    moment = Moment(100.0, ports_down={48: 60.0})
    assert read(switch_objects, (*OPER, 48), moment) == 2
    assert read(switch_objects, (*switch.IF_ENTRY, 7, 48), moment) == 1
    assert read(switch_objects, (*switch.IF_ENTRY, 9, 48), moment) == 6000


def test_small_counters_and_ticks_wrap_as_their_types_do(switch_objects: Objects) -> None:
    late = Moment(600 * DAY)
    octets = read(switch_objects, (*HC_OCTETS, 48), late)
    assert isinstance(octets, int)
    assert octets > 2**32
    assert read(switch_objects, (*switch.IF_ENTRY, 10, 48), late) == octets % 2**32
    assert read(switch_objects, (*system.SYSTEM, 3, 0), late) == int(600 * DAY * 100) % 2**32
    assert read(switch_objects, (*system.ENGINE, 3, 0), late) == 600 * DAY


def test_every_port_has_every_column(tmp_path: Path) -> None:
    config = AgentConfig.model_validate(settings(tmp_path, ports=24))
    objects = switch.objects(config)
    columns = {oid[:-1] for oid in objects if oid[: len(switch.IF_X_ENTRY)] == switch.IF_X_ENTRY}
    assert len(columns) == 19
    assert all((*column, port) in objects for column in columns for port in range(1, 25))


def test_on_battery_the_charge_falls_until_it_is_low_and_then_depleted(
    ups_objects: Objects,
) -> None:
    def battery(seconds: float) -> tuple[object, ...]:
        moment = Moment(10_000.0, on_battery=True, battery_seconds=seconds)
        return tuple(read(ups_objects, (*ups.UPS, 2, column, 0), moment) for column in (1, 2, 3, 4))

    assert battery(0) == (ups.BATTERY_NORMAL, 0, 40, 100)
    assert battery(1200) == (ups.BATTERY_NORMAL, 1200, 20, 50)
    assert battery(2200) == (ups.BATTERY_LOW, 2200, 3, 8)
    assert battery(9999) == (ups.BATTERY_DEPLETED, 9999, 0, 0)


def test_on_battery_the_input_is_dead_and_the_output_is_not(ups_objects: Objects) -> None:
    moment = Moment(10.0, on_battery=True)
    assert read(ups_objects, (*ups.UPS, 3, 3, 1, 3, 1), moment) == 0
    assert read(ups_objects, (*ups.UPS, 4, 4, 1, 2, 1), moment) == 230
    assert read(ups_objects, (*ups.UPS, 4, 1, 0), moment) == ups.SOURCE_BATTERY
    assert read(ups_objects, (*ups.UPS, 6, 1, 0), moment) == 1


def test_the_engine_id_follows_from_the_name_and_is_never_too_long() -> None:
    assert system.engine_id("harbour-ups") == bytes.fromhex("80007ed904") + b"harbour-ups"
    assert len(system.engine_id("x" * 200)) == 32
