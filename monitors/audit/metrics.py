"""The newest results of every host as Prometheus gauges; failures are a series each."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily

from inventory.enums import Level
from inventory.levels import hosts_at_least
from inventory.model.estate import Estate
from inventory.model.tenants import CENTRAL
from inventory.model.waivers import ESTATE_SCOPE, Waiver
from monitors.audit.archive.latest import LatestResults, latest_results
from monitors.audit.history.database import store_url
from monitors.audit.history.queries import read_open_failures
from monitors.audit.model.controls import ControlTable
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import Result
from monitors.audit.model.score import SCORE_MODEL, Score, score
from monitors.audit.model.waivers import of_unknown_controls

Municipalities = Mapping[str, str]
"""The municipality of every host that is audited."""

Sample = tuple[tuple[str, ...], float]
"""The values of a family's labels, in its order, and the sample's own."""

HOST = ("municipality", "host")
WAIVER = ("control", "scope", "municipality", "host")

SHARES: tuple[tuple[str, str, Callable[[Score], float | None]], ...] = (
    (
        "score_ratio",
        "Severity-weighted share of controls proved to pass.",
        lambda score: score.proved,
    ),
    (
        "accepted_score_ratio",
        "Like the score, failures under a waiver in force counted as passed.",
        lambda score: score.accepted,
    ),
    (
        "coverage_ratio",
        "Severity-weighted share of controls that could be determined, not long ago.",
        lambda score: score.coverage,
    ),
)


def collect(
    state: Path, estate: Estate, now: datetime | None = None
) -> Iterator[GaugeMetricFamily]:
    """Yield the metrics of the newest audit of every host that is more than watched.

    Before any audit no family has samples. Raises AuditError when a results file is damaged,
    and at the end, when all else is given, StoreError when the history cannot be read.
    """
    audited = hosts_at_least(estate, Level.AUDIT)
    municipalities = {entry.name: entry.tenant.id for entry in audited}
    audits, now = latest_results(state, municipalities), now or datetime.now(UTC)
    yield from _shares(audits, municipalities, now)
    yield _gauge(
        "controls",
        "Number of controls by outcome and severity.",
        (*HOST, "outcome", "severity"),
        _counts(audits, now),
    )
    yield from _not_passing(audits)
    yield _gauge(
        "audit_success",
        "Whether the host could be asked in its newest audit.",
        HOST,
        ((_host(host), not host.audit.problem) for host in audits),
    )
    yield _gauge(
        "last_audit_timestamp_seconds",
        "When the newest audit began in which the host could be asked.",
        HOST,
        ((_host(host), host.answered_at.timestamp()) for host in audits if host.answered_at),
    )
    yield _gauge(
        "control_set_info",
        "The controls and the score model that it was judged by.",
        (*HOST, "controls", "score_model"),
        ((_host(host, host.controls_sha256[:12], str(SCORE_MODEL)), 1) for host in audits),
    )
    table = controls_of(estate.own)
    yield _gauge(
        "control_info",
        "What a control that fails somewhere means, in words.",
        ("control", "finding"),
        _findings(audits, table),
    )
    yield from _waivers(estate.waivers if audits else (), table, municipalities)
    yield from _open_failures(state, estate, municipalities)


def _gauge(
    name: str, text: str, labels: tuple[str, ...], samples: Iterable[Sample]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"bastide_security_{name}", text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _host(host: LatestResults, *more: str) -> tuple[str, ...]:
    return (host.audit.municipality, host.audit.host, *more)


def _shares(
    audits: Sequence[LatestResults], municipalities: Municipalities, now: datetime
) -> Iterator[GaugeMetricFamily]:
    """Yield scores; a host that was never audited has no score and a coverage of 0."""
    scores = [(_host(host), score(host.results(now))) for host in audits]
    never = municipalities.keys() - {host.audit.host for host in audits} if audits else set()
    for name, text, share in SHARES:
        samples: list[Sample] = [
            (labels, value) for labels, s in scores if (value := share(s)) is not None
        ]
        if name == "coverage_ratio":
            samples += [((municipalities[host], host), 0) for host in sorted(never)]
        yield _gauge(name, text, HOST, samples)


def _counts(audits: Iterable[LatestResults], now: datetime) -> Iterator[Sample]:
    for host in audits:
        counts = Counter((result.outcome, result.severity) for result in host.results(now))
        for (outcome, severity), number in sorted(counts.items()):
            yield _host(host, outcome, severity), number


def _not_passing(audits: Sequence[LatestResults]) -> Iterator[GaugeMetricFamily]:
    """Yield a series for each control that does not pass, so their number stays bounded."""
    labels = (*HOST, "control", "severity")
    yield _gauge(
        "control_failing",
        "1 for each control that failed when the host was last asked and is not waived.",
        labels,
        _ones(audits, lambda host: (r for r in host.failures if not r.is_waived)),
    )
    yield _gauge(
        "control_waived",
        "1 for each control that failed when the host was last asked, under a waiver in force.",
        labels,
        _ones(audits, lambda host: (r for r in host.failures if r.is_waived)),
    )
    yield _gauge(
        "control_undetermined",
        "1 for each control that could not be determined on a host that could be asked.",
        labels,
        _ones(audits, lambda host: host.undetermined),
    )


def _ones(
    audits: Iterable[LatestResults], select: Callable[[LatestResults], Iterable[Result]]
) -> Iterator[Sample]:
    for host in audits:
        for result in select(host):
            yield _host(host, result.control, result.severity), 1


def _findings(audits: Iterable[LatestResults], table: ControlTable) -> Iterator[Sample]:
    failing = {result.control for host in audits for result in host.failures}
    for control in table.controls:
        if control.id in failing:
            yield (control.id, control.finding or f"not so: {control.title}"), 1


def _waivers(
    waivers: Sequence[Waiver], table: ControlTable, municipalities: Municipalities
) -> Iterator[GaugeMetricFamily]:
    """Yield when waivers end: of a control and a scope the last one, since it renews the others."""
    ends: dict[tuple[str, str], datetime] = {}
    for waiver in sorted(waivers, key=lambda waiver: waiver.expires):
        over = datetime.combine(waiver.expires + timedelta(days=1), time.min, UTC)
        ends[waiver.control, waiver.scope] = over
    yield _gauge(
        "waiver_expiry_timestamp_seconds",
        "First second at which a waiver is no longer in force.",
        WAIVER,
        ((_waiver(*waived, municipalities), over.timestamp()) for waived, over in ends.items()),
    )
    unknown = {(w.control, w.scope) for w in of_unknown_controls(waivers, table)}
    yield _gauge(
        "waiver_unknown_control",
        "1 for each waiver of a control that the table does not have: it accepts nothing.",
        WAIVER,
        ((_waiver(*waived, municipalities), 1) for waived in unknown),
    )


def _waiver(control: str, scope: str, municipalities: Municipalities) -> tuple[str, ...]:
    """Return a waiver's labels; the whole estate's are central's to renew.

    An empty `host` keeps Prometheus from adding that of the target, which is the exporter's.
    """
    municipality = CENTRAL if scope == ESTATE_SCOPE else municipalities.get(scope, scope)
    return control, scope, municipality, scope if scope in municipalities else ""


def _open_failures(
    state: Path, estate: Estate, municipalities: Municipalities
) -> Iterator[GaugeMetricFamily]:
    """Yield since when controls fail, and since when those that had passed before."""
    standing = [
        ((municipalities[each.host], each.host, each.control), failure)
        for each, failure in sorted(read_open_failures(store_url(state), estate.estate).items())
        if each.host in municipalities
    ]
    yield _gauge(
        "control_first_failed_timestamp_seconds",
        "When a failure was first seen that was not seen mended since.",
        (*HOST, "control"),
        ((labels, failure.first_failed.timestamp()) for labels, failure in standing),
    )
    yield _gauge(
        "control_broken_timestamp_seconds",
        "When a control was first seen failing that had passed before, by the same control set.",
        (*HOST, "control"),
        ((labels, each.first_failed.timestamp()) for labels, each in standing if each.broke),
    )
