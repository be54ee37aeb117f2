"""The disk of a Debian 12 server with its own kernel and GRUB, built once and kept.

It is named by the hash of its recipe, and is made anew after two weeks: older
package lists name versions that the mirror no longer has. No loop device and no mount is needed:
mke2fs fills file systems from folders, and GRUB is installed by the machine itself, at its first
start, for which qemu loads the kernel.
"""

import fcntl
import hashlib
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.lab.mirrors import debian_sources
from infra.lab.package_cache import DEFAULT_PORT
from tests.strange_town.processes import run
from tests.virtual_machine import network, qemu
from tests.virtual_machine.errors import MachineError

CACHE = Path("/var/cache/bastide-virtual-machine")
MAX_AGE = timedelta(days=14)
BUILD_SECONDS = 900.0
ADMINISTRATOR = "itadmin"
PASSWORD = "Kamen-most-1683"
HOSTNAME = "srv-kernel01"
PACKAGES = (
    "apparmor",
    "ca-certificates",
    "dbus",
    "grub-pc",
    "iproute2",
    "iputils-ping",
    "kmod",
    "less",
    "linux-image-cloud-amd64",  # a whole kernel without drivers of real hardware: starts sooner
    "locales",
    "logrotate",
    "nftables",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd-sysv",
    "udev",
)
APT_OPTIONS = ('APT::Install-Recommends "false"', 'Acquire::Languages "none"')
DPKG_OPTIONS = ("force-unsafe-io", "path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/man/*")
# What a person chose when the server was installed: logs on file systems of their own.
PARTITIONS = (("root", "", 3072), ("log", "var/log", 512), ("audit", "var/log/audit", 256))
FIRST_MIB = 2  # before it GRUB's own partition
FILES = {
    "etc/hostname": f"{HOSTNAME}\n",
    "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {HOSTNAME}\n::1 localhost ip6-localhost\n",
    "etc/fstab": "".join(
        f"LABEL={label} /{folder} ext4 errors=remount-ro 0 0\n" for label, folder, _ in PARTITIONS
    ),
    "etc/default/grub": (
        'GRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX="console=ttyS0"\nGRUB_TERMINAL=serial\n'
    ),
    "etc/systemd/network/20-lan.network": (
        "[Match]\nType=ether\n\n[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
        f"Address={network.ADDRESS}/{network.BITS}\nGateway={network.GATEWAY}\n"
    ),
    "etc/apt/apt.conf.d/01proxy": (
        f'Acquire::http::Proxy "http://{network.GATEWAY}:{DEFAULT_PORT}";\n'
    ),
    "etc/ssh/sshd_config.d/10-host-key.conf": "HostKey /etc/ssh/ssh_host_ed25519_key\n",
}
FIRST_START = (
    "/bin/sh -c 'grub-install --target=i386-pc /dev/vda && update-grub && echo GRUB IS INSTALLED'"
)
INSTALLED = "GRUB IS INSTALLED"
START_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Image:
    """A folder with the disk, the key that logs in and the key by which the host is known."""

    folder: Path

    @property
    def disk(self) -> Path:
        """The raw disk; nobody writes to it."""
        return self.folder / "disk.img"

    @property
    def login_key(self) -> Path:
        """The administrator's private key."""
        return self.folder / "login_key"

    @property
    def host_key(self) -> str:
        """The host's public key, as it was made before the host first started."""
        text = (self.folder / "host_key.pub").read_text(encoding="ascii")
        return " ".join(text.split()[:2])


def ensure() -> Image:
    """Return a current image, built first when there is none; one build at a time."""
    CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _lock():
        found = sorted(CACHE.glob(f"image-{digest()}-*"))
        if found and _is_current(found[-1]):
            return Image(found[-1])
        return Image(_build())


def digest() -> str:
    """Return twelve hex digits that name what is in the image."""
    recipe = (
        *map(str, debian_sources()),
        *PACKAGES,
        *APT_OPTIONS,
        *DPKG_OPTIONS,
        *map(str, PARTITIONS),
        *map(str, FILES.items()),
        *(FIRST_START, ADMINISTRATOR, PASSWORD),
    )
    return hashlib.sha256("\n".join(recipe).encode()).hexdigest()[:12]


@contextmanager
def _lock() -> Iterator[None]:
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for stale in CACHE.glob(".image-*"):  # left by a build that was killed: we hold the lock
            shutil.rmtree(stale)
        yield


def _is_current(image: Path) -> bool:
    built = datetime.strptime(image.name.rsplit("-", 1)[1], "%Y%m%d").replace(tzinfo=UTC)
    return datetime.now(UTC) - built < MAX_AGE


