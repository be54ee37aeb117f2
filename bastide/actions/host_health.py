"""Whether a host is as well as it was, as the estate's own monitors see it."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from bastide.actions import prometheus
from bastide.actions.status import FAILED_PROBES, NO_PROBLEMS, SILENT_SEVERITY, apis
from bastide.support.estate import EstateContext
from inventory.entries import hosts, services
from inventory.model.estate import Estate
from inventory.reached_through import behind, ways_in
from monitors.web_api import ApiError

PAUSE_SECONDS = 5.0
KINDS = ("service", "device", "host")


@dataclass(frozen=True, slots=True)
class Health:
    """What is wrong about a host, and when each of its targets was scraped last, by its name."""

    problems: frozenset[str] = frozenset()
    scrapes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Concerned:
    """The hosts, devices and services that suffer when a host does, by full name."""

    host: frozenset[str]
    device: frozenset[str]
    service: frozenset[str]

    def has(self, labels: Mapping[str, str]) -> bool:
        """Whether a series is about one of them; its most specific label counts."""
        kind = next((kind for kind in KINDS if labels.get(kind)), None)
        names: frozenset[str] = getattr(self, kind) if kind else frozenset()
        return kind is not None and labels[kind] in names


def concerned(estate: Estate, name: str) -> Concerned:
    """Return a host, what is reached through it, and the services that stand on any of these."""
    suffering = {name, *behind(ways_in(estate), name)}
    of_hosts = frozenset(entry.name for entry in hosts(estate) if entry.name in suffering)
    return Concerned(
        of_hosts,
        frozenset(suffering) - of_hosts,
        frozenset(entry.name for entry in services(estate) if of_hosts & set(entry.hosts)),
    )


def read(context: EstateContext, name: str) -> Health:
    """Ask Prometheus and Alertmanager once; ApiError when one does not answer."""
    about = concerned(context.estate, name)
    targets, failing = _ask(context, about)
    firing = prometheus.alerts(apis(context)[1])
    alerts = (f"{_subject(a.labels)}: {a.name} fires" for a in firing if _counts(a, about))
    scrapes = (
        (f"{t.job} {t.labels.get('instance', '')}", t.scraped)
        for t in targets
        if t.labels.get("host") == name
    )
    return Health(frozenset((*failing, *alerts)), tuple(sorted(scrapes)))


def failing_partners(context: EstateContext, name: str) -> tuple[str, ...]:
    """Return what fails at the hosts that stand in for a host while it is updated."""
    own = next(entry for entry in hosts(context.estate) if entry.name == name)
    partners = frozenset(
        entry.name
        for entry in hosts(context.estate)
        if own.host.redundancy is not None
        and (entry.tenant.id, entry.host.redundancy) == (own.tenant.id, own.host.redundancy)
    )
    about = Concerned(partners - {name}, frozenset(), frozenset())
    return _ask(context, about)[1] if about.host else ()


def _ask(
    context: EstateContext, about: Concerned
) -> tuple[tuple[prometheus.ScrapeTarget, ...], tuple[str, ...]]:
    """Return the targets of some hosts and what is wrong with these and their probes."""
    api = apis(context)[0]
    targets = tuple(t for t in prometheus.targets(api) if about.has(t.labels))
    probes = prometheus.query(api, FAILED_PROBES)
    down = (f"{t.name}: {t.job} target is {t.health}" for t in targets if t.health != "up")
    failed = (f"{_subject(labels)}: {_probe(labels)}" for labels, _ in probes if about.has(labels))
    return targets, (*down, *failed)


def _subject(labels: Mapping[str, str]) -> str:
    return next(labels[kind] for kind in KINDS if labels.get(kind))


def _probe(labels: Mapping[str, str]) -> str:
    return f"{labels.get('__name__', 'a probe')} is 0 (job {labels.get('job')})"


def _counts(alert: prometheus.Alert, about: Concerned) -> bool:
    quiet = alert.name in NO_PROBLEMS or alert.labels.get("severity") == SILENT_SEVERITY
    return not quiet and about.has(alert.labels)


def wait_until_well(
    context: EstateContext,
    name: str,
    before: Collection[str],
    seconds: float,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[str, ...]:
    """Return what is wrong with a host that was not before; nothing once it is as well as then.

    Each of its targets has to be scraped anew first, so that nobody believes an old value. What
    Prometheus does not answer counts as wrong: the host may be the one that it runs on.
    """
    deadline, first = time.monotonic() + seconds, dict[str, str]()
    while True:
        try:
            health = read(context, name)
        except ApiError as error:
            problems = [f"the monitors do not answer: {error}"]
        else:
            first = first or dict(health.scrapes)
            problems = [*sorted(health.problems - set(before)), *_stale(health, first)]
        if not problems or time.monotonic() + PAUSE_SECONDS > deadline:
            return tuple(problems)
        pause(PAUSE_SECONDS)


def _stale(health: Health, first: Mapping[str, str]) -> Iterator[str]:
    if not health.scrapes:
        yield "Prometheus scrapes nothing of it"
    for target, scraped in health.scrapes:
        if scraped == first.get(target):
            yield f"{target}: not scraped since"
