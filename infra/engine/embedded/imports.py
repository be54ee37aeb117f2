"""Taking up resources that are there already (the option `import`)."""

from dataclasses import replace

from infra.engine.embedded.decisions import Action, Decision
from infra.engine.embedded.refresh import read_state
from infra.engine.embedded.registration import Registration
from infra.engine.embedded.responses import Diff, ProviderError
from infra.engine.embedded.session import Session
from infra.engine.stack.resource_state import ResourceState


def wanted(registration: Registration, old: ResourceState | None) -> bool:
    """Say whether the registration names a resource that the state does not have by that id."""
    given = registration.import_id
    return bool(given) and (old is None or old.external or old.id != given)


def read(session: Session, blank: ResourceState, old: ResourceState | None) -> ResourceState:
    """Read the resource that is to be taken up; `blank` is its state without what is read.

    Raises ProviderError when there is none, and when another one is managed under this URN.
    """
    if old is not None and old.id and not old.external:
        raise ProviderError(
            f"it is {old.id!r} already, and the embedded engine does not import "
            f"{blank.import_id!r} over it: give the imported one another name, or use the official "
            "CLI (--engine pulumi)"
        )
    asked = replace(blank, id=blank.import_id)
    reading = session.provider(asked).read(asked)
    if not reading.id:
        raise ProviderError(
            f"there is no {blank.type} with the id {blank.import_id!r} to import: correct the id, "
            "or remove `import` from the program to make it"
        )
    return read_state(asked, reading)


def refuse_difference(diff: Diff) -> None:
    """Raise ProviderError when what is there is not what the program wants."""
    if diff.changed or diff.replace:
        keys = sorted({*diff.changed_keys, *diff.replace_keys})
        raise ProviderError(
            f"inputs to import do not match the existing resource: {', '.join(keys) or 'some'}; "
            "write into the program what there is, then change it in a later run"
        )


def refuse_replacement(registration: Registration, decision: Decision) -> None:
    """Raise ProviderError when a resource would be made anew that is still said to be imported."""
    if registration.import_id and decision.action in (Action.REPLACE, Action.RECREATE):
        raise ProviderError(
            "previously-imported resources that still specify an ID may not be replaced: remove "
            f"`import` from the program ({', '.join(decision.keys)})"
        )
