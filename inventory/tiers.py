"""What a tier and a continuity class stand for: the defaults, as tables."""

from dataclasses import dataclass

from inventory.enums import Continuity, Tier

HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Recovery:
    """What may be lost and how long it may take, in seconds (RPO and RTO)."""

    rpo_seconds: int
    rto_seconds: int


RECOVERY: dict[Continuity, Recovery] = {
    Continuity.VITAL: Recovery(4 * HOUR_SECONDS, 4 * HOUR_SECONDS),
    Continuity.IMPORTANT: Recovery(26 * HOUR_SECONDS, 24 * HOUR_SECONDS),
    Continuity.ORDINARY: Recovery(50 * HOUR_SECONDS, 72 * HOUR_SECONDS),
}


@dataclass(frozen=True, slots=True)
class MachineSize:
    """How large a machine is that Bastide makes on a hypervisor."""

    cpus: int
    memory_mib: int
    disk_gib: int


# None: the central site, whose hosts keep everybody's metrics and copies.
MACHINE_SIZES: dict[Tier | None, MachineSize] = {
    Tier.VILLAGE: MachineSize(1, 2048, 20),
    Tier.TOWN: MachineSize(2, 4096, 40),
    Tier.CITY: MachineSize(4, 8192, 80),
    None: MachineSize(4, 8192, 100),
}

DRILL_EVERY_DAYS: dict[Tier, int] = {Tier.CITY: 30, Tier.TOWN: 60, Tier.VILLAGE: 90}
