"""Which profiles suit a device: by what it says it is, and by what it really answers."""

from collections.abc import Iterable, Mapping

from monitors.snmp import oid
from monitors.snmp.client import Missing, Session
from monitors.snmp.profile import Profile

MOST_STUMBLES = 3
# Subtrees between two notes of what is known of them: four full questions.
ROOTS_AT_ONCE = 64
SYS_UP_TIME = oid.encode("1.3.6.1.2.1.1.3.0")
SYS_OBJECT_ID = oid.encode("1.3.6.1.2.1.1.2.0")


async def select_profiles(
    session: Session, profiles: Iterable[Profile], seen: dict[str, bool] | None = None
) -> tuple[Profile, ...]:
    """Ask the device which of the profiles it can answer; in their order.

    One GETNEXT a subtree, many in a packet. ``seen`` keeps what is known of subtrees, so that a
    slow device that was cut off goes on with the next poll. Raises SnmpError.
    """
    # Two, so that an agent that stumbles over the one shows that it is there by the other.
    object_id = (await session.get([SYS_OBJECT_ID, SYS_UP_TIME])).get(SYS_OBJECT_ID)
    fitting = [profile for profile in profiles if matches_object_id(profile, object_id)]
    known = {} if seen is None else seen
    roots = [r for r in dict.fromkeys(r for p in fitting for r in p.present) if r not in known]
    for start in range(0, len(roots), ROOTS_AT_ONCE):
        await _look(session, roots[start : start + ROOTS_AT_ONCE], known)
    # Something is there that cannot be answered. Of many, the agent lacks most: it stumbles over
    # what follows them.
    stumbled = [root for root in roots if oid.encode(root) in session.failed]
    few = set(stumbled if len(stumbled) <= MOST_STUMBLES else ())
    there = [p for p in fitting if any(known[root] or root in few for root in p.present)]
    names = {profile.profile for profile in there}
    return tuple(profile for profile in there if not names & set(profile.unless))


async def _look(session: Session, roots: list[str], known: dict[str, bool]) -> None:
    octets = [oid.encode(root) for root in roots]
    answers = await session.next(octets)
    for root, below, (following, value) in zip(roots, octets, answers, strict=True):
        known[root] = following.startswith(below) and not isinstance(value, Missing)


def matches_object_id(profile: Profile, object_id: object) -> bool:
    """Whether a sysObjectID is one that the profile is for."""
    if not profile.object_ids:
        return True
    dotted = f"{object_id}."
    return any(dotted.startswith(f"{prefix}.") for prefix in profile.object_ids)


def profiles_by_name(
    names: Iterable[str], catalogue: Mapping[str, Profile]
) -> tuple[tuple[Profile, ...], tuple[str, ...]]:
    """Return the profiles of those names, and the names that no profile has."""
    wanted = tuple(dict.fromkeys(names))
    profiles = tuple(catalogue[name] for name in wanted if name in catalogue)
    return profiles, tuple(name for name in wanted if name not in catalogue)
