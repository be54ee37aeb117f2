"""An estate with one device whose configuration is read, at a server on loopback."""

from pathlib import Path
from typing import Any

from inventory.load import load_estate
from inventory.model.configuration import Configuration
from inventory.model.estate import Estate
from inventory.paths import SHIPPED_ESTATES
from monitors.configurations.reading import Bounds
from monitors.configurations.saving import Outcome, Saver, expected
from tests.monitors.configurations.device_server import PASSWORD, Device, Quirks, device_server

CASES = Path(__file__).parent / "cases"
QUICK = Bounds(seconds=20.0, silent_seconds=2.0, settle_seconds=0.15)
LAB = load_estate(SHIPPED_ESTATES / "lab")


def case(name: str) -> tuple[str, list[str]]:
    """Return a configuration and the secrets in it."""
    (path,) = CASES.glob(f"{name}.*.conf")
    return path.read_text(), path.with_suffix(".secrets").read_text().splitlines()


def with_configuration(configuration: Configuration) -> Estate:
    """Return the lab's estate with one device on loopback whose configuration is read."""
    town = LAB.municipalities[0]
    device = town.devices[0].model_copy(
        update={"configuration": configuration, "address": "127.0.0.1"}
    )
    changed = town.model_copy(update={"devices": (device, *town.devices[1:])})
    return LAB.model_copy(update={"municipalities": (changed, *LAB.municipalities[1:])})


def configuration(state: Path, device: Device, platform: str, **more: Any) -> Configuration:
    """Return how the device is read; its password stands in a file."""
    file = state / "device-password"
    file.write_text(f"{PASSWORD}\n")
    ssh = {"user": "backup", "port": device.port, "password": f"file:{file}", **more.pop("ssh", {})}
    values = {"platform": platform, "ssh": ssh, "host_key": device.host_key, **more}
    return Configuration.model_validate(values)


def keys(state: Path) -> None:
    """Write what marks are made with."""
    (state / "secrets").mkdir(exist_ok=True)
    (state / "secrets" / "configuration-marks").write_text("a key for marks")


def saved(
    state: Path,
    quirks: Quirks,
    platform: str = "ios",
    bounds: Bounds = QUICK,
    key: Path | None = None,
    **more: Any,
) -> Outcome:
    """Return what one run came to at a device that behaves so."""
    keys(state)
    with device_server(quirks) as device:
        estate = with_configuration(configuration(state, device, platform, **more))
        (outcome,) = Saver(state, key=key, bounds=bounds).save(
            expected(estate), lambda outcome: None
        )
    return outcome
