"""The kinds of resources of the driver for existing hosts."""

from infra.driver.kind import Kind, Kinds, Progress, Values
from infra.driver.shape import Shape
from infra.existing.host import ExistingSpec, verify


def ensure_machine(_estate: str, spec: ExistingSpec, _progress: Progress) -> Values:
    """Verify the host's key."""
    verify(spec)
    return {}


def read_machine(_estate: str, spec: ExistingSpec) -> Values | None:
    """Verify the host's key."""
    verify(spec)
    return {}


def delete_machine(_estate: str, _spec: ExistingSpec) -> None:
    """Leave the host alone: it was there before us."""


KINDS: Kinds = {
    "bastide:existing:Machine": Kind(
        summary="A host that is there already: its SSH host key is verified, nothing is changed; "
        "one that is only watched, is this machine or is behind a jump host is left to "
        "`bastide host check`",
        shape=Shape(ExistingSpec),
        outputs={},
        replaces=frozenset({"estate", "name", "address"}),
        ensure=ensure_machine,
        read=read_machine,
        delete=delete_machine,
    ),
}
