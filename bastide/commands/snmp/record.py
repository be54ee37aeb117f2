"""`bastide snmp record` and `walk`: all that a device answers, kept or printed."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.status import Status

from bastide.actions.snmp_targets import find
from bastide.support.completion import complete_devices
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from bastide.support.snmp_options import AccessOptions, access_options
from inventory.files import write_whole
from inventory.secrets import SecretError
from monitors.snmp import oid
from monitors.snmp.client import Community, SnmpError, User, WireBinding
from monitors.snmp.mib_names import UnknownNameError, names_of, numeric
from monitors.snmp.recording.mask import mask
from monitors.snmp.recording.recorder import MOST_ENTRIES, ROOTS, Recorder
from monitors.snmp.recording.snmprec import format_entries
from monitors.snmp.session import NetworkClient
from monitors.snmp.shown_value import shown_binding
from monitors.snmp.targets import agent

# What is walked to look at it is bounded; `record` keeps all.
MOST_WALKED = 10_000


@click.command()
@click.argument("target", shell_complete=complete_devices)
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@estate_option
@access_options
@click.option(
    "--root", "roots", multiple=True, metavar="OID", help="Only below OID or name; repeat it."
)
@click.option("--mask", "masked", is_flag=True, help="Replace secrets, names and addresses.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def record(
    target: str,
    file: Path | None,
    estate_name: str | None,
    options: AccessOptions,
    roots: tuple[str, ...],
    masked: bool,
    force: bool,
) -> int:
    """Write all that TARGET answers to FILE, to replay it elsewhere.

    FILE is TARGET.snmprec by default. TARGET is a device of the inventory or any ADDRESS[:PORT].
    Interrupted with Ctrl-C, or when the device falls silent, what was read until then is written.
    Look through the file before you give it away, --mask or not.
    """
    path = file or Path(f"{target.replace(':', '_').replace('/', '_')}.snmprec")
    if path.exists() and not force:
        raise CommandError(f"{path}: exists; choose another file, or --force", Exit.WRONG_USE)
    recorder, secret = _walked(target, estate_name, options, roots)
    entries = tuple(recorder.entries.values())
    if masked:
        words = (secret.community,) if isinstance(secret, Community) else (secret.user,)
        entries = mask(entries, words=words).entries
    write_whole(path, format_entries(entries))
    for remark in recorder.remarks:
        click.echo(f"note: {remark}", err=True)
    click.echo(f"{path}: {len(entries)} values{', masked' if masked else ''}")
    return Exit.FINDINGS if recorder.remarks else Exit.WELL


@click.command()
@click.argument("target", shell_complete=complete_devices)
@click.argument("roots", nargs=-1, metavar="[OBJECT]...")
@estate_option
@access_options
@click.option("--names", is_flag=True, help="Print names and values as people read them.")
@click.option(
    "--most",
    type=click.IntRange(1, MOST_ENTRIES),
    default=MOST_WALKED,
    show_default=True,
    help="Stop after so many values.",
)
@json_option
def walk(
    target: str,
    roots: tuple[str, ...],
    estate_name: str | None,
    options: AccessOptions,
    names: bool,
    most: int,
    as_json: bool,
) -> int:
    """Print what TARGET answers, as `.snmprec` lines.

    Below each OBJECT, or everything. An OBJECT is a number, or a name (ifDescr, IF-MIB::ifXTable)
    where net-snmp's snmptranslate and the MIB are on this machine.
    """
    recorder, _ = _walked(target, estate_name, options, roots, most)
    entries = list(recorder.entries.values())[:most]
    if names:
        _print_named(entries, as_json=as_json)
    elif as_json:
        print_json([_as_json(line) for line in format_entries(entries).splitlines()])
    else:
        click.echo(format_entries(entries), nl=False)
    for remark in recorder.remarks:
        click.echo(f"note: {remark}", err=True)
    return Exit.FINDINGS if recorder.remarks else Exit.WELL


def _as_json(line: str) -> dict[str, str]:
    object_id, kind, value = line.split("|", 2)
    return {"oid": object_id, "type": kind, "value": value}


def _print_named(entries: Sequence[WireBinding], *, as_json: bool) -> None:
    numbers = [oid.decode(entry.oid) for entry in entries]
    names = names_of(numbers)
    values = [shown_binding(entry) for entry in entries]
    pairs = list(zip(numbers, values, strict=True))
    if as_json:
        print_json([{"oid": n, "name": names.get(n), "value": value} for n, value in pairs])
        return
    for number, value in pairs:
        click.echo(f"{names.get(number, number)} = {'' if value is None else value}")


def _walked(
    wanted: str,
    estate_name: str | None,
    options: AccessOptions,
    roots: Sequence[str],
    most: int = MOST_ENTRIES,
) -> tuple[Recorder, Community | User]:
    context = estate_context(estate_name)
    target = find(context, wanted, options)
    try:
        below = [oid.encode(root) for root in numeric(roots)] or ROOTS
        where = agent(target, context.state)
    except (SecretError, oid.OidError, UnknownNameError) as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    recorders: list[Recorder] = []

    async def main(status: Status) -> None:
        async with NetworkClient().session(where) as session:
            recorders.append(
                Recorder(
                    session,
                    lambda n, at: status.update(f"{target.name}: {n} values, {at}"),
                    most=most,
                )
            )
            await recorders[0].walk(below)

    try:
        with Console(stderr=True).status(f"{target.name}: polling") as status:
            asyncio.run(main(status))
    except KeyboardInterrupt:
        if not recorders:
            raise
        recorders[0].remarks.append("interrupted: the rest is missing")
    except SnmpError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    return recorders[0], where.credentials