def _build() -> Path:
    """Make the image aside and rename it: it is there whole or not at all."""
    name = f"image-{digest()}-{datetime.now(UTC):%Y%m%d}"
    work = CACHE / f".{name}.{secrets.token_hex(4)}"
    work.mkdir(mode=0o700)
    try:
        _make_keys(work)
        bootstrap(work / "tree")
        _settle(work)
        make_disk(work)
        install_grub(work)
        shutil.rmtree(work / "tree")
        work.replace(CACHE / name)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return CACHE / name


def _make_keys(work: Path) -> None:
    for name in ("login_key", "host_key"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(work / name))


def bootstrap(tree: Path, packages: Sequence[str] = PACKAGES) -> None:
    """Make a tree of Debian 12 with packages."""
    seed = "grub-pc grub-pc/install_devices_empty boolean true"
    run(
        *("unshare", "--mount", "--propagation", "private"),
        *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory"),
        "--skip=cleanup/apt/lists",
        f"--include={','.join(packages)}",
        f'--essential-hook=echo "{seed}" | chroot "$1" debconf-set-selections',
        *(f"--aptopt={option}" for option in APT_OPTIONS),
        *(f"--dpkgopt={option}" for option in DPKG_OPTIONS),
        *("bookworm", str(tree), *map(str, debian_sources())),
        timeout=BUILD_SECONDS,
    )


def _settle(work: Path) -> None:
    """Turn a fresh Debian tree into somebody's server."""
    tree = work / "tree"
    for key in (tree / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for name, text in FILES.items():
        (tree / name).write_text(text, encoding="utf-8")
    for name in ("host_key", "host_key.pub"):
        shutil.copy(work / name, tree / f"etc/ssh/ssh_{name.replace('key', 'ed25519_key')}")
    (tree / "etc/machine-id").write_text("")
    inside = ("chroot", str(tree))
    run(*inside, "useradd", "--create-home", "--shell=/bin/bash", "--groups=sudo", ADMINISTRATOR)
    run(*inside, "chpasswd", stdin=f"{ADMINISTRATOR}:{PASSWORD}\n".encode())
    ssh = tree / "home" / ADMINISTRATOR / ".ssh"
    ssh.mkdir(mode=0o700)
    shutil.copy(work / "login_key.pub", ssh / "authorized_keys")
    run(*inside, "chown", "--recursive", f"{ADMINISTRATOR}:", f"/{ssh.relative_to(tree)}")
    run(*inside, "systemctl", "--quiet", "enable", "systemd-networkd.service")


def make_disk(work: Path) -> None:
    """Write the partition table, and each file system with what belongs into it."""
    disk, end = work / "disk.img", FIRST_MIB + sum(size for *_, size in PARTITIONS) + 1
    run("truncate", f"--size={end}M", str(disk))
    table = ["label: gpt", "start=1MiB, size=1MiB, type=21686148-6449-6E6F-744E-656564454649"]
    table += [f"size={size}MiB, type=linux, name={label}" for label, _, size in PARTITIONS]
    run("sfdisk", "--quiet", str(disk), stdin="\n".join(table).encode())
    starts = [FIRST_MIB + sum(size for *_, size in PARTITIONS[:at]) for at in range(3)]
    # The innermost first: what it takes is not the outer one's any more.
    for (label, folder, size), start in reversed(list(zip(PARTITIONS, starts, strict=True))):
        source = work / "tree" / folder
        source.mkdir(mode=0o755, exist_ok=True)
        options = ("-q", "-F", "-L", label, "-d", str(source), "-E", f"offset={start << 20}")
        run("mke2fs", "-t", "ext4", *options, str(disk), f"{size}M")
        if folder:
            shutil.rmtree(source)
            source.mkdir(mode=0o755)


def install_grub(work: Path) -> None:
    """Start the kernel once without a boot loader, to install one."""
    kernel, ramdisk = (next((work / "tree/boot").glob(f"{n}-*")) for n in ("vmlinuz", "initrd.img"))
    words = f'root=LABEL=root console=ttyS0 systemd.run="{FIRST_START}"'
    console = work / "first-start.log"
    with qemu.running(
        work / "disk.img",
        console,
        *("-kernel", str(kernel), "-initrd", str(ramdisk), "-append", words, "-no-reboot"),
    ) as process:
        process.wait(START_SECONDS)
    said = console.read_text(errors="replace")
    if INSTALLED not in said:
        raise MachineError(f"GRUB was not installed at the first start: {said[-3000:]}")
