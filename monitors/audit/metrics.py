"""The newest results of every host as Prometheus families: gauges, failures one by one."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from inventory.entries import hosts
from inventory.model import CENTRAL, ESTATE_SCOPE, Estate, Waiver
from monitors.audit.archive.latest import Newest, newest
from monitors.audit.history.database import store_url
from monitors.audit.history.queries import read_first_failed
from monitors.audit.model.controls import load_controls
from monitors.audit.model.results import Result
from monitors.audit.model.score import SCORE_MODEL, Score, score
from monitors.audit.model.waivers import of_unknown_controls
from monitors.metrics import Family, Sample

Places = Mapping[str, str]
"""The municipality of every host that the estate declares."""

SHARES: tuple[tuple[str, str, Callable[[Score], float | None]], ...] = (
    (
        "score_ratio",
        "Severity-weighted share of controls proved to pass.",
        lambda found: found.proved,
    ),
    (
        "accepted_score_ratio",
        "Like the score, failures under a waiver in force counted as passed.",
        lambda found: found.accepted,
    ),
    (
        "coverage_ratio",
        "Severity-weighted share of controls that could be determined, not long ago.",
        lambda found: found.coverage,
    ),
)


def collect(state: Path, estate: Estate, now: datetime | None = None) -> Iterator[Family]:
    """Yield the metrics of the newest audit of every host that the estate declares.

    Before any audit no family has samples. Raises AuditError when a results file is damaged,
    and at the end, when all else is given, StoreError when the history cannot be read.
    """
    tenants = {entry.name: entry.tenant.id for entry in hosts(estate)}
    known, now = newest(state, tenants), now or datetime.now(UTC)
    yield from _shares(known, tenants, now)
    yield _gauge("controls", "Number of controls by outcome and severity.", _counts(known, now))
    yield from _not_passing(known)
    yield _gauge(
        "audit_success", "Whether the host could be asked in its newest audit.", _success(known)
    )
    yield _gauge(
        "last_audit_timestamp_seconds",
        "When the newest audit began in which the host could be asked.",
        _last_audit(known),
    )
    yield _gauge(
        "control_set_info", "The controls and the score model that it was judged by.", _sets(known)
    )
    yield from _waivers(estate.waivers if known else (), tenants)
    yield _gauge(
        "control_first_failed_timestamp_seconds",
        "When a failure was first seen that was not seen mended since.",
        _first_failed(state, estate, tenants),
    )


def _gauge(name: str, text: str, samples: Iterable[Sample]) -> Family:
    return Family(f"bastide_security_{name}", text, "gauge", tuple(samples))


def _labels(host: Newest, **more: str) -> dict[str, str]:
    return {"municipality": host.audit.municipality, "host": host.audit.host, **more}


def _shares(known: Sequence[Newest], tenants: Places, now: datetime) -> Iterator[Family]:
    """Yield scores; a host that was never audited has no score and a coverage of 0."""
    scores = [(_labels(host), score(host.results(now))) for host in known]
    never = tenants.keys() - {host.audit.host for host in known} if known else set()
    for name, text, value in SHARES:
        samples = [Sample(labels, v) for labels, s in scores if (v := value(s)) is not None]
        if name == "coverage_ratio":
            samples += [
                Sample({"municipality": tenants[host], "host": host}, 0.0) for host in sorted(never)
            ]
        yield _gauge(name, text, samples)


def _counts(known: Iterable[Newest], now: datetime) -> Iterator[Sample]:
    for host in known:
        counts = Counter((result.outcome, result.severity) for result in host.results(now))
        for (outcome, severity), number in sorted(counts.items()):
            yield Sample(_labels(host, outcome=outcome, severity=severity), float(number))


def _not_passing(known: Sequence[Newest]) -> Iterator[Family]:
    """Yield a series for each control that does not pass, so their number stays bounded."""
    yield _gauge(
        "control_failing",
        "1 for each control that failed when the host was last asked and is not waived.",
        _ones(known, lambda host: (r for r in host.failures if not r.is_waived)),
    )
    yield _gauge(
        "control_waived",
        "1 for each control that failed when the host was last asked, under a waiver in force.",
        _ones(known, lambda host: (r for r in host.failures if r.is_waived)),
    )
    yield _gauge(
        "control_undetermined",
        "1 for each control that could not be determined on a host that could be asked.",
        _ones(known, lambda host: host.undetermined),
    )


def _ones(
    known: Iterable[Newest], chosen: Callable[[Newest], Iterable[Result]]
) -> Iterator[Sample]:
    for host in known:
        for result in chosen(host):
            labels = _labels(host, control=result.control, severity=result.severity)
            yield Sample(labels, 1.0)


def _success(known: Iterable[Newest]) -> Iterator[Sample]:
    return (Sample(_labels(host), float(not host.audit.problem)) for host in known)


def _last_audit(known: Iterable[Newest]) -> Iterator[Sample]:
    for host in known:
        if host.answered_at:
            yield Sample(_labels(host), host.answered_at.timestamp())


def _sets(known: Iterable[Newest]) -> Iterator[Sample]:
    for host in known:
        named = {"controls": host.controls_sha256[:12], "score_model": str(SCORE_MODEL)}
        yield Sample(_labels(host, **named), 1.0)


def _waivers(waivers: Sequence[Waiver], tenants: Places) -> Iterator[Family]:
    """Yield when waivers end: of a control and a scope the last one, since it renews the others."""
    ends: dict[tuple[str, str], datetime] = {}
    for waiver in sorted(waivers, key=lambda waiver: waiver.expires):
        over = datetime.combine(waiver.expires + timedelta(days=1), time.min, UTC)
        ends[waiver.control, waiver.scope] = over
    yield _gauge(
        "waiver_expiry_timestamp_seconds",
        "First second at which a waiver is no longer in force.",
        (Sample(_scope(*named, tenants), over.timestamp()) for named, over in ends.items()),
    )
    unknown = of_unknown_controls(waivers, load_controls())
    yield _gauge(
        "waiver_unknown_control",
        "1 for each waiver of a control that the table does not have: it accepts nothing.",
        (Sample(_scope(*named, tenants), 1.0) for named in {(w.control, w.scope) for w in unknown}),
    )


def _scope(control: str, scope: str, tenants: Places) -> dict[str, str]:
    """Return a waiver's labels; the whole estate's are central's to renew.

    An empty `host` keeps Prometheus from adding that of the target, which is the exporter's.
    """
    tenant = CENTRAL if scope == ESTATE_SCOPE else tenants.get(scope, scope)
    host = scope if scope in tenants else ""
    return {"control": control, "scope": scope, "municipality": tenant, "host": host}


def _first_failed(state: Path, estate: Estate, tenants: Places) -> Iterator[Sample]:
    for standing, first in sorted(read_first_failed(store_url(state), estate.estate).items()):
        if standing.host in tenants:
            labels = {"municipality": tenants[standing.host], "host": standing.host}
            yield Sample({**labels, "control": standing.control}, first.timestamp())
