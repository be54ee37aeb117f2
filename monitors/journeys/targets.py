"""The journeys of an estate, by their names."""

from collections.abc import Mapping
from dataclasses import dataclass

from inventory.entries import InventoryService, services
from inventory.enums import CertificateTrust
from inventory.model.estate import Estate
from inventory.model.journeys import Journey


@dataclass(frozen=True, slots=True)
class JourneyTarget:
    """A journey with the service that it is at."""

    entry: InventoryService
    journey: Journey

    @property
    def name(self) -> str:
        """What it is asked for by: the service's full name and the journey's id."""
        return f"{self.entry.name}/{self.journey.id}"

    @property
    def any_certificate(self) -> bool:
        """Whether the service may show any certificate."""
        return self.entry.service.certificate is CertificateTrust.ANY


def journeys(estate: Estate) -> Mapping[str, JourneyTarget]:
    """Return every journey of every service."""
    found = (
        JourneyTarget(entry, journey)
        for entry in services(estate)
        for journey in entry.service.journeys
    )
    return {target.name: target for target in found}
