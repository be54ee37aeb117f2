"""The drivers behind the provider: what kinds of resources each has."""

from functools import cache
from importlib import import_module
from typing import Any

from infra.driver.kind import Kind, Kinds

# By the middle of a token. Each is imported once a resource of it is met: all of them, with what
# they stand on, take half of the provider's start, and an estate has one or two.
_KINDS = {
    "lab": "infra.lab.kinds",
    "existing": "infra.existing.kinds",
    "libvirt": "infra.libvirt.kinds",
    "proxmox": "infra.proxmox.kinds",
}


def kind_of(token: str) -> Kind[Any] | None:
    """Return the kind that a token such as `bastide:lab:Machine` names; None when none has it."""
    _, _, rest = token.partition(":")
    driver = rest.partition(":")[0]
    return _kinds(driver).get(token) if driver in _KINDS else None


def every_kind() -> Kinds:
    """Return the kinds of all drivers, by token."""
    return {token: kind for driver in _KINDS for token, kind in _kinds(driver).items()}


@cache
def _kinds(driver: str) -> Kinds:
    kinds: Kinds = import_module(_KINDS[driver]).KINDS
    return kinds
