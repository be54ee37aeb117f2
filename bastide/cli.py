"""The command's contents page: which words it knows, and how errors become exit codes."""

import os
import sys

import click
from rich.console import Console

from bastide.commands import audit, backup, chain, infra, playbook, scaffold, snmp
from bastide.commands import inventory as inventory_commands
from bastide.commands import monitor as monitor_commands
from bastide.errors import CommandError, Exit
from inventory.outputs import OutputsError
from inventory.problems import InventoryError
from inventory.secrets import SecretError

EXIT_CODES: tuple[tuple[type[Exception], Exit], ...] = (
    (InventoryError, Exit.WRONG_USE),
    (OutputsError, Exit.COULD_NOT_CHECK),
    (SecretError, Exit.COULD_NOT_CHECK),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="bastide")
def cli() -> None:
    """Provision, harden, back up and watch the IT of many municipalities from one inventory.

    Exit status of every command: 0 well, 1 findings, 2 wrong use or invalid input, 3 could not
    check.
    """


for _command in (
    chain.up,
    chain.status,
    chain.down,
    scaffold.init,
    scaffold.municipality,
    inventory_commands.group,
    infra.group,
    playbook.group,
    monitor_commands.group,
    audit.group,
    backup.group,
    snmp.group,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command; every expected error is a message and an exit status, never a traceback."""
    try:
        sys.exit(cli(standalone_mode=False) or Exit.WELL)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.WRONG_USE)
    except (click.Abort, KeyboardInterrupt):
        _say("stopped; run the same command again to go on from here")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.WELL)
    except CommandError as error:
        _say(str(error))
        sys.exit(error.code)
    except tuple(kind for kind, _ in EXIT_CODES) as error:
        _say(str(error))
        sys.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))


def _say(message: str) -> None:
    Console(stderr=True, highlight=False).print(
        message, style="bold red", markup=False, soft_wrap=True
    )
