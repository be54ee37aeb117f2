"""The TCP ports that a scan tries, and what usually listens there."""

from collections.abc import Mapping
from types import MappingProxyType

SSH = "ssh"
# Not 9100: some printers print a page for a connection alone.
PORTS: Mapping[int, str] = MappingProxyType(
    {
        22: SSH,
        2222: SSH,
        53: "dns",
        80: "http",
        443: "https",
        445: "smb",
        3389: "rdp",
        5985: "winrm",
    }
)
WINDOWS = frozenset({3389, 5985})
"""What only Windows usually serves."""
