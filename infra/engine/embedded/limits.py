"""What a run does not touch that is limited to some targets."""

from infra.engine import urns
from infra.engine.embedded.registration import Registration, needs
from infra.engine.embedded.responses import ProviderError
from infra.engine.embedded.session import Session
from infra.engine.stack.resource_state import ResourceState, references


def leaves_alone(session: Session, urn: str, registration: Registration) -> bool:
    """Say whether the run leaves a registered resource as it is.

    Components make nothing, and the engine's own providers are part of what uses them.
    """
    theirs = registration.custom and not urns.is_default_provider(urn)
    return theirs and not session.targets.match(urn)


def former(session: Session, urn: str, registration: Registration) -> ResourceState | None:
    """Return what the state has of a resource that is left alone.

    Raises ProviderError when what it stands on there has not come before it in this run: its place
    in the state would be wrong, for in the program it stands on something else.
    """
    copies = (session.snapshot.former(one) for one in (urn, *registration.aliases))
    old = next((one for one in copies if one is not None), None)
    if old is None:
        return None
    stands_on = {*references(old), urns.split_reference(old.provider)[0]} - {""}
    late = sorted(one for one in stands_on if session.snapshot.former(one) is not None)
    if late:
        raise ProviderError(
            f"the state has it stand on {urns.name_of(late[0])}, and the program does not any "
            "more: name it as a target as well"
        )
    return old


def refuse_left_out(session: Session, registration: Registration) -> None:
    """Raise ProviderError for a target that stands on what is no target and not there."""
    missing = sorted(needs(registration) & session.left_out)
    if missing:
        raise ProviderError(
            f"it depends on {urns.name_of(missing[0])}, which is not there and no target: name it "
            "as a target as well"
        )


def unmatched(session: Session, known: set[str]) -> tuple[str, ...]:
    """Return the targets that no resource is, of the program or of the state before (`known`)."""
    return session.targets.unmatched(known | session.registered)
