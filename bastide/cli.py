"""The command line: its commands in one table, and how errors become exit codes."""

import io
import os
import sys
from collections.abc import Mapping, Sequence

import click
from rich.console import Console

from bastide.support.errors import CommandError, Exit, describe_os_error
from bastide.support.lazy_group import LazyGroup
from inventory.outputs import OutputsError
from inventory.problems import InventoryError
from inventory.secrets import SecretError
from monitors.audit.archive.runs import AuditError

AUDIT = LazyGroup(
    "audit",
    {
        "controls": "bastide.commands.audit.controls:controls",
        "run": "bastide.commands.audit.run:run",
        "show": "bastide.commands.audit.show:show",
        "replay": "bastide.commands.audit.replay:replay",
        "report": "bastide.commands.audit.report:report",
        "history": "bastide.commands.audit.history:history",
        "verify": "bastide.commands.audit.verify:verify",
        "key": "bastide.commands.audit.key:key",
    },
    help="What is proved: audit hosts, show, report, replay, verify.",
)
SNMP = LazyGroup(
    "snmp",
    {
        "poll": "bastide.commands.snmp.poll:poll",
        "walk": "bastide.commands.snmp.record:walk",
        "record": "bastide.commands.snmp.record:record",
        "replay": "bastide.commands.snmp.replay:replay",
        "profiles": "bastide.commands.snmp.profiles:profiles",
        "discover": "bastide.commands.snmp.discover:discover",
        "set": "bastide.commands.snmp.set:set_",
    },
    help="What devices say over SNMP.",
)
COMMANDS: Mapping[str, str | click.Command] = {
    "up": "bastide.commands.up:up",
    "status": "bastide.commands.status:status",
    "down": "bastide.commands.down:down",
    "init": "bastide.commands.init:init",
    "municipality": "bastide.commands.municipality:group",
    "inventory": "bastide.commands.inventory:group",
    "infra": "bastide.commands.infra:group",
    "playbook": "bastide.commands.playbook:group",
    "monitor": "bastide.commands.monitor:group",
    "audit": AUDIT,
    "snmp": SNMP,
    "backup": "bastide.commands.backup:group",
    "lab": "bastide.commands.lab:group",
}
EXIT_CODES: tuple[tuple[type[Exception], Exit], ...] = (
    (InventoryError, Exit.WRONG_USE),
    (OutputsError, Exit.COULD_NOT_CHECK),
    (SecretError, Exit.COULD_NOT_CHECK),
    (AuditError, Exit.COULD_NOT_CHECK),
)
INTERRUPTED = 130

cli = click.version_option(package_name="bastide")(
    LazyGroup(
        "bastide",
        COMMANDS,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        help="""Provision, harden, back up and watch the IT of many municipalities from one
        inventory.

        Exit status of every command: 0 well, 1 findings, 2 wrong use or invalid input, 3 could
        not check.
        """,
    )
)


def main() -> None:
    """Run the command that the process was started with, and exit with its status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as Python's standard error is
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status; an expected error is a message, no traceback."""
    try:
        if any("\0" in argument for argument in arguments):
            raise click.UsageError("an argument has a NUL character in it")
        return cli.main(list(arguments), prog_name="bastide", standalone_mode=False) or Exit.WELL
    except click.ClickException as error:
        error.show()
        return Exit.WRONG_USE
    except (click.Abort, KeyboardInterrupt):
        _show_error("stopped; run the same command again to go on from here")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.WELL
    except CommandError as error:
        _show_error(str(error))
        return error.code
    except tuple(kind for kind, _ in EXIT_CODES) as error:
        _show_error(str(error))
        return next(code for kind, code in EXIT_CODES if isinstance(error, kind))
    except OSError as error:
        _show_error(describe_os_error(error))
        return Exit.COULD_NOT_CHECK


def _show_error(message: str) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(message, style="bold red", markup=False)
