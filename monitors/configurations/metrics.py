"""When configurations were kept and changed, as metrics that rules join with those expected."""

from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily

from inventory.model.estate import Estate
from monitors.configurations.records import Record, read_record
from monitors.configurations.saving import expected

LABELS = ("municipality", "device")
TIMES: tuple[tuple[str, str, Callable[[Record], float | None]], ...] = (
    (
        "bastide_configuration_last_success_timestamp_seconds",
        "When a device's configuration was last read whole and kept.",
        lambda record: record.succeeded.timestamp() if record.succeeded else None,
    ),
    (
        "bastide_configuration_changed_timestamp_seconds",
        "When it last differed from the version before it.",
        lambda record: record.changed.timestamp() if record.changed else None,
    ),
)


def collect(state: Path, estate: Estate) -> Iterator[GaugeMetricFamily]:
    """Yield the families; a device that was never read is expected all the same."""
    wanted = expected(estate)
    records = {kept.name: read_record(state, kept.name) for kept in wanted}
    info = GaugeMetricFamily(
        "bastide_configuration_expected_info",
        "1 for each device whose configuration is to be kept.",
        labels=(*LABELS, "platform"),
    )
    failed = GaugeMetricFamily(
        "bastide_configuration_failed_info",
        "1 for each device of which the newest run kept nothing, and why in a word.",
        labels=(*LABELS, "kind"),
    )
    for kept in wanted:
        about = (kept.entry.tenant.id, kept.name)
        info.add_metric((*about, kept.configuration.platform.value), 1)
        if (record := records[kept.name]) and record.kind:
            failed.add_metric((*about, record.kind), 1)
    yield info
    yield failed
    for name, text, value in TIMES:
        family = GaugeMetricFamily(name, text, labels=LABELS)
        for kept in wanted:
            record = records[kept.name]
            if record and (at := value(record)) is not None:
                family.add_metric((kept.entry.tenant.id, kept.name), at)
        yield family
