"""collector_commands: which list of commands the role audit gives to its collector."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from inventory.paths import SHIPPED_ESTATES
from inventory.problems import InventoryError
from tests.own_estate import RIVER, broken
from tests.playbooks.ansible import PLAYBOOKS

PLUGIN = runpy.run_path(str(PLAYBOOKS / "filter_plugins" / "collector.py"))
COMMANDS: Callable[[str], str] = PLUGIN["FilterModule"]().filters()["collector_commands"]
SHIPPED = PLAYBOOKS / "roles" / "audit" / "files" / "collector" / "commands.json"


def test_controls_that_are_wrong_are_refused(tmp_path: Path) -> None:
    broken(tmp_path, "controls/flood.yml", "severity: high", "severity: loud")
    with pytest.raises(InventoryError, match="severity"):
        COMMANDS(str(tmp_path / "river"))


def test_an_estate_without_controls_of_its_own_has_the_shipped_list() -> None:
    assert COMMANDS(str(SHIPPED_ESTATES / "pilot")) == SHIPPED.read_text()


def test_an_estates_own_controls_add_what_they_ask() -> None:
    ours, both = (json.loads(text) for text in (SHIPPED.read_text(), COMMANDS(str(RIVER))))
    assert set(both["commands"]) - set(ours["commands"]) == {"cat /etc/gauge.conf"}
    assert set(ours["commands"]) < set(both["commands"])
