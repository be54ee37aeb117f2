"""The virtual machine, up: how it is logged in to and started anew."""

import fcntl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from shlex import quote

from tests.strange_town.mirror import served
from tests.strange_town.processes import run
from tests.virtual_machine import image, network, qemu
from tests.virtual_machine.errors import MachineError
from tests.virtual_machine.image import ADMINISTRATOR, CACHE, PASSWORD, Image

START_SECONDS = 900.0
POLL_SECONDS = 2.0
BOOT = "cat /proc/sys/kernel/random/boot_id"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that runs; `folder` has its disk, its console and what pins its host key."""

    image: Image
    folder: Path

    def ssh(self, command: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Log in as the administrator with OpenSSH and run a command."""
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": "60",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self.folder / "known_hosts"),
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        way = ("-F", "/dev/null", "-i", str(self.image.login_key), *words)
        return subprocess.run(
            ["ssh", *way, f"{ADMINISTRATOR}@{network.ADDRESS}", command],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )

    def root(self, script: str, given: str = "") -> str:
        """Run a script of sh as root and return what it printed; MachineError when it fails."""
        done = self.ssh(f"sudo -k -S -p '' sh -ec {quote(script)}", f"{PASSWORD}\n{given}")
        if done.returncode != 0:
            raise MachineError(f"{script}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def wait(self, before: str = "") -> str:
        """Wait for a login, after another start than `before`; return this start's id."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            done = self.ssh(BOOT)
            if done.returncode == 0 and done.stdout != before:
                return done.stdout
            if time.monotonic() > deadline:
                said = (self.folder / "console.log").read_text(errors="replace")[-3000:]
                raise MachineError(f"no login in {START_SECONDS:g} s: {done.stderr} {said}")
            time.sleep(POLL_SECONDS)

    def restart(self) -> None:
        """Start the machine anew, as its administrator would."""
        before = self.ssh(BOOT).stdout
        self.root("systemd-run --quiet --on-active=1 systemctl reboot")
        self.wait(before)


@contextmanager
def up(folder: Path) -> Iterator[Machine]:
    """Have a machine that answers, with a way to Debian's packages, for as long as the block."""
    built = image.ensure()
    disk, known = folder / "disk.qcow2", folder / "known_hosts"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(built.disk), str(disk))
    known.write_text(f"{network.ADDRESS} {built.host_key}\n")
    machine = Machine(built, folder)
    with (
        alone(),
        network.laid(),
        served(IPv4Address(network.GATEWAY), CACHE / "packages", folder),
        qemu.running(disk, folder / "console.log", *network.DEVICE, within=network.WITHIN),
    ):
        machine.wait()
        yield machine


@contextmanager
def alone() -> Iterator[None]:
    """Refuse a second run at the same time: both would have the same address."""
    with (CACHE / "running").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MachineError("another run of `make test-vm` is under way: wait for it") from None
        yield
