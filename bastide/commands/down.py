"""`bastide down`: take a lab away."""

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option
from bastide.support.progress import Progress
from infra.errors import InfraError
from infra.lab.teardown import teardown
from inventory.enums import ProviderName


@click.command()
@estate_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--keep-state", is_flag=True, help="Keep keys, bundles and reports.")
def down(estate_name: str | None, yes: bool, keep_state: bool) -> int:
    """Take a lab away, and nothing else.

    Machines, mounts, namespaces, bridges, tables and processes go.
    """
    context = estate_context(estate_name)
    if context.estate.provider is not ProviderName.LAB:
        raise CommandError(
            f"estate {context.estate.estate} is not a lab (provider {context.estate.provider}); "
            "use `bastide infra destroy`",
            Exit.WRONG_USE,
        )
    if not yes:
        click.confirm(f"Take the lab {context.estate.estate} away?", abort=True)
    progress = Progress()
    with progress.stage(f"Take away {context.estate.estate}"):
        try:
            for line in teardown(context.estate.estate, context.state, keep_state=keep_state):
                progress.step(context.estate.estate, line)
        except InfraError as error:
            raise CommandError(str(error), Exit.FINDINGS) from None
    return Exit.WELL
