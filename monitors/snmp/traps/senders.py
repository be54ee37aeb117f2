"""Who may send traps: the inventory's devices and hosts, by the address that they send from.

An address is what a datagram comes from, so it is the device's own only where nothing translates
it. What holds:

- A device sends from its address in the inventory, an edge from its uplink address as well. A
  device that sends from another of its addresses is an unknown sender: set its trap source.
- A site with ``nat: true`` sends from its edge's uplink address. There, who sends is told by whose
  keys fit; where several devices share them, the trap counts for the edge.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from inventory.entries import InventoryHost, devices, hosts
from inventory.enums import Role
from inventory.model.estate import Estate
from inventory.model.snmp_access import SnmpAccess
from inventory.secrets import SecretError
from monitors.snmp.client import Credentials
from monitors.snmp.targets import SnmpTarget, agent, targets
from monitors.snmp.traps.known_senders import Address, Sender


def addresses(estate: Estate, state: Path) -> tuple[tuple[Address, ...], tuple[str, ...]]:
    """Return who may send from where, and the troubles with secrets, one a device.

    A device whose secrets cannot be read is left out: its traps come from an unknown sender.
    """
    edges = {str(edge.host.uplink): edge for edge in _edges(estate)}
    uplinks = _uplinks(estate, edges)
    senders: dict[str, list[Sender]] = {}
    troubles = []
    # Most devices share one access; a vault that is asked for each would take its time.
    credentials: dict[SnmpAccess, Credentials | SecretError] = {}
    for target in targets(estate).values():
        if target.access not in credentials:
            credentials[target.access] = _credentials(target, state)
        own = credentials[target.access]
        if isinstance(own, SecretError):
            troubles.append(f"{target.name}: {own}")
            continue
        sender = Sender(target.name, target.municipality, own)
        for address in dict.fromkeys((target.address, uplinks.get(target.name, target.address))):
            senders.setdefault(address, []).append(sender)
    return tuple(_address(a, s, edges.get(a)) for a, s in senders.items()), tuple(troubles)


def _credentials(target: SnmpTarget, state: Path) -> Credentials | SecretError:
    try:
        return agent(target, state).credentials
    except SecretError as error:
        return error


def _address(address: str, senders: list[Sender], edge: InventoryHost | None) -> Address:
    if edge is None:
        return Address(address, senders[0].device, senders[0].municipality, tuple(senders))
    return Address(address, edge.name, edge.tenant.id, tuple(senders))


def _edges(estate: Estate) -> Iterator[InventoryHost]:
    return (h for h in hosts(estate) if Role.EDGE in h.host.roles and h.host.uplink)


def _uplinks(estate: Estate, edges: Mapping[str, InventoryHost]) -> dict[str, str]:
    """The uplink address that each edge, and whatever it hides, sends from."""
    uplinks = {edge.name: uplink for uplink, edge in edges.items()}
    hiding = {(e.tenant.id, e.host.site): uplink for uplink, e in edges.items() if e.site.nat}
    for device in devices(estate):
        uplink = hiding.get((device.tenant.id, device.device.site))
        if uplink:
            uplinks[device.name] = uplink
    for host in hosts(estate):
        uplink = hiding.get((host.tenant.id, host.host.site))
        if uplink:
            uplinks[host.name] = uplink
    return uplinks
