"""A journey as Prometheus reads it; which one it was the target's labels say."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric

from monitors.journeys.taken import Taken


@dataclass(frozen=True, slots=True)
class JourneyMetrics:
    """The metrics of one journey that was taken."""

    taken: Taken

    def collect(self) -> Iterator[Metric]:
        """Yield success, seconds, and which step failed why."""
        taken = self.taken
        yield _gauge("success", "Whether every step of the journey went well.", taken.success)
        yield _gauge(
            "counted",
            "Whether the service misses its goal while the journey fails.",
            taken.target.journey.counts,
        )
        yield _gauge("duration_seconds", "How long it took.", sum(taken.seconds))
        steps = GaugeMetricFamily(
            "bastide_journey_step_duration_seconds",
            "How long a step took, the one that failed too.",
            labels=("step",),
        )
        for number, seconds in enumerate(taken.seconds, start=1):
            steps.add_metric((str(number),), seconds)
        yield steps
        failed = GaugeMetricFamily(
            "bastide_journey_failed_step_info",
            "The step that failed, and the kind of the reason; none when all went well.",
            labels=("step", "reason"),
        )
        if taken.failure is not None:
            failed.add_metric((str(taken.failed_step), taken.failure.value), 1)
        yield failed


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"bastide_journey_{name}", text, value=float(value))
