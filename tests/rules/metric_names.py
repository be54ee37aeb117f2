"""The names of all series that rules may read, taken from the code that exposes them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from inventory.entries import services
from inventory.load import load_estate
from inventory.model.devices import PortIntent
from inventory.model.estate import Estate
from inventory.model.journeys import Journey, Step
from inventory.paths import SHIPPED_ESTATES
from monitors.bridge.deliveries import Deliveries
from monitors.bridge.dispatcher import Dispatcher
from monitors.exporter.certificate_probe import Certificate, CertificateFamilies
from monitors.exporter.collectors import COLLECTORS, MonitoredCollector
from monitors.exporter.silence_keeper import SilenceKeeper
from monitors.journeys.metrics import JourneyMetrics
from monitors.journeys.taken import Taken
from monitors.journeys.targets import JourneyTarget
from monitors.snmp.device_poll import BOOT_METRIC
from monitors.snmp.discover.directory import directory
from monitors.snmp.discover.observed import ObservedDevice, Port
from monitors.snmp.intent import Intent, intent_families
from monitors.snmp.metric_families import Family
from monitors.snmp.poll_result import PollResult
from monitors.snmp.profile import Profile
from monitors.snmp.profile_files import shipped_profiles
from monitors.snmp.targets import targets
from monitors.snmp.traps.receiver import Receiver
from tests.monitors.exposed import names
from tests.playbooks.programs import ROLES

FOREIGN = {
    "up": "Prometheus itself, one a target",
    "probe_duration_seconds": "blackbox_exporter",
    "probe_http_status_code": "blackbox_exporter",
    "probe_success": "blackbox_exporter",
    "probe_ssl_earliest_cert_expiry": "blackbox_exporter",
    "alertmanager_alerts_received_total": "Alertmanager",
    "alertmanager_notification_requests_failed_total": "Alertmanager",
    "alertmanager_notification_requests_total": "Alertmanager",
    "node_filesystem_avail_bytes": "node_exporter, collector filesystem",
    "node_filesystem_files": "node_exporter, collector filesystem",
    "node_filesystem_files_free": "node_exporter, collector filesystem",
    "node_filesystem_readonly": "node_exporter, collector filesystem",
    "node_filesystem_size_bytes": "node_exporter, collector filesystem",
    "node_memory_MemAvailable_bytes": "node_exporter, collector meminfo",
    "node_memory_MemTotal_bytes": "node_exporter, collector meminfo",
    "node_systemd_timer_last_trigger_seconds": "node_exporter, collector systemd",
    "node_systemd_unit_state": "node_exporter, collector systemd",
    "node_textfile_mtime_seconds": "node_exporter, collector textfile",
    "node_time_seconds": "node_exporter, collector time",
    "node_timex_sync_status": "node_exporter, collector timex",
    "node_vmstat_oom_kill": "node_exporter, collector vmstat",
}

# Programs of roles that write for node_exporter's textfile collector.
TEXTFILES = (
    "backup_target/files/vault/bastide_copies.py",
    "backup_target/files/vault/bastide_vault_tidy.py",
    "audit/files/note_change.sh",
    "backup_client/files/backup/bastide_metrics.py",
    "backup_client/files/timers_state.sh",
    "edge/files/ask_gateways.sh",
    "integrity/files/integrity/integrity.py",
    "log_receiver/files/received_logs.py",
    "names/files/ask_names.sh",
    "time/files/time_state.sh",
    "updates/files/updates_seen.py",
)
WRITTEN = re.compile(r"\bbastide_[a-z_]+")


def metric_names(state: Path) -> set[str]:
    """Return the names that the exporter hands over, and those of others that are scraped."""
    estate = load_estate(SHIPPED_ESTATES / "lab")
    return {
        *FOREIGN,
        *(name for file in TEXTFILES for name in WRITTEN.findall((ROLES / file).read_text())),
        *(family.name for family in _polled(estate)),
        *names(Receiver(estate, state, ("127.0.0.1", 0), lambda *_: None)),
        *(name for profile in shipped_profiles().values() for name in _profiled(profile)),
        *names(SilenceKeeper(lambda: estate, None)),
        *names(JourneyMetrics(Taken(_journey(estate), ()))),
        *names(Dispatcher(estate, state, Deliveries(state / "none" / "none")).registry),
        *names(CertificateFamilies(Certificate(datetime.now(UTC), datetime.now(UTC), "has ended"))),
        # Of an estate without audits or drills.
        *(n for name in COLLECTORS for n in names(MonitoredCollector(name, state, estate))),
    }


def _journey(estate: Estate) -> JourneyTarget:
    journey = Journey(id="read", name="Read", steps=(Step(get="/"),))
    return JourneyTarget(next(services(estate)), journey)


def _profiled(profile: Profile) -> Iterator[str]:
    infos = (profile.info, *(table.info for table in profile.tables))
    yield from (info.metric for info in infos if info)
    yield from (number.metric for number in profile.scalars)
    yield from (number.metric for table in profile.tables for number in table.columns)
    if profile.derived:
        yield BOOT_METRIC


def _polled(estate: Estate) -> Iterator[Family]:
    target = next(iter(targets(estate).values()))
    yield from PollResult(target, True, 1.0, "", (), ()).families()
    port = PortIntent(port="1", vlan=5, speed_mbps=100, neighbour=target.name)
    intent = Intent("", (port,), directory(estate))
    yield from intent_families(intent, ObservedDevice(ports=(Port("1", "1", "1"),), neighbours=()))
