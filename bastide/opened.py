"""An estate opened for a command: its folder, its values and its state."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from inventory.load import find_estate, load_estate
from inventory.model import Estate
from inventory.outputs import Outputs, load_outputs
from inventory.paths import state_directory


@dataclass(frozen=True)
class Opened:
    """An estate, where it was read from and where its generated files are."""

    folder: Path
    estate: Estate
    state: Path

    @cached_property
    def outputs(self) -> Outputs:
        """The outputs of provisioning; OutputsError when nothing is provisioned."""
        return load_outputs(self.state)


def open_estate(wanted: str | None) -> Opened:
    """Read the estate given by folder or name; InventoryError lists every problem."""
    folder = find_estate(wanted)
    estate = load_estate(folder)
    return Opened(folder, estate, state_directory(estate.estate))
