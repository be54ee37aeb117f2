from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from infra.errors import InfraError
from infra.lab import device, units
from infra.lab.device import DeviceSpec
from tests.infra.lab.conftest import Grounds

pytestmark = pytest.mark.root


def a_ups(grounds: Grounds, folder: Path) -> DeviceSpec:
    for name in ("auth", "priv"):
        (folder / name).write_text("a long enough secret")
    return DeviceSpec(
        name="ups",
        kind="ups",
        network=grounds.network.name,
        address=IPv4Interface(f"{grounds.address(30)}/24"),
        user="bastide",
        auth_key_file=str(folder / "auth"),
        priv_key_file=str(folder / "priv"),
    )


def test_a_device_that_cannot_start_says_why(grounds: Grounds, tmp_path: Path) -> None:
    spec = a_ups(grounds, tmp_path)
    (tmp_path / "auth").unlink()
    with pytest.raises(InfraError, match="auth"):
        device.ensure(grounds.lab, spec)
    device.delete(grounds.lab, spec.name)


def test_a_device_runs_once_stops_starts_and_goes(grounds: Grounds, tmp_path: Path) -> None:
    spec = a_ups(grounds, tmp_path)
    device.ensure(grounds.lab, spec)
    first = units.running(grounds.lab, spec.name)
    device.ensure(grounds.lab, spec)
    assert units.running(grounds.lab, spec.name) == first
    device.stop(grounds.lab, spec.name)
    assert not device.running(grounds.lab, spec.name)
    device.start(grounds.lab, spec.name)
    assert device.running(grounds.lab, spec.name)
    device.delete(grounds.lab, spec.name)
    device.delete(grounds.lab, spec.name)
    assert device.names(grounds.lab) == ()


def test_no_secret_is_in_a_process_list_or_a_settings_file(
    grounds: Grounds, tmp_path: Path
) -> None:
    spec = a_ups(grounds, tmp_path)
    device.ensure(grounds.lab, spec)
    pid = units.running(grounds.lab, spec.name)
    seen = Path(f"/proc/{pid}/cmdline").read_text() + Path(f"/proc/{pid}/environ").read_text()
    seen += "".join(path.read_text() for path in (grounds.lab.state / "devices").iterdir())
    assert "a long enough secret" not in seen
    device.delete(grounds.lab, spec.name)
