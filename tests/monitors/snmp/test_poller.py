"""Polls: what a silent, wrong or slow device costs, and what a good one gives."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from monitors.snmp.metric_families import render
from monitors.snmp.poller import poll_all
from tests.infra.lab.agent.running import running, settings
from tests.loopback import free_udp_port
from tests.monitors.snmp.polled_agents import (
    DEADLINE,
    NOTHING,
    answering,
    between,
    failures,
    poller,
    quiet,
    successes,
    target,
    target_of,
    values,
)


def test_a_closed_port_is_a_failure_with_a_next_step(tmp_path: Path) -> None:
    settings(tmp_path)
    result = asyncio.run(poller(tmp_path).poll(target(tmp_path, free_udp_port()), DEADLINE))
    assert (result.success, successes(result)) == (False, NOTHING)
    assert "127.0.0.1 port" in result.failure


def test_a_missing_secret_names_its_reference(tmp_path: Path) -> None:
    result = asyncio.run(poller(tmp_path).poll(target(tmp_path, free_udp_port()), DEADLINE))
    assert not result.success
    assert f"file:{tmp_path / 'auth'}" in result.failure


@pytest.mark.parametrize("which", ["auth", "priv"])
def test_a_wrong_key_says_that_the_keys_are_refused(tmp_path: Path, which: str) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config:
            (tmp_path / which).write_text("some-other-secret", encoding="utf-8")
            result = await poller(tmp_path).poll(target_of(tmp_path, config), DEADLINE)
            assert (result.success, successes(result)) == (False, NOTHING)
            assert "compare user, keys and protocols" in result.failure
            assert "some-other-secret" not in failures(result)

    asyncio.run(scenario())


def test_a_lost_datagram_is_asked_for_again(tmp_path: Path) -> None:
    count = iter(range(1000))

    async def scenario() -> None:
        async with (
            running(tmp_path) as config,
            between(config, lambda data: None if next(count) % 7 == 3 else data) as port,
        ):
            result = await poller(tmp_path).poll(target(tmp_path, port), DEADLINE)
            assert failures(result) == ""

    asyncio.run(scenario())


def test_an_agent_whose_large_answers_get_lost_is_asked_for_smaller_ones(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            running(tmp_path) as config,
            between(config, lambda data: None if len(data) > 600 else data) as port,
        ):
            patient = poller(tmp_path, attempts=1, attempt_seconds=1.5)
            result = await patient.poll(target(tmp_path, port), DEADLINE)
            assert failures(result) == ""
            assert len(values(result, "ifHCInOctets")) == 48
            again = await patient.poll(target(tmp_path, port), DEADLINE)
            assert failures(again) == ""

    asyncio.run(scenario())


def test_a_pinned_profile_that_the_device_does_not_have_fails_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, kind="ups") as config:
            wanted = target_of(tmp_path, config)
            result = await poller(tmp_path).poll(wanted, DEADLINE, ("system", "interfaces"))
            assert successes(result) == {"system": True, "interfaces": False}
            assert "the device has none of these objects" in failures(result)

    asyncio.run(scenario())


def test_a_profile_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, kind="ups") as config:
            wanted = target_of(tmp_path, config)
            result = await poller(tmp_path).poll(wanted, DEADLINE, ("system", "nonsense"))
            assert successes(result) == {"system": True, "nonsense": False}
            assert "no such profile" in failures(result)

    asyncio.run(scenario())


def test_at_the_deadline_what_was_read_is_served(tmp_path: Path) -> None:
    heard = iter(range(1000))

    async def scenario() -> None:
        async with (
            running(tmp_path) as config,
            between(config, lambda data: data if next(heard) < fewest else None) as port,
        ):
            patient = poller(tmp_path, attempts=100)
            fewest = 10**6
            whole = await patient.poll(target(tmp_path, port), DEADLINE)
            # Silent in the middle of the interfaces, whose names are known by now.
            fewest = next(heard) + 8
            result = await patient.poll(target(tmp_path, port), 2.0)
            assert result.success
            assert "not done within 2.0 s" in failures(result)
            assert successes(whole)["interfaces"]
            assert not successes(result)["interfaces"]
            assert 0 < len(values(result, "ifOperStatus")) < 48

    asyncio.run(scenario())


def test_a_dead_device_delays_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config, answering(quiet) as silent:
            patient = poller(tmp_path, attempt_seconds=3600)
            dead = [
                asyncio.create_task(
                    patient.poll(target(tmp_path, silent, name=f"dead-{number}"), 3600)
                )
                for number in range(50)
            ]
            alive = await patient.poll(target_of(tmp_path, config), DEADLINE)
            assert failures(alive) == ""
            assert not any(task.done() for task in dead)
            for task in dead:
                task.cancel()
            await asyncio.gather(*dead, return_exceptions=True)

    asyncio.run(scenario())


def test_many_are_polled_in_the_order_asked_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config, answering(quiet) as silent:
            wanted = [target(tmp_path, silent, name="dead"), target_of(tmp_path, config)]
            results = await poll_all(poller(tmp_path), wanted, DEADLINE)
            assert [(r.target.name, r.success) for r in results] == [
                ("dead", False),
                ("harbour-switch", True),
            ]

    asyncio.run(scenario())


def test_a_restarted_agent_is_understood_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        patient = poller(tmp_path)
        async with running(tmp_path) as config:
            for _ in range(2):
                assert failures(await patient.poll(target_of(tmp_path, config), DEADLINE)) == ""
        for _ in range(2):
            async with running(tmp_path, port=config.port):
                result = await patient.poll(target_of(tmp_path, config), DEADLINE)
                assert failures(result) == ""

    asyncio.run(scenario())


def test_new_hardware_at_an_old_address_is_met_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        patient = poller(tmp_path)
        async with running(tmp_path) as config:
            assert (await patient.poll(target_of(tmp_path, config), DEADLINE)).success
        async with running(tmp_path, name="other-switch", port=config.port):
            await patient.poll(target_of(tmp_path, config), DEADLINE)
            second = await patient.poll(target_of(tmp_path, config), DEADLINE)
            assert failures(second) == ""

    asyncio.run(scenario())


@pytest.mark.parametrize("auth", ["SHA", "SHA224", "SHA256", "SHA384", "SHA512"])
@pytest.mark.parametrize("priv", ["AES", "AES192", "AES256"])
def test_every_protocol_of_the_inventory_works_twice(tmp_path: Path, auth: str, priv: str) -> None:
    async def scenario() -> None:
        async with running(tmp_path, kind="ups", auth_protocol=auth, priv_protocol=priv) as config:
            patient = poller(tmp_path)
            plain = target_of(tmp_path, config)
            access = plain.access.model_copy(update={"auth_protocol": auth, "priv_protocol": priv})
            wanted = replace(plain, access=access)
            for _ in range(2):
                assert failures(await patient.poll(wanted, DEADLINE)) == ""

    asyncio.run(scenario())


def test_a_switch_gives_its_ports(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config:
            patient = poller(tmp_path)
            first = await patient.poll(target_of(tmp_path, config), DEADLINE)
            await asyncio.sleep(0.1)
            second = await patient.poll(target_of(tmp_path, config), DEADLINE)
            assert failures(first) == failures(second) == ""
            assert len(values(first, "ifHCInOctets")) == 48
            assert sum(values(second, "ifHCInOctets")) > sum(values(first, "ifHCInOctets"))
            text = render(first.families())
            assert 'ifOperStatus{ifIndex="48",ifName="te1/0/48",ifDescr="Port 48"} 1' in text
            assert 'ifAlias="uplink"' in text

    asyncio.run(scenario())


def test_a_ups_gives_base_units_and_tells_when_mains_fail(tmp_path: Path) -> None:
    state = tmp_path / "state.json"

    async def scenario() -> None:
        async with running(tmp_path, kind="ups", state_file=str(state)) as config:
            patient = poller(tmp_path)
            calm = await patient.poll(target_of(tmp_path, config), DEADLINE)
            assert values(calm, "bastide_ups_on_battery") == [0]
            assert values(calm, "bastide_ups_battery_charge_ratio") == [1]
            assert values(calm, "bastide_ups_battery_runtime_seconds") == [2400]
            state.write_text('{"on_battery": true, "charge_percent": 10}', encoding="utf-8")
            dark = await patient.poll(target_of(tmp_path, config), DEADLINE)
            assert values(dark, "bastide_ups_on_battery") == [1]
            assert values(dark, "bastide_ups_battery_charge_ratio") == [0.1]
            assert values(dark, "bastide_ups_battery_runtime_seconds") == [240]
            low = 'bastide_ups_battery_state{state="low"} 1'
            assert low in render(dark.families())

    asyncio.run(scenario())


def test_the_boot_time_is_about_when_the_agent_started(tmp_path: Path) -> None:
    async def scenario() -> None:
        started = time.time()
        async with running(tmp_path) as config:
            result = await poller(tmp_path).poll(target_of(tmp_path, config), DEADLINE)
            (booted,) = values(result, "bastide_snmp_boot_timestamp_seconds")
            assert abs(booted - started) < 60

    asyncio.run(scenario())
