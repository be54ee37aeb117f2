"""How a hypervisor's machines, networks and volumes are known as this estate's own.

Each has an identity that follows from the estate, the kind and the name, and that nothing made by
hand can have by chance: what was made before a crash is found again, and what others made is not
touched, whatever it is called.
"""

import uuid
from typing import Final

from infra.errors import InfraError, failed

_NAMESPACE: Final = uuid.UUID("7b0f1c52-6a0d-4a53-9e0e-5d1c6f0a8b27")
_TAG_LENGTH = 8


def identity(estate: str, kind: str, name: str) -> str:
    """Return the UUID of something of an estate (RFC 9562, version 5)."""
    return str(uuid.uuid5(_NAMESPACE, f"{estate}/{kind}/{name}"))


def own_name(estate: str, name: str) -> str:
    """Return what it is called among others' machines and networks."""
    return f"bastide-{estate}-{name}"


def volume_name(estate: str, name: str, suffix: str) -> str:
    """Return a volume's file name: volumes have no UUID, so a piece of one is part of the name."""
    tag = identity(estate, "volume", f"{name}.{suffix}")[:_TAG_LENGTH]
    return f"{own_name(estate, name)}-{tag}.{suffix}"


def taken(kind: str, name: str, place: str, found: str) -> InfraError:
    """Return the error for a name that something of others has."""
    return failed(
        f"{kind} {name} on {place}",
        expected="nothing of that name, or what Bastide made for this estate",
        found=f"one that others made ({found})",
        advice="rename theirs, or give the estate or the host another name: it is left as it is",
    )
