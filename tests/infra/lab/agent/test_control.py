"""The state file: what it does to the device, and what happens when it is nonsense."""

import json
from pathlib import Path

import pytest

from infra.lab.agent.control import Control


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize("content", ["", "{", "[]", '{"on_batery": true}', '{"ports_down": "3"}'])
def test_a_state_that_makes_no_sense_leaves_the_last_one(tmp_path: Path, content: str) -> None:
    file = tmp_path / "state.json"
    file.write_text('{"on_battery": true}', encoding="utf-8")
    control = Control(file, boots=1)
    assert control.moment().on_battery
    file.write_text(content, encoding="utf-8")
    assert control.moment().on_battery


def test_a_device_without_a_state_file_is_undisturbed(tmp_path: Path) -> None:
    for path in (None, tmp_path / "none.json"):
        moment = Control(path, boots=1).moment()
        assert (moment.on_battery, dict(moment.ports_down)) == (False, {})


def test_removing_the_file_undoes_what_it_did(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text('{"on_battery": true, "ports_down": [3]}', encoding="utf-8")
    control = Control(file, boots=1)
    assert control.moment().on_battery
    file.unlink()
    moment = control.moment()
    assert (moment.on_battery, dict(moment.ports_down)) == (False, {})


def test_time_on_battery_counts_from_when_it_began(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "state.json"
    control = Control(file, boots=1, clock=clock)
    clock.seconds += 60
    file.write_text('{"on_battery": true}', encoding="utf-8")
    assert control.moment().battery_seconds == 0
    clock.seconds += 30
    assert control.moment().battery_seconds == 30
    file.write_text('{"on_battery": true, "ports_down": [1]}', encoding="utf-8")
    assert control.moment().battery_seconds == 30


def test_a_port_carries_nothing_while_it_is_down(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "state.json"
    control = Control(file, boots=1, clock=clock)
    clock.seconds += 10
    file.write_text(json.dumps({"ports_down": [3]}), encoding="utf-8")
    control.moment()
    clock.seconds += 100
    assert control.moment().link_seconds(3) == 10
    file.write_text("{}", encoding="utf-8")
    clock.seconds += 5
    assert control.moment().link_seconds(3) == 10
    clock.seconds += 7
    assert control.moment().link_seconds(3) == 17
    assert control.moment().link_seconds(4) == 122
