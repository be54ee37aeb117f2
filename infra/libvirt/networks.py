"""Networks that the hypervisor makes: a bridge each, with or without a way out."""

import hashlib
from typing import Any

from lxml.builder import E

from infra.driver.kind import Progress, Values
from infra.errors import failed
from infra.guests.ownership import identity, own_name, taken
from infra.libvirt.documents import attribute, parse, write
from infra.libvirt.hypervisor import connect
from infra.libvirt.objects import Network
from infra.libvirt.specs import NetworkSpec

BRIDGE_LENGTH = 15  # IFNAMSIZ less the closing zero


def ensure(estate: str, spec: NetworkSpec, _progress: Progress) -> Values:
    """Make the network, or adopt the one that was made before; it is up then."""
    network = _own(estate, spec)
    if network is None:
        network = connect(spec.uri).define_network(_name(estate, spec), _definition(estate, spec))
    else:
        _require_same(network, spec)
    network.start()
    return _outputs(network)


def read(estate: str, spec: NetworkSpec) -> Values | None:
    """Look whether the network is there, and whether it is up."""
    network = _own(estate, spec)
    return None if network is None else _outputs(network)


def delete(estate: str, spec: NetworkSpec) -> None:
    """Remove the network; one that is gone, or that others made, is left."""
    network = connect(spec.uri).find_network(_name(estate, spec))
    if network is not None and network.uuid == _identity(estate, spec):
        network.remove()


def _own(estate: str, spec: NetworkSpec) -> Network | None:
    name = _name(estate, spec)
    network = connect(spec.uri).find_network(name)
    if network is not None and network.uuid != _identity(estate, spec):
        raise taken("network", name, spec.uri, f"UUID {network.uuid}")
    return network


def _outputs(network: Network) -> Values:
    bridge = attribute(parse(network.xml(), f"network {network.name}"), "bridge", "name")
    return {"network": network.name, "bridge": bridge or "", "running": network.active()}


def _name(estate: str, spec: NetworkSpec) -> str:
    return own_name(estate, spec.name)


def _identity(estate: str, spec: NetworkSpec) -> str:
    return identity(estate, "network", spec.name)


def _definition(estate: str, spec: NetworkSpec) -> str:
    name = _name(estate, spec)
    # Always the same: firewalls and people know a bridge by its name.
    bridge = f"bs-{hashlib.sha256(name.encode()).hexdigest()}"[:BRIDGE_LENGTH]
    root = E.network(E.name(name), E.uuid(_identity(estate, spec)))
    if spec.forward != "isolated":
        root.append(E.forward(mode=spec.forward))
    root.append(E.bridge(name=bridge, stp="on", delay="0"))
    root.append(E.dns(enable="no"))
    if spec.gateway is not None:
        root.append(E.ip(address=str(spec.gateway), prefix=str(spec.range.prefixlen)))
    return write(root)


def _require_same(network: Network, spec: NetworkSpec) -> None:
    """An own network with other addresses belongs to an older inventory: machines may be on it."""
    root = parse(network.xml(), f"network {network.name}")
    found = (attribute(root, "forward", "mode") or "isolated", *_address(root))
    prefix = str(spec.range.prefixlen) if spec.gateway else None
    wanted = (spec.forward, str(spec.gateway) if spec.gateway else None, prefix)
    if found != wanted:
        raise failed(
            f"network {network.name} on {spec.uri}",
            expected=f"forward, gateway and prefix {wanted}",
            found=str(found),
            advice=f"virsh net-dumpxml {network.name}; if no machine needs it any more: virsh "
            f"net-destroy {network.name}, virsh net-undefine {network.name}",
        )


def _address(root: Any) -> tuple[str | None, str | None]:
    """Return the address and prefix; libvirt writes some prefixes back as a netmask."""
    prefix, mask = attribute(root, "ip", "prefix"), attribute(root, "ip", "netmask")
    if prefix is None and mask is not None:
        bits = "".join(f"{int(part):08b}" for part in mask.split("."))
        prefix = str(bits.count("1"))
    return attribute(root, "ip", "address"), prefix
