"""The command line: its commands in one table, and how errors become exit codes."""

import gc
import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

import click
from rich.console import Console

from bastide.support.errors import CommandError, Exit, describe_os_error
from bastide.support.lazy_group import Lazy, LazyGroup
from bastide.support.termination import Terminated, end, raise_on_signals
from inventory.outputs import OutputsError
from inventory.problems import InventoryError
from inventory.secrets import SecretError
from monitors.audit.archive.runs import AuditError

AUDIT = LazyGroup(
    "audit",
    {
        "controls": Lazy(
            "bastide.commands.audit.controls:controls",
            "List the controls, or show one CONTROL with its reason.",
        ),
        "run": Lazy(
            "bastide.commands.audit.run:run", "Audit the hosts now (exit 1 when a control fails)."
        ),
        "follow": Lazy(
            "bastide.commands.audit.follow:follow",
            "Audit hosts as soon as they say that something changed.",
        ),
        "show": Lazy(
            "bastide.commands.audit.show:show",
            "Show every host's newest kept results; asks no host.",
        ),
        "replay": Lazy(
            "bastide.commands.audit.replay:replay",
            "Judge a kept BUNDLE again, by today's rules or a day's.",
        ),
        "report": Lazy(
            "bastide.commands.audit.report:report",
            "Write the compliance report, for people and programs.",
        ),
        "history": Lazy(
            "bastide.commands.audit.history:history",
            "Show since when controls fail, and what was mended lately.",
        ),
        "verify": Lazy(
            "bastide.commands.audit.verify:verify",
            "Check an evidence FILE offline (exit 1 names the broken record).",
        ),
        "key": Lazy(
            "bastide.commands.audit.key:key", "Show the fingerprint of this machine's signing key."
        ),
    },
    help="What is proved: audit hosts, show, report, replay, verify.",
)
BACKUP = LazyGroup(
    "backup",
    {
        "status": Lazy(
            "bastide.commands.backup.status:status",
            "Show snapshots against their RPO, and drills (exit 1 when late).",
        ),
        "run": Lazy("bastide.commands.backup.runs:run", "Back up every plan now."),
        "drill": Lazy(
            "bastide.commands.backup.runs:drill",
            "Restore the newest snapshots, prove them, measure RPO and RTO.",
        ),
        "restore": Lazy(
            "bastide.commands.backup.restore:restore",
            "Bring data back, beside what is there (exit 1: not as backed up).",
        ),
        "plan": Lazy(
            "bastide.commands.backup.plan:plan",
            "Say in which order all is rebuilt, and how long it takes.",
        ),
        "escrow": LazyGroup(
            "escrow",
            {
                "seal": Lazy(
                    "bastide.commands.backup.escrow:seal",
                    "Seal all repositories' passwords for the holders, put them on vaults.",
                ),
                "open": Lazy(
                    "bastide.commands.backup.escrow:open_sealed",
                    "Open the escrow FILE of a vault with a holder's key; prints passwords.",
                ),
                "drill": Lazy(
                    "bastide.commands.backup.escrow:drill",
                    "Open every repository with its password of the escrow (exit 1: not all).",
                ),
            },
            help="The way in to all copies when the team's machines are lost.",
        ),
        "configurations": LazyGroup(
            "configurations",
            {
                "run": Lazy(
                    "bastide.commands.backup.configurations:run",
                    "Read devices NAMES now, by default all, keep what changed (exit 1: not all).",
                ),
                "status": Lazy(
                    "bastide.commands.backup.configurations:status",
                    "Show when each configuration was kept and changed (exit 1: one is old).",
                ),
                "show": Lazy(
                    "bastide.commands.backup.configurations:show",
                    "Print DEVICE's configuration as it is kept, or list its versions.",
                ),
                "diff": Lazy(
                    "bastide.commands.backup.configurations:diff",
                    "Print what differs between two versions, by default the last (exit 1).",
                ),
            },
            help="Versions of network gear's configurations, without their secrets.",
        ),
        "report": Lazy(
            "bastide.commands.backup.report:report",
            "Say what each service promises, and what is proved (exit 1: not all).",
        ),
    },
    help="What could be restored: status, run, drill, restore, plan, escrow and more.",
)
INFRA = LazyGroup(
    "infra",
    {
        "preview": Lazy(
            "bastide.commands.infra.run:preview", "Show what `up` would do; nothing is changed."
        ),
        "up": Lazy(
            "bastide.commands.infra.run:up", "Provision: create, update or replace what differs."
        ),
        "refresh": Lazy(
            "bastide.commands.infra.run:refresh", "Read what really exists into the state."
        ),
        "drift": Lazy(
            "bastide.commands.infra.drift:drift", "Look what differs from what was provisioned."
        ),
        "schedule": Lazy(
            "bastide.commands.infra.drift:schedule",
            "Write a systemd timer that looks for drift and sends it.",
        ),
        "destroy": Lazy(
            "bastide.commands.infra.run:destroy",
            "Take away everything that was provisioned; asks first.",
        ),
        "outputs": Lazy(
            "bastide.commands.infra.outputs:outputs",
            "Show what was provisioned: addresses and SSH host keys.",
        ),
        "policies": Lazy(
            "bastide.commands.infra.policies:list_policies",
            "List the policies that are held before anything is changed.",
        ),
        "split": Lazy(
            "bastide.commands.infra.split:split_state",
            "Give each municipality a state of its own; nothing is remade.",
        ),
    },
    help="What we provision: preview, up, refresh, drift, destroy, policies.",
)
HOST = LazyGroup(
    "host",
    {
        "adopt": Lazy(
            "bastide.commands.host.adopt:adopt",
            "Read the server at ADDRESS, print its part of the inventory.",
        ),
        "scan": Lazy(
            "bastide.commands.host.scan:scan",
            "List what answers in NETWORK, and how to take it in (exit 1).",
        ),
        "look": Lazy(
            "bastide.commands.host.look:look", "Read hosts again and compare (exit 1: one differs)."
        ),
        "impact": Lazy(
            "bastide.commands.host.impact:impact",
            "Say what a level would change at HOST (exit 1: cuts somebody off).",
        ),
        "check": Lazy(
            "bastide.commands.host.check:check",
            "Log in to hosts, change nothing, say what is missing (exit 1).",
        ),
        "isolate": Lazy(
            "bastide.commands.host.isolate:isolate",
            "Keep evidence of HOST, then cut it off (exit 1: not both).",
        ),
        "release": Lazy(
            "bastide.commands.host.release:release",
            "Undo all that Bastide did at HOST (exit 1: not all of it).",
        ),
    },
    help="Servers: find, adopt, look, impact, check, isolate, release.",
)
MONITOR = LazyGroup(
    "monitor",
    {
        "serve": Lazy(
            "bastide.commands.monitor.serve:serve", "Serve metrics to Prometheus over HTTP."
        ),
        "journey": Lazy(
            "bastide.commands.monitor.journey:journey",
            "Take a journey of a service once, from here (exit 1 when it fails).",
        ),
        "login": Lazy(
            "bastide.commands.monitor.login:login",
            "Show where Prometheus and Alertmanager are, and their login.",
        ),
        "bridge": Lazy(
            "bastide.commands.monitor.bridge:bridge",
            "Send alerts by Matrix, ntfy, Telegram, SMS, and what has a fallback.",
        ),
        "targets": Lazy(
            "bastide.commands.monitor.targets:targets",
            "List what Prometheus scrapes, by job, and ports not probed.",
        ),
        "rules": Lazy(
            "bastide.commands.monitor.rules:rules",
            "List the alerts with severity, delay and runbook.",
        ),
    },
    help="What is true: serve metrics, send alerts, list targets and rules, open Prometheus.",
)
SNMP = LazyGroup(
    "snmp",
    {
        "poll": Lazy(
            "bastide.commands.snmp.poll:poll",
            "Poll devices NAMES once, by default all (exit 1: no answer).",
        ),
        "get": Lazy(
            "bastide.commands.snmp.get:get",
            "Print single values of TARGET (exit 1: one of them is not there).",
        ),
        "walk": Lazy(
            "bastide.commands.snmp.record:walk", "Print what TARGET answers, as `.snmprec` lines."
        ),
        "record": Lazy(
            "bastide.commands.snmp.record:record",
            "Write all that TARGET answers to FILE, to replay it elsewhere.",
        ),
        "replay": Lazy("bastide.commands.snmp.replay:replay", "Serve recordings FILES as agents."),
        "profiles": Lazy(
            "bastide.commands.snmp.profiles:profiles",
            "List the SNMP profiles, or document the one called NAME.",
        ),
        "profile": Lazy(
            "bastide.commands.snmp.profile:group",
            "Draft a profile from a recording; check profiles.",
        ),
        "discover": Lazy(
            "bastide.commands.snmp.discover:discover",
            "Compare LLDP neighbours with the inventory (exit 1: differ).",
        ),
        "set": Lazy(
            "bastide.commands.snmp.set:set_",
            "Set OID of DEVICE to VALUE, read it back (exit 1: not taken).",
        ),
    },
    help="What devices say over SNMP.",
)
COMMANDS: Mapping[str, Lazy | click.Command] = {
    "up": Lazy(
        "bastide.commands.up:up", "Provision, configure, audit, harden, back up and collect."
    ),
    "status": Lazy(
        "bastide.commands.status:status",
        "Show what is wrong now, the worst first (exit 1 when anything).",
    ),
    "runbook": Lazy(
        "bastide.commands.runbook:runbook",
        "Print what to do about ALERT at HOST, with addresses and contacts.",
    ),
    "down": Lazy("bastide.commands.down:down", "Take a lab away, and nothing else."),
    "init": Lazy("bastide.commands.init:init", "Lay out a new estate in FOLDER."),
    "municipality": Lazy(
        "bastide.commands.municipality:group", "The municipalities of an estate: add the next one."
    ),
    "inventory": Lazy(
        "bastide.commands.inventory:group", "What we own: check it, show it, print its schema."
    ),
    "infra": INFRA,
    "playbook": Lazy(
        "bastide.commands.playbook:group",
        "What we configure: check the playbooks, run one, undo a run.",
    ),
    "patch": Lazy(
        "bastide.commands.patch:group", "Updates, wave by wave: show the order, install them."
    ),
    "monitor": MONITOR,
    "notify": Lazy(
        "bastide.commands.notify:group",
        "Whom alerts reach: list the channels, show who is on call, test them.",
    ),
    "silence": Lazy(
        "bastide.commands.silence:group",
        "Notify nobody of SCOPE for a while, with a reason; list, end.",
    ),
    "ack": Lazy("bastide.commands.ack:ack", "Say who is on ALERT, and until when."),
    "host": HOST,
    "audit": AUDIT,
    "snmp": SNMP,
    "backup": BACKUP,
    "lab": Lazy(
        "bastide.commands.lab:group", "The lab's machines, for rehearsals: list, stop, start them."
    ),
}
EXIT_CODES: tuple[tuple[type[Exception], Exit], ...] = (
    (InventoryError, Exit.WRONG_USE),
    (OutputsError, Exit.COULD_NOT_CHECK),
    (SecretError, Exit.COULD_NOT_CHECK),
    (AuditError, Exit.COULD_NOT_CHECK),
)
INTERRUPTED = 130
OBJECTS_BETWEEN_COLLECTIONS = 20_000  # Python's own: 700
STOPPED = "stopped; run the same command again to go on from here"

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
    # What a command loads stays until it ends: looking for garbage in it, each time that 700 more
    # objects are there, took a fifth of a short command's time.
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    raise_on_signals()
    try:
        sys.exit(run(sys.argv[1:]))
    except Terminated as terminated:
        with suppress(OSError):  # after SIGHUP the terminal is gone
            _show_error(f"{terminated.signal.name}: {STOPPED}")
        end(terminated)


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
        _show_error(STOPPED)
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
