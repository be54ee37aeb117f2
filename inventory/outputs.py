"""What provisioning hands to the rest: one file of stack outputs per estate."""

from pathlib import Path

from pydantic import Field, ValidationError

from inventory.enums import ProviderName
from inventory.frozen import Frozen
from inventory.scalars import HostKey


class HostOutput(Frozen):
    """A provisioned host: where it answers, and its SSH host key.

    An existing host that nobody logs in to may have none declared.
    """

    address: str
    host_key: HostKey | None = None
    provider: ProviderName


class DeviceOutput(Frozen):
    """A provisioned device: where its SNMP agent answers."""

    address: str
    provider: ProviderName


class Outputs(Frozen):
    """The stack outputs of an estate; `<state>/outputs.json`."""

    estate: str
    hosts: dict[str, HostOutput] = Field(default_factory=dict)
    devices: dict[str, DeviceOutput] = Field(default_factory=dict)
    resolvers: tuple[str, ...] = ()
    package_cache: str | None = None


class OutputsError(Exception):
    """The outputs file is missing or not what provisioning writes."""


def outputs_path(state: Path) -> Path:
    """Return where an estate's outputs are kept."""
    return state / "outputs.json"


def load_outputs(state: Path) -> Outputs:
    """Read an estate's outputs; OutputsError says which command makes them."""
    path = outputs_path(state)
    try:
        # Another version of Bastide may have written more.
        return Outputs.model_validate_json(path.read_bytes(), extra="ignore")
    except FileNotFoundError:
        raise OutputsError(
            f"{path}: not there: nothing is provisioned yet; run `bastide infra up` first"
        ) from None
    except ValidationError as error:
        raise OutputsError(
            f"{path}: not the outputs that `bastide infra up` writes ({error.error_count()} "
            f"problems, the first at {error.errors()[0]['loc']}); run it again"
        ) from None


def kept_outputs(estate_name: str, state: Path) -> Outputs:
    """Return an estate's outputs, or empty ones when there are none that can be read.

    Existing hosts need no provisioning: their addresses are in the inventory.
    """
    try:
        return load_outputs(state)
    except OutputsError:
        return Outputs(estate=estate_name)
