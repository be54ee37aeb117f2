"""Whether this machine can carry the lab of an estate."""

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from infra.lab import preflight
from inventory.enums import ProviderName


def refuse_unfit_machine(context: EstateContext) -> None:
    """Raise CommandError, with all that is missing, when an estate's lab cannot be made here."""
    if context.estate.provider is not ProviderName.LAB:
        return
    problems = preflight.check(context.estate, context.state)
    if problems:
        raise CommandError("\n".join(map(str, problems)), Exit.COULD_NOT_CHECK)
