"""The drivers behind the provider, and the table of all their kinds of resources."""

from infra.driver.kind import Kinds
from infra.existing.kinds import KINDS as EXISTING
from infra.lab.kinds import KINDS as LAB
from infra.libvirt.kinds import KINDS as LIBVIRT
from infra.proxmox.kinds import KINDS as PROXMOX

KINDS: Kinds = {**LAB, **EXISTING, **LIBVIRT, **PROXMOX}
