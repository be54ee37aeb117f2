"""Alertmanager is kept in step with the maintenance windows, and what is silent is measured.

What ends in silence is told when the silence is over.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric

from inventory.entries import services
from inventory.model.estate import Estate
from inventory.model.tenants import CENTRAL
from monitors.exporter import service_goals
from monitors.maintenance import endings
from monitors.maintenance.scopes import labels_of, municipality_of, scope_of
from monitors.maintenance.silences import Silence, SilenceKind, Silences, SilencesError
from monitors.maintenance.windows import announced, reconcile
from monitors.web_api import WebApi

log = logging.getLogger(__name__)

PERIOD_SECONDS = 15.0
WATCHDOG = "Watchdog"


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class SilenceKeeper:
    """Lays the silences of windows, and collects which services are in maintenance.

    Without Alertmanager only the inventory's windows are known.
    """

    def __init__(
        self,
        estate: Callable[[], Estate],
        alertmanager: WebApi | None,
        clock: Callable[[], datetime] = utc_now,
        state: Path | None = None,
    ) -> None:
        """``estate`` gives it as its files say now; ``state``: where what is silent is kept."""
        self._estate, self._clock = estate, clock
        self._silences = Silences(alertmanager) if alertmanager else None
        self._endings = endings.Endings(state / endings.FILE if state else None)
        self._existing: tuple[Silence, ...] = ()
        self._problem = ""

    async def run(self) -> None:
        """Keep step until cancelled."""
        while True:
            await asyncio.to_thread(self.keep)
            await asyncio.sleep(PERIOD_SECONDS)

    def keep(self) -> None:
        """Compare once, and lay or end what differs; what fails is logged when it begins to."""
        if self._silences is None:
            return
        problem = ""
        try:
            now = self._clock()
            self._existing = reconcile(self._silences, self._estate(), now)
            self._endings.look(self._silences, self._existing, now)
        except SilencesError as error:
            problem = str(error)
        except Exception as error:
            log.exception("maintenance windows")
            problem = f"{type(error).__name__}: {error}"
        if problem and not self._problem:
            log.warning("maintenance windows: %s", problem)
        elif self._problem and not problem:
            log.info("maintenance windows: Alertmanager knows them again")
        self._problem = problem

    def collect(self) -> Iterator[Metric]:
        """Yield what is in maintenance now, and what counts for the goals of services."""
        estate, now = self._estate(), self._clock()
        active = self._active(estate, now)
        yield _ends(estate, active)
        family = GaugeMetricFamily(
            "bastide_service_in_maintenance",
            "Whether a window or silence covers the service: what it misses now is not counted.",
            labels=("municipality", "host", "service"),
        )
        for entry in services(estate):
            muted = any(of.mutes(labels) for labels in labels_of(entry) for of in active)
            family.add_metric((entry.tenant.id, entry.hosts[0], entry.name), float(muted))
        yield family
        yield from service_goals.collect(estate, now)
        if self._silences is not None:
            success = GaugeMetricFamily(
                "bastide_collector_success",
                "Whether a collector gave all that it should.",
                labels=("collector",),
            )
            success.add_metric(("maintenance",), float(not self._problem))
            yield success

    def watchdogs(self) -> list[str]:
        """Return the municipalities whose Watchdog alert Alertmanager holds; SilencesError."""
        if self._silences is None:
            raise SilencesError("no Alertmanager is asked: `--alertmanager` names one")
        firing = self._silences.alerts()
        return sorted(
            alert.labels.get("municipality", "") for alert in firing if alert.name == WATCHDOG
        )

    def _active(self, estate: Estate, now: datetime) -> list[Silence]:
        """Return what is silent now: by Alertmanager and, where that is not known, by inventory.

        An acknowledgement is none: somebody is on it, and citizens wait all the same.
        """
        known = [
            silence
            for silence in self._existing
            if silence.kind is not SilenceKind.ACKNOWLEDGEMENT
            and silence.start <= now < silence.end
        ]
        if self._silences is None or self._problem:
            known += announced(estate, now, now + timedelta(microseconds=1))
        return known


def _ends(estate: Estate, active: list[Silence]) -> Metric:
    """Return when each scope's maintenance ends: the latest of its silences."""
    family = GaugeMetricFamily(
        "bastide_maintenance_end_timestamp_seconds",
        "When the window or silence that is in force for a scope ends (Unix time).",
        labels=("municipality", "scope", "kind"),
    )
    ends: dict[tuple[str, str], float] = {}
    for silence in active:
        key = (scope_of(silence.matchers), silence.kind.value)
        ends[key] = max(ends.get(key, 0), silence.end.timestamp())
    owners = municipality_of(estate)
    for (scope, kind), end in ends.items():
        family.add_metric((owners.get(scope, CENTRAL), scope, kind), end)
    return family
