"""A real libvirtd in a place of its own: its folders are here, its network is the machine's."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import InfraError
from infra.libvirt.hypervisor import connect
from tests.virtual_machine import network, qemu
from tests.virtual_machine.errors import MachineError
from tests.waiting import wait_until

# Where libvirtd keeps its things, and which of our folders stands in for each.
PLACES = {
    "run": "/run/libvirt",
    "etc": "/etc/libvirt",
    "lib": "/var/lib/libvirt",
    "cache": "/var/cache/libvirt",
    "log": "/var/log/libvirt",
}
# Nothing beside it: no polkit, no logging daemon, no accounts, no control groups.
CONFIGURATION = {
    "libvirtd.conf": 'auth_unix_rw = "none"\nauth_unix_ro = "none"\n',
    "qemu.conf": 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\n'
    'stdio_handler = "file"\ncgroup_controllers = []\nnamespaces = []\nremember_owner = 0\n',
}
# It looks its account up even where it is told to use another; Debian's services make that one.
ACCOUNT = "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n"
GROUP = "libvirt-qemu:x:64055:\n"
START_SECONDS = 30.0


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run libvirtd with a pool `default` for as long as the block; yields its URI."""
    for name in (*PLACES, "pool"):
        (folder / name).mkdir()
    for name, text in CONFIGURATION.items():
        (folder / "etc" / name).write_text(text)
    for name, line in (("passwd", ACCOUNT), ("group", GROUP)):
        (folder / name).write_text(Path("/etc", name).read_text() + line)
    argv = (*network.WITHIN, "unshare", "--mount", "--propagation", "private", "sh", "-ec")
    uri = f"qemu+unix:///system?socket={folder}/run/libvirt-sock"
    with (
        (folder / "libvirtd.log").open("wb") as log,
        subprocess.Popen([*argv, _script(folder)], stdout=log, stderr=log) as process,
    ):
        try:
            if not wait_until(lambda: _answers(uri), START_SECONDS):
                raise MachineError((folder / "libvirtd.log").read_text(errors="replace"))
            _make_pool(uri, folder / "pool")
            yield uri
        finally:
            _destroy_all(uri)
            process.terminate()


def _script(folder: Path) -> str:
    mounts = [
        f"mkdir -p {place}; mount --bind {folder / name} {place}" for name, place in PLACES.items()
    ]
    mounts += [f"mount --bind {folder / name} /etc/{name}" for name in ("passwd", "group")]
    if qemu.accelerator() != "kvm":  # a device that only seems to help
        mounts.append("test ! -e /dev/kvm || mount --bind /dev/null /dev/kvm")
    return "; ".join([*mounts, "exec setpriv --pdeathsig KILL libvirtd"])


def _answers(uri: str) -> bool:
    try:
        connect(uri)
    except InfraError:
        return False
    return True


def _make_pool(uri: str, folder: Path) -> None:
    xml = f"<pool type='dir'><name>default</name><target><path>{folder}</path></target></pool>"
    connect(uri).raw.storagePoolCreateXML(xml, 0)


def _destroy_all(uri: str) -> None:
    """A machine outlives its libvirtd, which is what people want of it, and tests do not."""
    if _answers(uri):
        for domain in connect(uri).raw.listAllDomains(1):
            domain.destroy()
