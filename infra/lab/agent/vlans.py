"""The VLANs of a simulated switch: BRIDGE-MIB (RFC 4188) and Q-BRIDGE-MIB (RFC 4363)."""

from collections.abc import Mapping

from infra.lab.agent.objects import Objects, Oid, fixed

BRIDGE: Oid = (1, 3, 6, 1, 2, 1, 17)
BASE_PORT_IF_INDEX: Oid = (*BRIDGE, 1, 4, 1, 2)
Q_BRIDGE: Oid = (*BRIDGE, 7, 1)
VLANS: Oid = (*Q_BRIDGE, 1, 4, 0)
DELETES: Oid = (*Q_BRIDGE, 4, 1, 0)
STATIC_NAME: Oid = (*Q_BRIDGE, 4, 3, 1, 1)
PVID: Oid = (*Q_BRIDGE, 4, 5, 1, 1)
DEFAULT_VLAN = 1


def objects(pvids: Mapping[int, int]) -> Objects:
    """The bridge's ports, numbered like the interfaces, each with its VLAN of untagged frames."""
    vlans = sorted({DEFAULT_VLAN, *pvids.values()})
    table: Objects = {
        (*BRIDGE, 1, 2, 0): fixed("Integer32", len(pvids)),
        VLANS: fixed("Gauge32", len(vlans)),
        DELETES: fixed("Counter32", 0),
    }
    for vlan in vlans:
        name = "default" if vlan == DEFAULT_VLAN else f"vlan{vlan}"
        table[(*STATIC_NAME, vlan)] = fixed("OctetString", name)
    for port, vlan in pvids.items():
        table[(*BASE_PORT_IF_INDEX, port)] = fixed("Integer32", port)
        table[(*PVID, port)] = fixed("Gauge32", vlan)
    return table
