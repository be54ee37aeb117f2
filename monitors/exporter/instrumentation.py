"""The exporter's metrics about itself, its process and its Python."""

from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from monitors.exporter.estate_watcher import EstateWatcher

# From a list of targets to a poll that uses up the longest scrape timeout.
DURATION_BUCKETS_SECONDS = (0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 20)


class Instrumentation:
    """Counts requests and polls since the exporter started; ``registry`` collects everything."""

    def __init__(self, estate: EstateWatcher) -> None:
        """Start at zero."""
        # One more series for each counter and histogram, which no rule or dashboard reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        Info("bastide_exporter", "The version that runs.", registry=self.registry).info(
            {"version": _version()}
        )
        Gauge(
            "bastide_exporter_estate_valid",
            "Whether the estate's files are valid as they are now; if not, the last valid serve.",
            registry=self.registry,
        ).set_function(lambda: estate.valid)
        Gauge(
            "bastide_exporter_estate_loaded_timestamp_seconds",
            "When the estate in use was read (Unix time).",
            registry=self.registry,
        ).set_function(lambda: estate.loaded_at)
        self._requests = Counter(
            "bastide_exporter_requests",
            "Requests answered.",
            ("handler", "code"),
            registry=self.registry,
        )
        self._durations = Histogram(
            "bastide_exporter_request_duration_seconds",
            "How long requests took to answer.",
            ("handler",),
            registry=self.registry,
            buckets=DURATION_BUCKETS_SECONDS,
        )
        self._polls = Counter(
            "bastide_exporter_snmp_polls",
            "Polls of devices.",
            ("result",),
            registry=self.registry,
        )
        for result in ("success", "failure"):
            self._polls.labels(result)

    def request(self, handler: str, code: int, seconds: float) -> None:
        """Count an answered request and the time that it took."""
        self._requests.labels(handler, str(code)).inc()
        self._durations.labels(handler).observe(seconds)

    def poll(self, *, success: bool) -> None:
        """Count a poll of a device."""
        self._polls.labels("success" if success else "failure").inc()


def _version() -> str:
    try:
        return version("bastide")
    except PackageNotFoundError:
        return "unknown"
