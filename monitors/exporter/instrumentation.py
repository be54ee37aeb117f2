"""The exporter's metrics about itself."""

import os
import resource
import time
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from monitors.exporter.estate_watcher import EstateWatcher
from monitors.metrics import Family, Sample, gauge

STARTED = time.time()


class About:
    """Counts requests and polls since the process started."""

    def __init__(self) -> None:
        """Start at zero."""
        self._requests: Counter[tuple[str, str]] = Counter()
        self._polls: Counter[str] = Counter()

    def request(self, handler: str, code: int) -> None:
        """Count an answered request."""
        self._requests[handler, str(code)] += 1

    def poll(self, *, success: bool) -> None:
        """Count a poll of a device."""
        self._polls["success" if success else "failure"] += 1

    def families(self, watched: EstateWatcher) -> Iterable[Family]:
        """Everything, the process's own figures included (names as client libraries give them)."""
        yield gauge("bastide_exporter_info", "The version that runs.", 1, version=_version())
        yield gauge(
            "bastide_exporter_estate_valid",
            "Whether the estate's files are valid as they are now; if not, the last valid serve.",
            watched.valid,
        )
        yield gauge(
            "bastide_exporter_estate_loaded_timestamp_seconds",
            "When the estate in use was read (Unix time).",
            watched.loaded_at,
        )
        yield Family(
            "bastide_exporter_requests_total",
            "Requests answered.",
            "counter",
            tuple(
                Sample({"handler": handler, "code": code}, count)
                for (handler, code), count in self._requests.items()
            ),
        )
        yield Family(
            "bastide_exporter_snmp_polls_total",
            "Polls of devices.",
            "counter",
            tuple(Sample({"result": r}, self._polls[r]) for r in ("success", "failure")),
        )
        yield from _process()


def _process() -> Iterable[Family]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    yield Family(
        "process_cpu_seconds_total",
        "User and system CPU time.",
        "counter",
        (Sample({}, usage.ru_utime + usage.ru_stime),),
    )
    yield gauge(
        "process_resident_memory_bytes", "Resident memory.", pages * os.sysconf("SC_PAGE_SIZE")
    )
    yield gauge("process_start_time_seconds", "Start of the process (Unix time).", STARTED)
    yield gauge(
        "process_open_fds",
        "Open file descriptors.",
        sum(1 for _ in Path("/proc/self/fd").iterdir()),
    )


def _version() -> str:
    try:
        return version("bastide")
    except PackageNotFoundError:
        return "unknown"
