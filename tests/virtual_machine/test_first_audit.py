"""A real virtual machine, from `bastide infra up` to its first audit, and configured after it."""

from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from infra.guests.ownership import own_name
from infra.libvirt.hypervisor import connect
from tests.strange_town.mirror import DROP_IN, served
from tests.strange_town.processes import run
from tests.virtual_machine import cloud_image, hypervisor, network, provisioned, qemu
from tests.virtual_machine.image import CACHE
from tests.virtual_machine.machine import alone
from tests.virtual_machine.provisioned import HOST, OPERATIONS
from tests.virtual_machine.transcript import Transcript

pytestmark = [pytest.mark.vm, pytest.mark.root, pytest.mark.timeout(3600)]

# Emulated in software, a first boot may take longer than the driver waits: it is run again.
RUNS = 3
EMBEDDED = ("--engine", "embedded")
AUDITED = "1 of 1 hosts audited"


def test_a_machine_is_provisioned_audited_configured_and_destroyed(tmp_path: Path) -> None:
    disk, place = cloud_image.ensure(), tmp_path / "libvirt"
    place.mkdir()
    with ExitStack() as cleanup:
        cleanup.enter_context(alone())
        cleanup.enter_context(network.laid())
        uri = cleanup.enter_context(hypervisor.running(place))
        proxy = served(IPv4Address(network.GATEWAY), CACHE / "packages", tmp_path)
        url = cleanup.enter_context(proxy).url
        transcript = Transcript(provisioned.written(tmp_path, uri, disk), tmp_path)
        transcript.run("infra", "preview", *EMBEDDED)
        _up(transcript)
        transcript.run("infra", "drift", *EMBEDDED)
        transcript.run("infra", "outputs")
        assert AUDITED in transcript.run("audit", "run", "--host", HOST, well=(0, 1))
        provisioned.change(tmp_path, HOST, machine={**provisioned.SIZE, "disk_gib": 6})
        # It answers with its key after the change, so the snapshot has gone again.
        assert "before its disks change" in transcript.run("infra", "up", *EMBEDDED)
        assert _snapshots(uri) == []
        _let_packages_in(tmp_path, url)
        provisioned.change(tmp_path, HOST, manage="full")
        provisioned.change(tmp_path, OPERATIONS, manage="full")
        transcript.run("playbook", "run", "configure", "--limit", HOST)
        assert AUDITED in transcript.run("audit", "run", "--host", HOST, well=(0, 1))
        transcript.run("infra", "destroy", "--yes", *EMBEDDED)
        assert list((place / "pool").iterdir()) == []
        transcript.write_page(accelerator=f"qemu ({qemu.accelerator()})")


def _up(transcript: Transcript) -> None:
    for left in reversed(range(RUNS)):
        said = transcript.run("infra", "up", *EMBEDDED, well=(0, 1) if left else (0,))
        if "failed" not in said:
            return


def _snapshots(uri: str) -> list[str]:
    domain = connect(uri).find_domain(own_name("kamen", HOST))
    assert domain is not None
    return domain.snapshots()


def _let_packages_in(folder: Path, url: str) -> None:
    """Tell the machine its way to Debian's packages, which a site's own image would know."""
    state = folder / "state" / "kamen"
    options = {
        "UserKnownHostsFile": str(state / "ssh" / "known_hosts"),
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    way = ("ssh", "-F", "/dev/null", "-i", str(state / "ssh" / "admin"), *words)
    line = f'Acquire::http::Proxy "{url}";\n'
    run(*way, f"root@{network.ADDRESS}", f"cat > {DROP_IN}", stdin=line.encode())
