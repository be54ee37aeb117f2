from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from infra.errors import InfraError
from infra.lab import device, units
from infra.lab.device import DeviceSpec
from tests.infra.lab.own_lab import OwnLab

pytestmark = pytest.mark.root


def a_ups(own_lab: OwnLab, folder: Path) -> DeviceSpec:
    for name in ("auth", "priv"):
        (folder / name).write_text("a long enough secret")
    return DeviceSpec(
        name="ups",
        kind="ups",
        network=own_lab.network.name,
        address=IPv4Interface(f"{own_lab.address(30)}/24"),
        user="bastide",
        auth_key_file=str(folder / "auth"),
        priv_key_file=str(folder / "priv"),
    )


def test_a_device_that_cannot_start_says_why(own_lab: OwnLab, tmp_path: Path) -> None:
    spec = a_ups(own_lab, tmp_path)
    (tmp_path / "auth").unlink()
    with pytest.raises(InfraError, match="auth"):
        device.ensure(own_lab.lab, spec)
    device.delete(own_lab.lab, spec.name)


def test_a_device_runs_once_stops_starts_and_goes(own_lab: OwnLab, tmp_path: Path) -> None:
    spec = a_ups(own_lab, tmp_path)
    device.ensure(own_lab.lab, spec)
    first = units.running(own_lab.lab, spec.name)
    device.ensure(own_lab.lab, spec)
    assert units.running(own_lab.lab, spec.name) == first
    device.stop(own_lab.lab, spec.name)
    assert not device.running(own_lab.lab, spec.name)
    device.start(own_lab.lab, spec.name)
    assert device.running(own_lab.lab, spec.name)
    device.delete(own_lab.lab, spec.name)
    device.delete(own_lab.lab, spec.name)
    assert device.names(own_lab.lab) == ()


def test_no_secret_is_in_a_process_list_or_a_settings_file(own_lab: OwnLab, tmp_path: Path) -> None:
    spec = a_ups(own_lab, tmp_path)
    device.ensure(own_lab.lab, spec)
    pid = units.running(own_lab.lab, spec.name)
    public = Path(f"/proc/{pid}/cmdline").read_text() + Path(f"/proc/{pid}/environ").read_text()
    public += "".join(path.read_text() for path in (own_lab.lab.state / "devices").iterdir())
    assert "a long enough secret" not in public
    device.delete(own_lab.lab, spec.name)
