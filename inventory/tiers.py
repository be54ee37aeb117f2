"""What a tier and a continuity class stand for: the defaults, as tables."""

from dataclasses import dataclass

from inventory.enums import Continuity, Tier


@dataclass(frozen=True, slots=True)
class ClassTerms:
    """What a continuity class promises in hours (RPO and RTO), and what follows from it.

    `drill_factor`: how many times as often as the tier asks its plans are drilled. `copies`: how
    many there must be beside the data itself.
    """

    rpo_hours: float
    rto_hours: float
    keep_within_days: int
    drill_factor: int
    copies: int


CLASSES: dict[Continuity, ClassTerms] = {
    Continuity.A: ClassTerms(
        rpo_hours=4, rto_hours=4, keep_within_days=180, drill_factor=2, copies=2
    ),
    Continuity.B: ClassTerms(
        rpo_hours=26, rto_hours=24, keep_within_days=90, drill_factor=1, copies=1
    ),
    Continuity.C: ClassTerms(
        rpo_hours=50, rto_hours=72, keep_within_days=90, drill_factor=1, copies=1
    ),
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
# The central site has no tier; what all depend on is drilled as often as a city.
CENTRAL_DRILL_DAYS = min(DRILL_EVERY_DAYS.values())
