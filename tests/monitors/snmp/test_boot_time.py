"""Boot times: tick counters wrap after 497 days, and that is no reboot."""

import pytest

from monitors.snmp.boot_time import (
    HR_SYSTEM_UPTIME,
    SNMP_ENGINE_TIME,
    SYS_UP_TIME,
    WRAP_SECONDS,
    BootTimes,
    uptime_seconds,
)

DAY = 86400
LONG = 600 * DAY


def test_a_device_without_a_clock_has_no_uptime() -> None:
    assert uptime_seconds({}) is None
    assert uptime_seconds({SYS_UP_TIME: b"yesterday"}) is None


def test_a_wrapped_tick_counter_is_unwrapped_by_the_engine_time() -> None:
    ticks = int(LONG * 100) % 2**32
    assert ticks / 100 < LONG
    assert uptime_seconds({SYS_UP_TIME: ticks, SNMP_ENGINE_TIME: LONG}) == pytest.approx(LONG)


def test_just_after_the_wrap_the_uptime_goes_on() -> None:
    answers = {SYS_UP_TIME: 50, SNMP_ENGINE_TIME: int(WRAP_SECONDS) + 1}
    assert uptime_seconds(answers) == pytest.approx(WRAP_SECONDS + 0.5)


def test_a_restart_of_the_agent_is_no_reboot_of_the_host() -> None:
    answers = {HR_SYSTEM_UPTIME: 30 * DAY * 100, SYS_UP_TIME: 500, SNMP_ENGINE_TIME: 5}
    assert uptime_seconds(answers) == 30 * DAY


def test_engine_time_alone_will_do() -> None:
    assert uptime_seconds({SNMP_ENGINE_TIME: 77}) == 77


def test_jitter_and_drift_do_not_move_the_reported_boot() -> None:
    boots = BootTimes()
    assert boots.steady("a", 1000.4) == 1000
    drifting = [1000.4 + minute * 0.5 for minute in range(1000)]
    assert {boots.steady("a", estimate) for estimate in drifting} == {1000}


def test_a_reboot_moves_it() -> None:
    boots = BootTimes()
    boots.steady("a", 1000)
    assert boots.steady("a", 1090.2) == 1090
    assert boots.steady("b", 5) == 5
