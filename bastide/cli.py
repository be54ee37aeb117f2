"""The command's contents page: which words it knows, and how errors become exit codes."""

import os
import sys
from importlib import import_module

import click
from rich.console import Console

from bastide.errors import CommandError, Exit
from inventory.outputs import OutputsError
from inventory.problems import InventoryError
from inventory.secrets import SecretError
from monitors.audit.model.results import AuditError

# A word is imported when it is used: the operations machine has no provisioning installed.
WORDS: dict[str, tuple[str, str]] = {
    "up": ("bastide.commands.chain", "up"),
    "status": ("bastide.commands.status", "status"),
    "down": ("bastide.commands.chain", "down"),
    "init": ("bastide.commands.scaffold", "init"),
    "municipality": ("bastide.commands.scaffold", "municipality"),
    "inventory": ("bastide.commands.inventory", "group"),
    "infra": ("bastide.commands.infra", "group"),
    "playbook": ("bastide.commands.playbook", "group"),
    "monitor": ("bastide.commands.monitor", "group"),
    "audit": ("bastide.commands.audit", "group"),
    "snmp": ("bastide.commands.snmp", "group"),
    "backup": ("bastide.commands.backup", "group"),
    "lab": ("bastide.commands.lab", "group"),
}
EXIT_CODES: tuple[tuple[type[Exception], Exit], ...] = (
    (InventoryError, Exit.WRONG_USE),
    (OutputsError, Exit.COULD_NOT_CHECK),
    (SecretError, Exit.COULD_NOT_CHECK),
    (AuditError, Exit.COULD_NOT_CHECK),
)


class Contents(click.Group):
    """The words of WORDS, in that order, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the words."""
        return list(WORDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a word; one that needs what is not installed here says so when it is used."""
        if cmd_name not in WORDS:
            return None
        module, attribute = WORDS[cmd_name]
        try:
            command: click.Command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] in sys.modules:
                raise
            return _not_installed(cmd_name, error.name or "")
        return command


def _not_installed(word: str, module: str) -> click.Command:
    text = f"Not installed here: needs {module}; pip install 'bastide[provision]'."

    def complain(words: tuple[str, ...]) -> None:
        raise CommandError(f"bastide {word}: {text}", Exit.WRONG_USE)

    words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)
    settings = {"ignore_unknown_options": True}
    return click.Command(
        word, callback=complain, params=[words], help=text, context_settings=settings
    )


@click.command(
    cls=Contents, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="bastide")
def cli() -> None:
    """Provision, harden, back up and watch the IT of many municipalities from one inventory.

    Exit status of every command: 0 well, 1 findings, 2 wrong use or invalid input, 3 could not
    check.
    """


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
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(message, style="bold red", markup=False)
