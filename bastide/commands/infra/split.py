"""`bastide infra split`: a state for each municipality."""

import click

from bastide.actions import provision, stacks
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option
from infra.engine import EngineError
from inventory.enums import StackLayout


@click.command("split")
@estate_option
def split_state(estate_name: str | None) -> int:
    """Give each municipality a state of its own; nothing is remade.

    Where estate.yml says `stacks: municipality`. `up` does it as well. The former state is kept
    among Pulumi's backups.
    """
    context = estate_context(estate_name)
    try:
        moved = stacks.split_if_asked(context, provision.project(context), click.echo)
    except EngineError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    if not moved:
        click.echo(
            "nothing to split: "
            + (
                "each municipality has its own"
                if context.estate.stacks is StackLayout.MUNICIPALITY
                else "estate.yml does not say stacks: municipality"
            )
        )
    return Exit.WELL
