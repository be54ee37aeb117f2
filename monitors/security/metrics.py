"""The newest results of every host as Prometheus families: gauges, failures one by one."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path

from inventory.model import Estate
from inventory.placed import hosts
from monitors.metrics import Family, Sample
from monitors.security.results import (
    AuditRun,
    HostAudit,
    Outcome,
    audit_files,
    load,
)
from monitors.security.score import score

# Runs of single hosts may hide a fleet's last run, but not for ever.
MAX_FILES = 50

Newest = tuple[tuple[HostAudit, datetime | None], ...]


def collect(state_dir: Path, estate: Estate) -> Iterable[Family]:
    """Return the metrics of the newest audit of every host that the estate declares.

    Raises AuditError when a results file is damaged.
    """
    newest = _newest(state_dir, {placed.name for placed in hosts(estate)})
    return (
        _per_host(
            "score_ratio", "Severity-weighted share of controls proved to pass.", _proved(newest)
        ),
        _per_host(
            "accepted_score_ratio",
            "Like the score, failures under a waiver in force counted as passed.",
            _accepted(newest),
        ),
        _per_host(
            "coverage_ratio",
            "Severity-weighted share of controls that could be determined.",
            _coverage(newest),
        ),
        _per_host("controls", "Number of controls by outcome and severity.", _counts(newest)),
        _per_host(
            "control_failing",
            "1 for each control that fails and is not waived.",
            _failing(newest, waived=False),
        ),
        _per_host(
            "control_waived",
            "1 for each control that fails under a waiver in force.",
            _failing(newest, waived=True),
        ),
        _per_host(
            "last_audit_timestamp_seconds",
            "When the host's bundle was last collected and judged.",
            _last_audit(newest),
        ),
        Family(
            "bastide_security_waiver_expiry_timestamp_seconds",
            "First second at which a waiver is no longer in force.",
            "gauge",
            tuple(_waivers(estate)),
        ),
    )


def _newest(state: Path, wanted: set[str]) -> Newest:
    """Return each wanted host's newest results, with when its bundle was last collected.

    A host that could not be asked keeps the time of the last audit that did ask it.
    """
    found: dict[str, HostAudit] = {}
    collected: dict[str, datetime] = {}
    for file in audit_files(state)[:MAX_FILES]:
        for host in _load(file, file.stat().st_mtime_ns).hosts:
            if host.host in wanted:
                found.setdefault(host.host, host)
                if host.collected:
                    collected.setdefault(host.host, host.collected)
        if collected.keys() >= wanted:
            break
    return tuple((found[name], collected.get(name)) for name in sorted(found))


@lru_cache(maxsize=4)
def _load(file: Path, changed: int) -> AuditRun:
    """Read a run once, not at every scrape; `changed` makes a new file a new reading."""
    del changed
    return load(file)


def _per_host(name: str, text: str, samples: Iterable[Sample]) -> Family:
    return Family(f"bastide_security_{name}", text, "gauge", tuple(samples))


def _labels(host: HostAudit, **more: str) -> dict[str, str]:
    return {"municipality": host.municipality, "host": host.host, **more}


def _proved(newest: Newest) -> Iterator[Sample]:
    for host, _ in newest:
        if (value := score(host.results).proved) is not None:
            yield Sample(_labels(host), value)


def _accepted(newest: Newest) -> Iterator[Sample]:
    for host, _ in newest:
        if (value := score(host.results).accepted) is not None:
            yield Sample(_labels(host), value)


def _coverage(newest: Newest) -> Iterator[Sample]:
    for host, _ in newest:
        if (value := score(host.results).coverage) is not None:
            yield Sample(_labels(host), value)


def _counts(newest: Newest) -> Iterator[Sample]:
    for host, _ in newest:
        counts = Counter((result.outcome, result.severity) for result in host.results)
        for (outcome, severity), number in sorted(counts.items()):
            yield Sample(_labels(host, outcome=outcome, severity=severity), float(number))


def _failing(newest: Newest, *, waived: bool) -> Iterator[Sample]:
    for host, _ in newest:
        for result in host.results:
            if result.outcome is Outcome.FAIL and result.is_waived is waived:
                labels = _labels(host, control=result.control, severity=result.severity)
                yield Sample(labels, 1.0)


def _last_audit(newest: Newest) -> Iterator[Sample]:
    for host, collected in newest:
        if collected:
            yield Sample(_labels(host), collected.timestamp())


def _waivers(estate: Estate) -> Iterator[Sample]:
    for waiver in estate.waivers:
        ends = datetime.combine(waiver.expires, time.max, UTC).timestamp()
        yield Sample({"control": waiver.control, "scope": waiver.scope}, float(round(ends)))
