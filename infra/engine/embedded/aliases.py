"""Under which URNs a resource may stand in the former state, and who takes what is there.

As in Pulumi's engine (pkg/resource/deploy/step_generator.go): its own URN first, then the aliases
in their order, then those that follow from the name that its parent had.
"""

from infra.engine import urns
from infra.engine.embedded.registration import AliasSpec, DuplicateError, Registration
from infra.engine.embedded.session import Session
from infra.engine.stack.resource_state import ResourceState


def expanded(session: Session, registration: Registration) -> tuple[str, ...]:
    """Return the URNs that a registration's aliases stand for, each once, in their order."""
    own = [_urn(session, registration, alias) for alias in registration.alias_specs]
    former_parent = session.took.get(registration.parent)
    inherited: list[str] = []
    if former_parent:
        places = [(registration.type, registration.name)]
        places += [(urns.type_of(urn), urns.name_of(urn)) for urn in own]
        inherited = [
            _below(session, former_parent, registration.parent, type_, name)
            for type_, name in places
        ]
    return tuple(dict.fromkeys((*own, *inherited)))


def _urn(session: Session, registration: Registration, alias: AliasSpec) -> str:
    if alias.urn:
        return alias.urn
    parent = alias.parent or registration.parent
    if alias.parent:
        parent = session.took.get(alias.parent, alias.parent)
    return urns.make(
        alias.stack or session.stack,
        alias.project or session.project.name,
        "" if alias.no_parent else parent,
        alias.type or registration.type,
        alias.name or registration.name,
    )


def _below(session: Session, former: str, parent: str, type_: str, name: str) -> str:
    """Return a child's URN below the URN that its parent had; names often begin with a parent's."""
    prefix = urns.name_of(parent)
    if name.startswith(prefix):
        name = urns.name_of(former) + name.removeprefix(prefix)
    return urns.make(session.stack, session.project.name, former, type_, name)


def take_former(session: Session, urn: str, registration: Registration) -> ResourceState | None:
    """Return what the former state has of a resource, which is nobody else's from then on.

    DuplicateError when an alias names what another resource of the program is, or has taken.
    """
    with session.snapshot.lock:
        former = session.snapshot.former(urn)
        for alias in () if former is not None else registration.aliases:
            former = session.snapshot.former(alias)
            other = session.taken_by.get(alias) or (alias if alias in session.registered else None)
            # Whether it is settled already is a matter of which of the two came first.
            if other is not None and alias in session.snapshot.former_urns:
                raise DuplicateError(
                    f"{urn} has the alias {alias}, which {other} is or has as well: take the "
                    "alias away from one of them"
                )
            if former is not None:
                session.taken_by[alias], session.took[urn] = urn, alias
                break
        return former


def refuse_taken(session: Session, urn: str) -> None:
    """Raise DuplicateError for a resource whose former self another one has taken by its alias."""
    other = session.taken_by.get(urn)
    if other is not None:
        raise DuplicateError(
            f"two resources have the URN {urn}: {other} has it as an alias; take the alias away, "
            "or name one differently"
        )
