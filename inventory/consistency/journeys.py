"""Journeys that cannot be: two of one name, secrets sent in the open, pages of other servers."""

from collections.abc import Iterator, Sequence
from urllib.parse import urljoin, urlsplit

from inventory.enums import CertificateTrust
from inventory.model.journeys import Journey
from inventory.model.tenants import Service
from inventory.parsed import ParsedTenant
from inventory.problems import Problem
from inventory.source import PathKey
from inventory.web_servers import allowed_servers, server_of


def find_journey_problems(tenants: Sequence[ParsedTenant]) -> Iterator[Problem]:
    """Yield what is wrong with the journeys of services."""
    for tenant in tenants:
        for row, service in enumerate(tenant.value.services):
            seen: set[str] = set()
            for number, journey in enumerate(service.journeys):
                path: PathKey = ("services", row, "journeys", number)
                if journey.id in seen:
                    yield tenant.problem(
                        (*path, "id"),
                        f"two journeys of {service.id} are called {journey.id!r}",
                        "an id of its own for each",
                        "rename one of them",
                    )
                seen.add(journey.id)
                yield from _open_secrets(tenant, path, service, journey)
                yield from _other_servers(tenant, path, service, journey)


def _open_secrets(
    tenant: ParsedTenant, path: PathKey, service: Service, journey: Journey
) -> Iterator[Problem]:
    if not journey.secrets:
        return
    if not service.url.startswith("https:"):
        reason, expected = "without TLS", "a service whose url is https://"
    elif service.certificate is CertificateTrust.ANY:
        reason = "to whoever shows any certificate"
        expected = "a service without `certificate: any`"
    else:
        return
    number = next(n for n, step in enumerate(journey.steps) if step.send and step.send.secrets)
    yield tenant.problem(
        (*path, "steps", number, "send", "secrets"),
        f"a secret would be sent {reason}",
        expected,
        "give the service a certificate that is trusted, or leave the secret out",
    )


def _other_servers(
    tenant: ParsedTenant, path: PathKey, service: Service, journey: Journey
) -> Iterator[Problem]:
    allowed = allowed_servers(service.url, journey.hosts)
    for number, step in enumerate(journey.steps):
        if step.get is None:
            continue
        address = urljoin(service.url, step.get)
        if server_of(address) not in allowed:
            yield tenant.problem(
                (*path, "steps", number, "get"),
                f"{urlsplit(address).netloc} is not the service's own server",
                f"one of: {', '.join(sorted(allowed))}",
                "name it in the journey's `hosts`, or correct the address",
            )
        elif service.url.startswith("https:") and address.startswith("http:"):
            yield tenant.problem(
                (*path, "steps", number, "get"),
                "a service with TLS is left without it",
                "an address that begins with https://",
                "correct the address",
            )
