"""A machine's definition in libvirt's XML (https://libvirt.org/formatdomain.html)."""

from typing import Any

from lxml import etree
from lxml.builder import E

from infra.guests.guest import Interface, hardware_address
from infra.guests.ownership import identity, own_name
from infra.libvirt.documents import parse, write
from infra.libvirt.hypervisor import Hypervisor
from infra.libvirt.specs import MachineSpec

# What our element in a machine's metadata is called; libvirt keeps it and reads nothing in it.
MARK = "{https://bastide.invalid/libvirt/1}machine"
# Debian's kernel for clouds has no drivers for IDE and SATA.
DRIVE, DRIVE_BUS = "sda", "scsi"
# Types in the order of preference, and those that are QEMU's.
TYPES = ("kvm", "qemu", "test")
QEMU = frozenset({"kvm", "qemu"})


def domain(
    estate: str, spec: MachineSpec, host: Hypervisor, root: str, seed: str | None, host_key: str
) -> str:
    """Return a machine's definition; `root` and `seed` are volumes, the seed while it is needed."""
    kind, arch = _platform(host)
    system = E.os(E.type("hvm", arch=arch), E.boot(dev="hd"))
    made = E.domain(
        E.name(own_name(estate, spec.name)),
        E.uuid(identity(estate, "machine", spec.name)),
        E.title(f"{spec.name} of the estate {estate}, made by Bastide"),
        _metadata(estate, spec, host_key),
        E.memory(str(spec.memory_mib), unit="MiB"),
        E.vcpu(str(spec.cpus)),
        system,
        E.features(E.acpi(), E.apic()),
        E.clock(offset="utc"),
        E.on_crash("restart"),
        _devices(spec, root, seed),
        type=kind,
    )
    if kind in QEMU:
        system[0].set("machine", "q35")
    if kind == "kvm":
        made.insert(made.index(system), E.cpu(mode="host-model"))
    return write(made)


def drive(spec: MachineSpec, seed: str | None) -> Any:
    """Return the drive that the seed is in, or an empty one."""
    made = E.disk(
        E.driver(name="qemu", type="raw"),
        E.target(dev=DRIVE, bus=DRIVE_BUS),
        E.readonly(),
        type="volume" if seed else "file",
        device="cdrom",
    )
    if seed:
        made.insert(1, E.source(pool=spec.pool, volume=seed))
    return made


def kept_host_key(xml: str, name: str) -> str | None:
    """Return the host key that a machine was created with, from its metadata."""
    found = parse(xml, f"machine {name}").find(f"metadata/{MARK}")
    return None if found is None else found.get("hostKey")


def volumes(xml: str, name: str) -> tuple[str, ...]:
    """Return the volumes of a machine's disks, the one with its system first."""
    disks = parse(xml, f"machine {name}").findall("devices/disk[@device='disk']/source")
    return tuple(str(source.get("volume")) for source in disks)


def sizes(xml: str, name: str) -> tuple[int, int]:
    """Return a machine's processors and its memory in MiB, which libvirt writes in KiB."""
    root = parse(xml, f"machine {name}")
    return int(root.findtext("vcpu")), int(root.findtext("memory")) // 1024


def _platform(host: Hypervisor) -> tuple[str, str]:
    """Return the machine type and architecture: the hypervisor's own, with its help if it gives it.

    Where it says nothing of its own architecture, the first one that it can run is taken.
    """
    root = parse(host.capabilities(), "capabilities")
    own = root.findtext("host/cpu/arch")
    guests = [g for g in root.findall("guest") if g.findtext("os_type") == "hvm"]
    guests.sort(key=lambda guest: guest.find("arch").get("name") != own)
    arch = guests[0].find("arch")
    offered = {row.get("type") for row in arch.findall("domain")}
    kind = next((kind for kind in TYPES if kind in offered), "qemu")
    return kind, str(arch.get("name"))


def _metadata(estate: str, spec: MachineSpec, host_key: str) -> Any:
    namespace = etree.QName(MARK).namespace
    mark = etree.Element(MARK, nsmap={"bastide": namespace})
    mark.attrib.update({"estate": estate, "name": spec.name, "hostKey": host_key})
    return E.metadata(mark)


def _devices(spec: MachineSpec, root: str, seed: str | None) -> Any:
    made = E.devices()
    for number, volume in enumerate((root, *spec.disks)):
        made.append(_disk(spec, volume, f"vd{chr(ord('a') + number)}"))
    made.append(E.controller(type="scsi", index="0", model="virtio-scsi"))
    if seed:
        made.append(drive(spec, seed))
    for interface in spec.interfaces:
        made.append(_interface(spec, interface))
    made.append(E.serial(type="pty"))
    made.append(E.console(type="pty"))
    made.append(E.channel(E.target(type="virtio", name="org.qemu.guest_agent.0"), type="unix"))
    made.append(E.rng(E.backend("/dev/urandom", model="random"), model="virtio"))
    return made


def _disk(spec: MachineSpec, volume: str, target: str) -> Any:
    return E.disk(
        E.driver(name="qemu", type="qcow2", discard="unmap"),
        E.source(pool=spec.pool, volume=volume),
        E.target(dev=target, bus="virtio"),
        type="volume",
        device="disk",
    )


def _interface(spec: MachineSpec, interface: Interface) -> Any:
    kind = "bridge" if interface.bridge else "network"
    made = E.interface(
        E.mac(address=hardware_address(spec.name, interface.name)),
        E.source(**{kind: interface.bridge or interface.network or ""}),
        E.model(type="virtio"),
        type=kind,
    )
    if interface.vlan is not None:
        made.append(E.vlan(E.tag(id=str(interface.vlan))))
    return made
