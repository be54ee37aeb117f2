"""What alerts are about, for routes: the shipped ones by name, an estate's own all as one kind."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from inventory.model.notify import AlertKind, Route

Towns = frozenset[str] | None
"""Municipalities; None: all of them."""

NAMES: Mapping[AlertKind, str] = MappingProxyType(
    {
        AlertKind.SERVICES: """
            CertificateNearExpiry CertificateRefused JourneyFailing ServiceBudgetBurning ServiceDown
            ServiceSlow
        """,
        AlertKind.HOSTS: """
            AddressSilent ClockNotSynchronised ClockWrong DiskFailed FileSystemFilling
            FileSystemFull FileSystemNearlyFull FileSystemReadOnly FilesNearlyExhausted HostDown
            MemoryExhausted MemoryNearlyExhausted PortSilent RaidDegraded RestartRequired
            ServicesOutdated StorageNearlyFull UnitFailed
        """,
        AlertKind.NETWORK: """
            BgpSessionDown DeviceCpuHigh DeviceDown DeviceMemoryHigh DeviceRebooted
            DeviceTableUnreadable LteSignalPoor NamesNotFound OspfNeighbourLost PortBusy
            PortDiscards PortDown PortErrors PortFlapping PortHalfDuplex PortMissing
            PortNeighbourWrong PortSlow PortVlanWrong ResolverDown StpTopologyChanges UplinkDown
            UplinkLost UplinkSlower
        """,
        AlertKind.POWER: """
            FanFailed PartCritical PoeBudgetNearlyUsed PowerSupplyFailed TemperatureAlarm
            TemperatureHigh UpsOnBattery UpsOnBypass UpsOverload UpsReplaceBattery UpsRuntimeLow
            UpsSelfTestFailed
        """,
        AlertKind.SUPPLIES: "TonerLow",
        AlertKind.BACKUPS: """
            BackupCopyCovered BackupCopyLate BackupCopyMissing BackupDamaged BackupDoubted
            BackupFailed BackupKeyAdded BackupMissing BackupNotChecked BackupNotScheduled
            BackupOverQuota BackupSizeUnusual BackupStatusOld BackupTargetNotLooking BackupTooOld
            ConfigurationNotSaved DrillCopyTooOld DrillEstimateWrong DrillFailed DrillTooOld
            DrillTooSlow EscrowIncomplete EscrowNotProved RetentionNotRun
        """,
        AlertKind.SECURITY: """
            AuditStale ConfigurationChanged ControlFailing CriticalControlFailing HostDrift
            InfraDrift InfraDriftNotLooked LogsNotArriving LookStale ProgramsChanged ScoreDropped
            TrapFlood TrapsRejected WaiverExpired WaiverNearExpiry WaiverUnknown
        """,
        AlertKind.MONITORING: "CollectorSilent NotificationsFailing TrapListenerDown Watchdog",
    }
)
"""The names of each kind's alerts; those of an estate's own rules are all others."""


def shares(routes: Sequence[Route]) -> Iterator[tuple[Towns, tuple[AlertKind, ...]]]:
    """Yield municipalities with the kinds that routes to one channel take of them.

    No kind comes twice, so that nobody is told twice where several routes fit.
    """
    of: dict[Towns, list[AlertKind]] = {}
    for kind in AlertKind:
        about = [route for route in routes if route.is_about(kind)]
        if about:
            of.setdefault(_towns(about), []).append(kind)
    yield from ((towns, tuple(kinds)) for towns, kinds in of.items())


def matchers(kinds: Sequence[AlertKind]) -> list[str]:
    """Return what Alertmanager knows alerts of these kinds by: nothing where all are meant."""
    if AlertKind.OWN not in kinds:
        return [f'alertname=~"{"|".join(_names(kinds))}"']
    others = _names([kind for kind in NAMES if kind not in kinds])
    return [f'alertname!~"{"|".join(others)}"'] if others else []


def _towns(routes: Sequence[Route]) -> Towns:
    if any(not route.municipalities for route in routes):
        return None
    return frozenset(town for route in routes for town in route.municipalities)


def _names(kinds: Sequence[AlertKind]) -> list[str]:
    return sorted(name for kind in kinds for name in NAMES[kind].split())
