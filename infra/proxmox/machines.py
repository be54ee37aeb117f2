"""Machines: created with keys of their own, adopted after a crash, changed without being lost."""

from infra.driver.kind import Progress, Values
from infra.errors import failed
from infra.guests.answer import wait_for_ssh
from infra.proxmox import creation, snapshots
from infra.proxmox.api import Api
from infra.proxmox.cluster import Machine, find
from infra.proxmox.failures import failures_explained
from infra.proxmox.options import (
    EMPTY_DRIVE,
    HOST_KEY,
    SEED_DRIVE,
    Config,
    new_disks,
    noted,
    sizes,
    too_small,
)
from infra.proxmox.specs import MachineSpec


def ensure(estate: str, spec: MachineSpec, progress: Progress) -> Values:
    """Make the machine, or bring the one that was made to what it should be; it runs then.

    One without its host key was never started: a crash left it, and it is made anew.
    """
    _require_source(spec)
    with failures_explained(f"machine {spec.name}", spec.url):
        api = _api(spec)
        machine = find(api, estate, spec)
        if machine is not None and noted(machine.config(), HOST_KEY) is None:
            machine.set({"protection": 0})
            machine.remove()
            machine = None
        if machine is None:
            progress(f"making {spec.name} on node {spec.node} of {spec.url}")
            machine = creation.create(api, estate, spec)
        else:
            _change(machine, spec, progress)
        if not machine.running():
            machine.do("status/start", "start")
        host_key = noted(machine.config(), HOST_KEY) or ""
        _answer(machine, estate, spec, host_key, progress)
        return _outputs(machine, machine.config(), spec)


def read(estate: str, spec: MachineSpec) -> Values | None:
    """Look whether the machine is there whole, whether it runs, and what sizes it has."""
    with failures_explained(f"machine {spec.name}", spec.url):
        machine = find(_api(spec), estate, spec)
        config = machine.config() if machine else {}
        if machine is None or noted(config, HOST_KEY) is None:
            return None
        return {**_outputs(machine, config, spec), **_found(config)}


def delete(estate: str, spec: MachineSpec) -> None:
    """Remove the machine with its disks; InfraError while it is protected."""
    with failures_explained(f"machine {spec.name}", spec.url):
        machine = find(_api(spec), estate, spec)
        if machine is None:
            return
        if int(machine.config().get("protection", 0)):
            raise failed(
                f"machine {spec.name}, number {machine.vmid} on {spec.url}",
                expected="one that may be deleted",
                found="its protection is on",
                advice="write machine: {protect: false} at the host, run `bastide infra up`, then "
                "take its line away",
            )
        machine.remove()
        creation.forget_seed(machine.api, machine.node, estate, spec)


def _api(spec: MachineSpec) -> Api:
    return Api(spec.url, spec.token_file, spec.ca_file)


def _require_source(spec: MachineSpec) -> None:
    if (spec.template is None) == (spec.image is None):
        raise failed(
            f"machine {spec.name}",
            expected="a template or an image",
            found="both" if spec.template else "neither",
            advice="write one of the two at `proxmox:`",
        )


def _change(machine: Machine, spec: MachineSpec, progress: Progress) -> None:
    """Bring sizes and disks to what they should be; sizes count from its next start on.

    Before anything of its disks changes, the machine is kept as it is.
    """
    config = machine.config()
    growing = [disk for disk, _ in too_small(spec, config)]
    if growing or new_disks(spec, config):
        snapshots.take(machine, spec.name, config, growing, progress)
        config = machine.config()
    wanted = {**sizes(spec), **new_disks(spec, config)}
    changed = {k: value for k, value in wanted.items() if str(config.get(k, "")) != str(value)}
    if changed:
        machine.set(changed, config.get("digest"))
    for disk, gib in too_small(spec, machine.config()):
        machine.resize(disk, gib)


def _answer(
    machine: Machine, estate: str, spec: MachineSpec, host_key: str, progress: Progress
) -> None:
    """Wait until it answers with its key; then its seed has done its work."""
    if not spec.verify:
        return
    progress(f"waiting for {spec.name} at {spec.address}")
    wait_for_ssh(spec.name, spec.address, host_key, _console(machine, spec))
    if machine.config().get(SEED_DRIVE, EMPTY_DRIVE) != EMPTY_DRIVE:
        machine.set({SEED_DRIVE: EMPTY_DRIVE})
    creation.forget_seed(machine.api, machine.node, estate, spec)
    snapshots.forget(machine)


def _outputs(machine: Machine, config: Config, spec: MachineSpec) -> Values:
    return {
        "address": spec.address,
        "hostKey": noted(config, HOST_KEY) or "",
        "running": machine.running(),
        "console": _console(machine, spec),
        "vmid": machine.vmid,
    }


def _found(config: Config) -> Values:
    """Return the sizes that it has: what somebody changed by hand is a change."""
    return {
        "cpus": int(config.get("cores", 1)),
        "memoryMib": int(str(config.get("memory", 512)).removeprefix("current=")),
        "autostart": bool(int(config.get("onboot", 0))),
        "protect": bool(int(config.get("protection", 0))),
    }


def _console(machine: Machine, spec: MachineSpec) -> str:
    query = f"console=kvm&vmid={machine.vmid}&node={machine.node}"
    return f"{spec.url.rstrip('/')}/?{query}"
