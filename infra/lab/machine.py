"""Lab machines: created once, started as often as needed, each a systemd-nspawn of the image."""

import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from infra import ssh_keyscan
from infra.errors import failed
from infra.lab import cgroups, image, networks, units
from infra.lab.cgroups import Limits
from infra.lab.commands import user_namespaces
from infra.lab.first_boot import (
    MEMORY_MIB,
    MachineSpec,
    authorized_keys,
    first_boot_files,
    write_files,
)
from infra.lab.layout import Lab, link_name
from infra.lab.networks import Interface
from infra.lab.resolvers import resolvers
from infra.ssh_keys import new_key_pair
from inventory.files import write_whole

ANSWER_SECONDS = 90.0
SHUTDOWN_SECONDS = 20.0
POLL_SECONDS = 0.05
MACHINE_NAME_LENGTH = 64
# Twenty times what the busiest has; a program that forks without end ends here.
TASKS = 2048
NSPAWN = Path("/run/systemd/nspawn")

# The overlay is mounted in a mount namespace of the machine's own: it ends with the machine.
MOUNT = 'mount -t overlay overlay -o "$1" "$2" && shift 2 && exec "$@"'


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that was created: what identifies it, its SSH host key, its memory in MiB."""

    name: str
    interfaces: tuple[Interface, ...]
    forward: bool
    image: Path
    host_key: str
    memory_mib: int = MEMORY_MIB

    @property
    def address(self) -> str:
        """The address that it is managed at."""
        return str(self.interfaces[-1].address.ip)


RECORD = TypeAdapter(Machine)


def create(lab: Lab, spec: MachineSpec) -> Machine:
    """Return a machine that answers SSH with its own host key; idempotent.

    One that is there with the same interfaces is adopted, running or not; one that is half made
    or has other interfaces is removed and made again. InfraError when it does not come up.
    """
    machine = find(lab, spec.name)
    if machine is None or not _is_same(machine, spec):
        delete(lab, spec.name)
        machine = _create(lab, spec)
    elif machine.memory_mib != spec.memory_mib:
        machine = _resize(lab, machine, spec.memory_mib)
    set_authorized_keys(lab, spec.name, spec.authorized_keys)
    start(lab, spec.name)
    return machine


def find(lab: Lab, name: str) -> Machine | None:
    """Return the machine with that name if it was created whole, else None."""
    try:
        return RECORD.validate_json((_folder(lab, name) / "machine.json").read_bytes())
    except FileNotFoundError:
        return None


def running(lab: Lab, name: str) -> bool:
    """Tell whether the machine runs and is still joined to its networks."""
    machine = find(lab, name)
    if machine is None or units.running(lab, name) is None:
        return False
    return networks.plugged_in(lab, name, machine.interfaces)


def start(lab: Lab, name: str) -> None:
    """Boot a machine and wait until it answers SSH; one that runs is only given its limits."""
    machine = _must_exist(lab, name)
    if running(lab, name):
        cgroups.limit(lab, name, _limits(machine))
    else:
        _require_image(machine)
        networks.plug_in(lab, name, machine.interfaces, forward=machine.forward)
        units.start(lab, _unit(lab, machine))
    _wait_for_answer(lab, machine)


def stop(lab: Lab, name: str, *, graceful: bool = True) -> None:
    """Shut a machine down (or cut its power) and keep its disk; no error when it is down."""
    machine = _must_exist(lab, name)
    pid = units.running(lab, name)
    if pid is not None and graceful:
        _shut_down(lab, name, pid)
    end(lab, name)
    networks.unplug(lab, name, machine.interfaces)


def delete(lab: Lab, name: str) -> None:
    """Remove a machine with its disk; no error when there is none."""
    machine = find(lab, name)
    end(lab, name)
    networks.unplug(lab, name, machine.interfaces if machine else ())
    folder = _folder(lab, name)
    if folder.exists():
        folder.replace(folder.with_name(f".{name}.gone-{secrets.token_hex(4)}"))
    for leftover in lab.machines.glob(f".{name}.*"):
        shutil.rmtree(leftover)


def end(lab: Lab, name: str) -> None:
    """End the machine's processes at once, with what nspawn leaves in /run when it is killed."""
    leftovers = _nspawn_locks(units.running(lab, name))
    units.end(lab, name)
    for lock in leftovers:
        lock.unlink(missing_ok=True)
    shutil.rmtree(NSPAWN / "propagate" / _machine_name(lab, name), ignore_errors=True)


def set_authorized_keys(lab: Lab, name: str, keys: Sequence[str]) -> None:
    """Write root's authorized keys, in the running machine or on its disk."""
    _must_exist(lab, name)
    path = _root(lab, name) / "root/.ssh/authorized_keys"
    wanted = authorized_keys(tuple(keys))
    with contextlib.suppress(FileNotFoundError):
        if path.read_text(encoding="utf-8") == wanted:
            return
    path.write_text(wanted, encoding="utf-8")
    path.chmod(0o600)


def names(lab: Lab) -> tuple[str, ...]:
    """Return the names of the machines that were created, sorted."""
    return tuple(sorted(path.parent.name for path in lab.machines.glob("[!.]*/machine.json")))


