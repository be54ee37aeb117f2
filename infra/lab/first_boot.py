"""What makes a machine itself before its first boot: names, addresses, keys."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from infra.driver.spec import SPEC, Name
from infra.lab.networks import Interface
from infra.ssh_keys import KeyPair

# The page cache counts, and gives way: what a host keeps in it is not lost at the limit.
MEMORY_MIB = 2048


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """A lab machine. `forward`: it routes between its interfaces, as an edge does.

    `memory_mib`: what it may use at most; one more byte ends a program of it, and no other's.

    `package_cache` (a URL) counts when it is made only: later it is the playbooks' matter.
    """

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    interfaces: Annotated[tuple[Interface, ...], Field(min_length=1)]
    authorized_keys: tuple[str, ...]
    forward: bool = False
    package_cache: str | None = None
    memory_mib: int = MEMORY_MIB

    @property
    def address(self) -> str:
        """The address that it is managed at: that of its last interface (an edge's LAN side)."""
        return str(self.interfaces[-1].address.ip)


@dataclass(frozen=True, slots=True)
class BootFile:
    """A file to write into a new machine."""

    path: str
    text: str
    mode: int = 0o644


WITHOUT_USER_NAMESPACES = "[Service]\nPrivateUsers=no\n"


def first_boot_files(
    spec: MachineSpec,
    host_key: KeyPair,
    resolvers: Iterable[IPv4Address],
    *,
    user_namespaces: bool = True,
) -> Iterator[BootFile]:
    """Yield the files that a new machine has at its first boot.

    `user_namespaces`: whether the kernel lets this machine's services have some of their own; in
    a chroot it does not, and services that ask for one (Debian's Prometheus) would not start.
    """
    yield BootFile("etc/hostname", f"{spec.name}\n")
    yield BootFile("etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {spec.name}\n::1 localhost\n")
    yield BootFile("etc/machine-id", f"{secrets.token_hex(16)}\n", 0o444)
    yield BootFile("etc/resolv.conf", "".join(f"nameserver {ip}\n" for ip in resolvers))
    yield BootFile("etc/ssh/ssh_host_ed25519_key", host_key.private, 0o600)
    yield BootFile("etc/ssh/ssh_host_ed25519_key.pub", f"{host_key.public}\n")
    yield BootFile("root/.ssh/authorized_keys", authorized_keys(spec.authorized_keys), 0o600)
    for interface in spec.interfaces:
        path = f"etc/systemd/network/10-{interface.name}.network"
        yield BootFile(path, network_file(interface, forward=spec.forward))
    if not user_namespaces:
        yield BootFile("etc/systemd/system/service.d/10-lab.conf", WITHOUT_USER_NAMESPACES)
    if spec.package_cache is not None:
        yield BootFile(
            "etc/apt/apt.conf.d/30bastide-package-cache",
            f'Acquire::http::Proxy "{spec.package_cache}";\n',
        )


def authorized_keys(keys: tuple[str, ...]) -> str:
    """Return the text of root's authorized_keys."""
    return "".join(f"{key}\n" for key in keys)


def network_file(interface: Interface, *, forward: bool) -> str:
    """Return a systemd.network(5) file with the static address of an interface."""
    lines = [
        "[Match]",
        f"Name={interface.name}",
        "",
        "[Network]",
        f"Address={interface.address}",
    ]
    if interface.gateway is not None:
        lines.append(f"Gateway={interface.gateway}")
    if forward:
        lines.append("IPForward=yes")
    return "\n".join(lines) + "\n"


def write_files(root: Path, image: Path, files: Iterable[BootFile]) -> None:
    """Write files into an upper layer; its folders take the modes that they have in the image.

    In an overlay the upper folder's mode is the one that counts.
    """
    for file in files:
        _make_parents(root, image, Path(file.path).parent)
        path = root / file.path
        path.touch(mode=0o600)
        path.write_text(file.text, encoding="utf-8")
        path.chmod(file.mode)


def _make_parents(root: Path, image: Path, folder: Path) -> None:
    for part in (*reversed(folder.parents), folder):
        made = root / part
        made.mkdir(exist_ok=True)
        lower = image / part
        made.chmod(lower.stat().st_mode & 0o7777 if lower.exists() else 0o700)
