"""The rules that every Pulumi snapshot keeps (pkg/resource/deploy/snapshot.go, VerifyIntegrity)."""

from collections.abc import Iterable

from infra.engine.stack.resource_state import ResourceState, references


def problems(resources: Iterable[ResourceState]) -> list[str]:
    """Return what is wrong with a snapshot's resources; empty when it is sound.

    Parents, dependencies and providers come before the resources that name them, and a URN has at
    most one live copy.
    """
    broken: list[str] = []
    urns: set[str] = set()
    live: set[str] = set()
    providers: set[str] = set()
    for state in resources:
        broken += [
            f"{state.urn} refers to {other}, which does not come before it"
            for other in references(state)
            if other not in urns
        ]
        if state.provider and state.provider not in providers:
            broken.append(f"{state.urn} uses the provider {state.provider}, not before it")
        if not state.delete and state.urn in live:
            broken.append(f"{state.urn} is there twice")
        urns.add(state.urn)
        providers.add(f"{state.urn}::{state.id}")
        if not state.delete:
            live.add(state.urn)
    return broken
