"""Scopes of silences: the estate, a tenant, or a host, device or service by its full name."""

from collections.abc import Iterator, Mapping, Sequence

from inventory.entries import InventoryService, devices, hosts, owners, services, tenants
from inventory.model.estate import Estate
from inventory.model.tenants import CENTRAL
from inventory.model.waivers import ESTATE_SCOPE
from monitors.maintenance.silences import Matcher

NEVER_SILENT = ("Watchdog", "NotificationTest")
"""Alerts that no scope covers: what they prove is wanted in a window as well."""
EVERY_ALERT = (
    Matcher("alertname", ".+", is_regex=True),
    Matcher("alertname", "|".join(NEVER_SILENT), is_regex=True, is_equal=False),
)
NAMES = ("host", "device", "service", "municipality")


def scopes(estate: Estate) -> dict[str, tuple[str, ...]]:
    """Return every scope with the labels that say it: none for the estate.

    A service may have the name of a host or device: the scope is both then.
    """
    named: dict[str, tuple[str, ...]] = {ESTATE_SCOPE: ()}
    for label, name in _named(estate):
        named[name] = (*named.get(name, ()), label)
    return named


def matchers_of(labels: Sequence[str], scope: str) -> Iterator[tuple[Matcher, ...]]:
    """Yield what the silences of a scope match: one silence for each of its labels."""
    if not labels:
        yield EVERY_ALERT
    for label in labels:
        yield (*EVERY_ALERT, Matcher(label, scope))


def scope_of(matchers: Sequence[Matcher]) -> str:
    """Return the scope that matchers are of; of others, as Alertmanager writes them."""
    match sorted(set(matchers) - set(EVERY_ALERT)):
        case [] if len(set(matchers)) == len(EVERY_ALERT):
            return ESTATE_SCOPE
        case [Matcher(name, value, False, True)] if name in NAMES:
            return value
    return ", ".join(map(str, sorted(matchers)))


def municipality_of(estate: Estate) -> Mapping[str, str]:
    """Return the tenant of each scope; the estate's is central."""
    return {ESTATE_SCOPE: CENTRAL} | owners(estate)


def labels_of(entry: InventoryService) -> Iterator[dict[str, str]]:
    """Yield what alerts of a service on each of its hosts are labelled with, for scopes."""
    for host in entry.hosts:
        yield {
            "alertname": "ServiceDown",
            "municipality": entry.tenant.id,
            "host": host,
            "service": entry.name,
        }


def _named(estate: Estate) -> Iterator[tuple[str, str]]:
    for tenant in tenants(estate):
        yield "municipality", tenant.id
    for host in hosts(estate):
        yield "host", host.name
    for device in devices(estate):
        yield "device", device.name
    for service in services(estate):
        yield "service", service.name
