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

DRILL_EVERY_DAYS: dict[Tier, int] = {Tier.CITY: 30, Tier.TOWN: 60, Tier.VILLAGE: 90}
