"""A stand-in for Proxmox VE's API that behaves as the real one does where that has bitten others.

Tasks take a while and hold the machine's lock meanwhile; a busy storage answers 500 with "got
timeout"; the next free number is not kept for anybody; a token has no rights but those it was
given; a running or protected machine is not deleted. Its calls are kept: they are all that the
driver needs of Proxmox.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.infra.proxmox.web import RefusedError, Request, served

TOKEN = "bastide@pve!infra=11111111-2222-4333-8444-555555555555"
TEMPLATE = 9000
NODE = "pve1"
CLOUD_INIT = "local-lvm:vm-9000-cloudinit,media=cdrom,size=4M"
BUSY = "can't lock file '/var/lock/pve-manager/pve-storage-local-lvm' - got timeout"


@dataclass
class Vm:
    """A machine: its options, whether it runs, and the task that holds it."""

    node: str
    config: dict[str, Any]
    running: bool = False
    snapshots: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.config.get("name", ""))


@dataclass
class Cluster:
    """What the stub knows, and how it is to behave; tests change both."""

    vms: dict[int, Vm] = field(default_factory=dict)
    content: dict[str, bytes] = field(default_factory=dict)
    rights: set[str] = field(default_factory=lambda: {"*"})
    calls: list[str] = field(default_factory=list)
    polls: int = 1  # how often a task is asked for before it is done
    busy: int = 0  # how many of the next changes are refused since a lock is held
    stolen: int = 0  # how many of the next numbers somebody else takes first
    thick: bool = False  # whether the storage takes no snapshots
    fails: str = ""  # what the next task ends with
    tasks: dict[str, tuple[int, Callable[[], None], str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        disk = "local-lvm:base-9000-disk-0,size=2G"
        config = {"name": "debian-12", "scsi0": disk, "ide2": CLOUD_INIT, "boot": "order=scsi0"}
        self.vms[TEMPLATE] = Vm(NODE, {**config, "template": 1, "cores": 1, "memory": "512"})

    @property
    def ours(self) -> dict[int, Vm]:
        """The machines that are neither the template nor what somebody else made."""
        return {n: vm for n, vm in self.vms.items() if vm.name.startswith("bastide-")}

    def answer(self, request: Request) -> Any:
        """Return what the API answers; RefusedError when it says no."""
        with self.lock:
            if request.token != TOKEN:
                raise RefusedError(401, "no such user ('bastide@pve')")
            for method, pattern, right, action in ROUTES:
                found = re.fullmatch(pattern, request.path)
                if found and method == request.method:
                    self.calls.append(f"{method} {pattern}")
                    self.need(right, request.path)
                    return action(self, request, **found.groupdict())
        raise RefusedError(501, f"Method '{request.method} {request.path}' not implemented")

    def need(self, right: str, path: str) -> None:
        if right and not {"*", right} & self.rights:
            raise RefusedError(403, f"Permission check failed ({path}, {right})")

    def vm(self, vmid: str, *, changes: bool = False) -> Vm:
        """Return a machine; one that something is done with is not changed."""
        number = int(vmid)
        if number not in self.vms:
            raise RefusedError(
                500, f"Configuration file 'nodes/{NODE}/qemu-server/{vmid}.conf' does not exist"
            )
        vm = self.vms[number]
        if changes and self.busy:
            self.busy -= 1
            raise RefusedError(
                500, f"can't lock file '/var/lock/qemu-server/lock-{vmid}.conf' - got timeout"
            )
        if changes and vm.config.get("lock"):
            raise RefusedError(500, f"VM is locked ({vm.config['lock']})")
        return vm

    def begin(self, kind: str, done: Callable[[], None], undo: Callable[[], None]) -> str:
        """Start a task; its end changes the cluster, or undoes what its start did."""
        upid = f"UPID:{NODE}:0000{len(self.tasks):04X}:0001:67000000:{kind}:100:bastide@pve!infra:"
        failure, self.fails = self.fails, ""
        self.tasks[upid] = (self.polls, undo if failure else done, failure or "OK")
        return upid


def next_id(cluster: Cluster, _request: Request) -> str:
    """The number is free now; that is all."""
    number = next(n for n in range(100, 200) if n not in cluster.vms)
    if cluster.stolen:
        cluster.stolen -= 1
        cluster.vms[number] = Vm(NODE, {"name": f"somebodys-{number}"})
    return str(number)


def resources(cluster: Cluster, _request: Request) -> list[dict[str, Any]]:
    return [
        {"vmid": n, "node": vm.node, "name": vm.name, "type": "qemu"}
        for n, vm in cluster.vms.items()
    ]


def clone(cluster: Cluster, request: Request, node: str, vmid: str) -> str:
    source = cluster.vm(vmid)
    return _new(cluster, request, node, int(request.form.pop("newid")), dict(source.config))


def create(cluster: Cluster, request: Request, node: str) -> str:
    return _new(cluster, request, node, int(request.form.pop("vmid")), {})


def _new(cluster: Cluster, request: Request, node: str, number: int, config: dict[str, Any]) -> str:
    if number in cluster.vms:
        raise RefusedError(500, f"unable to create VM {number}: config file already exists")
    for key in ("full", "storage", "pool"):
        request.form.pop(key, None)
    config.pop("template", None)
    vm = Vm(node, {**config, "lock": "clone"})
    vm.config.update(_allocated(number, request.form))
    cluster.vms[number] = vm
    return cluster.begin("qmclone", lambda: _unlock(vm), lambda: _forget(cluster, number))


def _unlock(vm: Vm) -> None:
    vm.config.pop("lock", None)


def _forget(cluster: Cluster, number: int) -> None:
    cluster.vms.pop(number, None)


def config(cluster: Cluster, _request: Request, node: str, vmid: str) -> dict[str, Any]:
    vm = cluster.vm(vmid)
    if vm.node != node:
        raise RefusedError(
            500, f"Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist"
        )
    return {**vm.config, "digest": _digest(vm)}


def _digest(vm: Vm) -> str:
    return f"{hash(repr(sorted(vm.config.items()))) & 0xFFFFFFFF:08x}"


def configure(cluster: Cluster, request: Request, node: str, vmid: str) -> str:
    vm = cluster.vm(vmid, changes=True)
    digest = request.form.pop("digest", None)
    if digest is not None and digest != _digest(vm):
        raise RefusedError(
            500, "detected modified configuration - file changed by other user? Try again."
        )
    removed, form = request.form.pop("delete", ""), dict(request.form)

    def done() -> None:
        for key in filter(None, removed.split(",")):
            vm.config.pop(key, None)
        vm.config.update(_allocated(int(vmid), form))

    return cluster.begin("qmconfig", done, lambda: None)


def _allocated(number: int, form: dict[str, str]) -> dict[str, str]:
    """A new disk is written as its storage and size, and read as its volume."""
    made = {}
    for key, value in form.items():
        new = re.fullmatch(r"([\w-]+):(\d+)(,import-from=.*)?", value)
        size = (new[2] if int(new[2]) else "2") if new else ""
        made[key] = f"{new[1]}:vm-{number}-disk-{key},size={size}G" if new else value
    return made


def resize(cluster: Cluster, request: Request, node: str, vmid: str) -> str:
    vm, disk = cluster.vm(vmid, changes=True), request.form["disk"]
    size = request.form["size"]
    old = str(vm.config[disk])
    if vm.snapshots and ".qcow2" in old:
        raise RefusedError(500, f"can't resize volume: {disk} if snapshot exists")
    new = re.sub(r"size=\w+", f"size={size}", old)
    return cluster.begin("resize", lambda: vm.config.update({disk: new}), lambda: None)


def feature(cluster: Cluster, request: Request, node: str, vmid: str) -> dict[str, Any]:
    cluster.vm(vmid)
    return {"hasFeature": int(not cluster.thick), "nodes": [node]}


def snapshots(cluster: Cluster, _request: Request, node: str, vmid: str) -> list[dict[str, str]]:
    current = {"name": "current", "description": "You are here!"}
    return [*({"name": name} for name in cluster.vm(vmid).snapshots), current]


def snapshot(cluster: Cluster, request: Request, node: str, vmid: str) -> str:
    vm, name = cluster.vm(vmid, changes=True), request.form["snapname"]
    if not re.fullmatch(r"[A-Za-z][\w-]{1,39}", name):
        raise RefusedError(400, "Parameter verification failed. snapname: invalid configuration ID")
    return cluster.begin("qmsnapshot", lambda: vm.snapshots.append(name), lambda: None)


def drop_snapshot(cluster: Cluster, _request: Request, node: str, vmid: str, name: str) -> str:
    vm = cluster.vm(vmid, changes=True)
    return cluster.begin("qmdelsnapshot", lambda: vm.snapshots.remove(name), lambda: None)


def status(cluster: Cluster, _request: Request, node: str, vmid: str) -> dict[str, Any]:
    return {"status": "running" if cluster.vm(vmid).running else "stopped"}


def switch(cluster: Cluster, _request: Request, node: str, vmid: str, to: str) -> str:
    vm = cluster.vm(vmid, changes=True)
    return cluster.begin(f"qm{to}", lambda: setattr(vm, "running", to == "start"), lambda: None)


def remove(cluster: Cluster, _request: Request, node: str, vmid: str) -> str:
    vm = cluster.vm(vmid, changes=True)
    if vm.config.get("protection") in (1, "1"):
        raise RefusedError(500, f"can't remove VM {vmid} - protection mode enabled")
    if vm.running:
        raise RefusedError(500, f"VM {vmid} is running - destroy failed")
    return cluster.begin("qmdestroy", lambda: _forget(cluster, int(vmid)), lambda: None)


def task(cluster: Cluster, _request: Request, node: str, upid: str) -> dict[str, str]:
    left, done, result = cluster.tasks[upid]
    if left > 0:
        cluster.tasks[upid] = (left - 1, done, result)
        return {"status": "running"}
    if left == 0:
        done()
        cluster.tasks[upid] = (-1, done, result)
    return {"status": "stopped", "exitstatus": result}


def upload(cluster: Cluster, request: Request, node: str, storage: str) -> str:
    if "content" not in request.form:
        raise RefusedError(400, "content type not set before the file")
    name, content = request.file
    volume = f"{storage}:{request.form['content']}/{name}"
    return cluster.begin("imgcopy", lambda: cluster.content.update({volume: content}), lambda: None)


def listed(cluster: Cluster, _request: Request, node: str, storage: str) -> list[dict[str, str]]:
    return [{"volid": v} for v in cluster.content if v.startswith(f"{storage}:")]


def drop(cluster: Cluster, _request: Request, node: str, storage: str, volume: str) -> str:
    return cluster.begin("imgdel", lambda: _drop(cluster, volume), lambda: None)


def _drop(cluster: Cluster, volume: str) -> None:
    cluster.content.pop(volume, None)


_VM = r"/nodes/(?P<node>[\w-]+)/qemu/(?P<vmid>\d+)"
_STORE = r"/nodes/(?P<node>[\w-]+)/storage/(?P<storage>[\w-]+)"
# Method, path, right, action: all that the driver asks of Proxmox.
ROUTES: tuple[tuple[str, str, str, Callable[..., Any]], ...] = (
    ("GET", r"/cluster/nextid", "", next_id),
    ("GET", r"/cluster/resources", "", resources),
    ("GET", r"/nodes/(?P<node>[\w-]+)/tasks/(?P<upid>[^/]+)/status", "", task),
    ("POST", r"/nodes/(?P<node>[\w-]+)/qemu", "VM.Allocate", create),
    ("POST", rf"{_VM}/clone", "VM.Clone", clone),
    ("GET", rf"{_VM}/config", "VM.Audit", config),
    ("POST", rf"{_VM}/config", "VM.Config.Options", configure),
    ("PUT", rf"{_VM}/resize", "VM.Config.Disk", resize),
    ("GET", rf"{_VM}/feature", "VM.Audit", feature),
    ("GET", rf"{_VM}/snapshot", "VM.Audit", snapshots),
    ("POST", rf"{_VM}/snapshot", "VM.Snapshot", snapshot),
    ("DELETE", rf"{_VM}/snapshot/(?P<name>[\w-]+)", "VM.Snapshot", drop_snapshot),
    ("GET", rf"{_VM}/status/current", "VM.Audit", status),
    ("POST", rf"{_VM}/status/(?P<to>start|stop)", "VM.PowerMgmt", switch),
    ("DELETE", _VM, "VM.Allocate", remove),
    ("POST", rf"{_STORE}/upload", "Datastore.AllocateTemplate", upload),
    ("GET", rf"{_STORE}/content", "Datastore.Audit", listed),
    ("DELETE", rf"{_STORE}/content/(?P<volume>.+)", "Datastore.AllocateSpace", drop),
)


@contextmanager
def proxmox(certificate: str, key: str) -> Iterator[tuple[str, Cluster]]:
    """Serve a cluster over TLS on loopback; yields its URL and the cluster."""
    cluster = Cluster()
    with served(cluster.answer, certificate, key) as port:
        yield f"https://127.0.0.1:{port}", cluster
