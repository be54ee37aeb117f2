"""What devices say of each other, held against the inventory: `bastide snmp discover`."""

from monitors.snmp.discover.compare import Discovery, discover
from monitors.snmp.discover.paste import yaml_to_paste
from monitors.snmp.discover.rows import HEADINGS, rows
from monitors.snmp.discover.seen import Seen, seen

# The profiles whose families `seen` reads; more do no harm.
PROFILES = ("system", "interfaces", "q_bridge", "lldp")

__all__ = [
    "HEADINGS",
    "PROFILES",
    "Discovery",
    "Seen",
    "discover",
    "rows",
    "seen",
    "yaml_to_paste",
]
