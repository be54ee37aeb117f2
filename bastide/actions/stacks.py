"""The stacks of an estate: one, or one for central and one for each municipality."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from infra.engine import Project
from infra.engine.official import states
from infra.engine.stack.split import split
from infra.engine.stack.stack import files_of
from infra.engine.urns import STACK_TYPE, is_provider, name_of
from inventory.entries import tenants
from inventory.enums import StackLayout
from inventory.model.tenants import CENTRAL

PART = "bastide:municipality"
TOWN = "bastide:estate:Municipality"
REFERENCE = "pulumi:pulumi:StackReference"


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of the estate; `tenant` is empty when it holds all of it.

    `stands_on` is central's, whose outputs a municipality's refers to.
    """

    tenant: str
    project: Project
    stands_on: "Stack | None" = None

    @property
    def has_state(self) -> bool:
        """Whether it was ever provisioned."""
        return states.exists(self.project)

    @property
    def without_targets(self) -> "Stack":
        """The same for a run on all of its resources."""
        return replace(self, project=replace(self.project, targets=()))

    @property
    def types(self) -> frozenset[str]:
        """The types of what was provisioned, without what stands in every state."""
        types = {str(raw["type"]) for raw in states.recorded(self.project)}
        return frozenset(
            t for t in types if t not in (STACK_TYPE, REFERENCE) and not is_provider(t)
        )


def stacks(context: EstateContext, whole: Project, only: str | None = None) -> tuple[Stack, ...]:
    """Return the estate's stacks, central's first; `only` one tenant's.

    Municipalities that have left the inventory come last, as long as something of theirs is left.
    CommandError for a tenant that has no stack of its own, and for states that the inventory's
    layout cannot have left.
    """
    central = Stack(CENTRAL, replace(whole, config={**whole.config, PART: CENTRAL}))
    provisioned = tuple(_provisioned_towns(whole))
    if context.estate.stacks is StackLayout.ESTATE:
        _refuse_several(context, whole, only, provisioned)
        return (Stack("", whole),)
    declared = (tenant.id for tenant in tenants(context.estate) if tenant.id != CENTRAL)
    names = dict.fromkeys((*declared, *provisioned))
    known = {CENTRAL: central, **{name: _of_town(whole, name, central) for name in names}}
    if only is None and whole.targets:
        raise CommandError(
            "--target: each municipality has a stack of its own\n    expected: --municipality, for "
            "the stack that it is in\n    do: name both",
            Exit.WRONG_USE,
        )
    if only is None:
        return tuple(known.values())
    if only not in known:
        raise CommandError(
            f"--municipality {only}: there is none of that id"
            f"\n    expected: one of {', '.join(known)}\n    do: correct it",
            Exit.WRONG_USE,
        )
    return (known[only],)


def stacks_as_they_are(
    context: EstateContext, whole: Project, only: str | None = None
) -> tuple[Stack, ...]:
    """Return the stacks that there are: one, while the state waits to be split."""
    if not waits_to_be_split(context, whole):
        return stacks(context, whole, only)
    if only is not None:
        refuse_unsplit(context, whole)
    return (Stack("", whole),)


def waits_to_be_split(context: EstateContext, whole: Project) -> bool:
    """Say whether each municipality is to have its own stack, and one state still has them all."""
    several = context.estate.stacks is StackLayout.MUNICIPALITY
    return several and any(raw["type"] == TOWN for raw in states.recorded(whole))


def refuse_unsplit(context: EstateContext, whole: Project) -> None:
    """Raise CommandError while the state waits to be split."""
    if waits_to_be_split(context, whole):
        raise CommandError(
            f"estate {context.estate.estate}: one state still has all municipalities"
            "\n    expected: a state for each (stacks: municipality)"
            "\n    do: `bastide infra split`; it touches the state only, and remakes nothing",
            Exit.WRONG_USE,
        )


def split_if_asked(
    context: EstateContext, whole: Project, say: Callable[[str], None]
) -> dict[str, int]:
    """Split the state of a single stack where the estate wants several; nothing else is touched.

    Returns how many resources went to each. EngineError when that cannot be done.
    """
    if not waits_to_be_split(context, whole):
        return {}
    towns = [str(raw["urn"]) for raw in states.recorded(whole) if raw["type"] == TOWN]
    moves = {urn: _stack_name(whole, name_of(urn)) for urn in towns}
    moved = split(whole, moves, say)
    for name, number in moved.items():
        say(f"{number} resources moved to the state of {name}; nothing is remade")
    return moved


def _stack_name(whole: Project, town: str) -> str:
    return f"{whole.stack}-{town}"


def _of_town(whole: Project, town: str, central: Stack) -> Stack:
    config = {**whole.config, PART: town}
    return Stack(town, replace(whole, stack=_stack_name(whole, town), config=config), central)


def _provisioned_towns(whole: Project) -> Iterator[str]:
    """Yield the municipalities that have something in a stack of their own."""
    prefix = f"{whole.stack}-"
    for name in states.names(whole):
        if name.startswith(prefix) and Stack("", replace(whole, stack=name)).types:
            yield name.removeprefix(prefix)


def _refuse_several(
    context: EstateContext, whole: Project, only: str | None, provisioned: tuple[str, ...]
) -> None:
    file = context.folder / "estate.yml"
    if only is not None:
        raise CommandError(
            f"--municipality {only}: the estate has one stack for all of it"
            f"\n    expected: stacks: municipality in {file}"
            "\n    do: leave the option out, or write that; the next `bastide infra up` splits the "
            "state, and remakes nothing",
            Exit.WRONG_USE,
        )
    if provisioned:
        raise CommandError(
            f"{file}: {', '.join(provisioned)} have stacks of their own"
            f"\n    expected: stacks: municipality\n    found: {files_of(whole).checkpoint.parent}"
            "\n    do: write it again; several stacks are not joined to one",
            Exit.WRONG_USE,
        )