def _is_same(machine: Machine, spec: MachineSpec) -> bool:
    return (machine.interfaces, machine.forward) == (spec.interfaces, spec.forward)


def _resize(lab: Lab, machine: Machine, memory_mib: int) -> Machine:
    """Record another limit of a machine; its start puts it in force, running or not."""
    resized = replace(machine, memory_mib=memory_mib)
    _write_record(_folder(lab, machine.name), resized)
    return resized


def _limits(machine: Machine) -> Limits:
    return Limits(machine.memory_mib, TASKS)


def _write_record(folder: Path, machine: Machine) -> None:
    write_whole(folder / "machine.json", RECORD.dump_json(machine, indent=2).decode())


def _create(lab: Lab, spec: MachineSpec) -> Machine:
    """Make the machine's disk aside and rename it: it is there whole or not at all."""
    pair, base = new_key_pair(), image.newest(lab)
    machine = Machine(spec.name, spec.interfaces, spec.forward, base, pair.public, spec.memory_mib)
    fresh = lab.machines / f".{spec.name}.new-{secrets.token_hex(4)}"
    for part in ("upper", "work", "root"):
        (fresh / part).mkdir(parents=True)
    fresh.chmod(0o700)
    (fresh / "upper").chmod(0o755)
    files = first_boot_files(spec, pair, resolvers(), user_namespaces=user_namespaces())
    write_files(fresh / "upper", base, files)
    _write_record(fresh, machine)
    fresh.replace(_folder(lab, spec.name))
    return machine


def _unit(lab: Lab, machine: Machine) -> units.Unit:
    folder = _folder(lab, machine.name)
    layers = f"lowerdir={machine.image},upperdir={folder}/upper,workdir={folder}/work"
    return units.Unit(
        name=machine.name,
        log=folder / "console.log",
        limits=_limits(machine),
        environment={"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"},  # net.* sysctls, no others
        argv=(
            *("unshare", "--mount", "--propagation", "private"),
            *("sh", "-c", MOUNT, "sh", layers, f"{folder}/root"),
            "systemd-nspawn",
            "--quiet",
            "--boot",
            "--register=no",  # no systemd-machined outside
            "--keep-unit",
            f"--directory={folder}/root",
            f"--machine={_machine_name(lab, machine.name)}",
            f"--hostname={machine.name}",
            f"--network-namespace-path=/run/netns/{lab.unit_namespace(machine.name)}",
            "--capability=CAP_NET_ADMIN",  # its own addresses and firewall
            "--console=pipe",
            "--link-journal=no",
            "--resolv-conf=off",  # written before the first boot
            "--timezone=off",
        ),
    )


def _wait_for_answer(lab: Lab, machine: Machine) -> None:
    log = _folder(lab, machine.name) / "console.log"
    try:
        proven = ssh_keyscan.wait_for_host_key(machine.address, ANSWER_SECONDS)
    except ssh_keyscan.NoAnswerError as error:
        raise failed(
            machine.name,
            expected=f"an SSH server within {ANSWER_SECONDS:g} s",
            found=f"{error}; console: {units.last_lines(log)}",
            advice=f"read {log}, and look whether the edge before it runs",
        ) from None
    if proven != machine.host_key:
        raise failed(
            f"{machine.name} at {machine.address}",
            expected=f"the host key it was created with ({machine.host_key})",
            found=proven,
            advice="something else answers at this address: find out what, before you go on",
        )


def _shut_down(lab: Lab, name: str, pid: int) -> None:
    """Ask the machine's init to halt, and wait; nspawn turns SIGTERM into that request."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + SHUTDOWN_SECONDS
    while running(lab, name) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _nspawn_locks(pid: int | None) -> tuple[Path, ...]:
    """Return the locks that a machine's nspawn holds; one that is dying closes them meanwhile."""
    locks = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                locks.append(link.readlink())
    return tuple(path for path in locks if path.parent == NSPAWN / "locks")


def _root(lab: Lab, name: str) -> Path:
    """Return where the machine's files can be written: through its init while it runs."""
    pid = units.running(lab, name)
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if pid is not None and (init := children.read_text().split()):
        return Path(f"/proc/{init[0]}/root")
    return _folder(lab, name) / "upper"


def _must_exist(lab: Lab, name: str) -> Machine:
    machine = find(lab, name)
    if machine is None:
        raise failed(
            f"machine {name}",
            expected=f"one of: {', '.join(names(lab)) or 'none yet'}",
            found="no such machine",
            advice=f"run `bastide infra up --estate {lab.estate}`",
        )
    return machine


def _require_image(machine: Machine) -> None:
    if not machine.image.is_dir():
        raise failed(
            f"machine {machine.name}",
            expected=f"its base image {machine.image}",
            found="nothing there",
            advice="its disk is worthless without it: take the lab down and up again",
        )


def _machine_name(lab: Lab, name: str) -> str:
    return link_name(lab.estate, name, longest=MACHINE_NAME_LENGTH)


def _folder(lab: Lab, name: str) -> Path:
    return lab.machines / name
