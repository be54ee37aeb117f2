"""What a neighbour probably is, by its words: only ever offered as a guess."""

import re
from collections.abc import Sequence

from inventory.enums import DeviceKind
from monitors.snmp.discover.observed import Neighbour

# Words in a system's description or name, in the order in which they are believed.
_PATTERNS: Sequence[tuple[DeviceKind, re.Pattern[str]]] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (DeviceKind.FIREWALL, r"forti(gate|wifi)|pfsense|opnsense|firewall|sonicwall|palo alto"),
        (DeviceKind.BMC, r"\bidrac|integrated lights-out|\bilo ?\d|\bbmc\b|xclarity"),
        (DeviceKind.PDU, r"\bpdu\b|power distribution"),
        (DeviceKind.UPS, r"\bups\b|uninterruptible"),
        (DeviceKind.PRINTER, r"printer|laserjet|jetdirect|officejet|ecosys|bizhub|workcentre"),
        (DeviceKind.CAMERA, r"camera|hikvision|\baxis\b|dahua"),
        (DeviceKind.STORAGE, r"synology|diskstation|qnap|\bnas\b|netapp|truenas"),
        (DeviceKind.RADIO, r"airfiber|\bairmax\b|powerbeam|nanobeam|litebeam|radio link"),
        (DeviceKind.ACCESS_POINT, r"access point|\buap\b|unifi.*ap|wireless ap|airos|\bwlan\b"),
        (DeviceKind.MODEM, r"\bmodem\b|\blte\b|\b4g\b|\b5g\b|rutos|\brut\d"),
        (DeviceKind.ROUTER, r"routeros|mikrotik|edgeos|vyos|openwrt|\brouter\b"),
        (DeviceKind.SENSOR, r"\bsensor\b|environment(al)? monitor"),
        (DeviceKind.SWITCH, r"switch|procurve|catalyst|aruba ?(os)?-?cx|jetstream"),
    )
)
# What it says that it does (IEEE 802.1AB, 8.5.8.1); a switch that routes is still a switch.
_CAPABILITIES = (
    ("wlanAccessPoint", DeviceKind.ACCESS_POINT),
    ("docsisCableDevice", DeviceKind.MODEM),
    ("bridge", DeviceKind.SWITCH),
    ("router", DeviceKind.ROUTER),
)


def guess_kind(neighbour: Neighbour) -> tuple[DeviceKind, str] | None:
    """Return a kind and what it was guessed from; None for telephones, computers and the silent."""
    capabilities = frozenset(neighbour.capabilities)
    if "telephone" in capabilities:
        return None
    text = f"{neighbour.description} {neighbour.system}"
    for kind, pattern in _PATTERNS:
        if match := pattern.search(text):
            return kind, f"it says {match.group()!r} of itself"
    for capability, kind in _CAPABILITIES:
        if capability in capabilities:
            return kind, f"it says over LLDP that it works as {capability}"
    return None
