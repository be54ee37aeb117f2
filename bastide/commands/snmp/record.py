"""`bastide snmp record`, `walk` and `replay`: a device's answers kept, and served again."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.status import Status

from bastide.actions.snmp_targets import find
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option
from bastide.support.snmp_options import AccessOptions, access_options
from inventory.files import write_whole
from inventory.secrets import SecretError
from monitors.snmp import oid
from monitors.snmp.client import Community, SnmpError, User
from monitors.snmp.recording.mask import mask
from monitors.snmp.recording.recorder import ROOTS, Recorder
from monitors.snmp.recording.snmprec import format_entries
from monitors.snmp.session import NetworkClient
from monitors.snmp.targets import agent


@click.command()
@click.argument("target")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@estate_option
@access_options
@click.option("--root", "roots", multiple=True, metavar="OID", help="Only below OID; repeat it.")
@click.option("--mask", "masked", is_flag=True, help="Replace secrets, names and addresses.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def record(
    target: str,
    file: Path | None,
    estate_name: str | None,
    given: AccessOptions,
    roots: tuple[str, ...],
    masked: bool,
    force: bool,
) -> int:
    """Write all that TARGET answers to FILE (default: TARGET.snmprec), to replay it elsewhere.

    TARGET is a device of the inventory or any ADDRESS[:PORT]. Interrupted with Ctrl-C, or when
    the device falls silent, what was read until then is written. Look through the file before
    you give it away, --mask or not.
    """
    path = file or Path(f"{target.replace(':', '_').replace('/', '_')}.snmprec")
    if path.exists() and not force:
        raise CommandError(f"{path}: exists; choose another file, or --force", Exit.WRONG_USE)
    recorder, secret = _walked(target, estate_name, given, roots)
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
@click.argument("target")
@click.argument("roots", nargs=-1, metavar="[OID]...")
@estate_option
@access_options
def walk(target: str, roots: tuple[str, ...], estate_name: str | None, given: AccessOptions) -> int:
    """Print what TARGET answers below each OID, everything by default, as `.snmprec` lines."""
    recorder, _ = _walked(target, estate_name, given, roots)
    click.echo(format_entries(recorder.entries.values()), nl=False)
    for remark in recorder.remarks:
        click.echo(f"note: {remark}", err=True)
    return Exit.FINDINGS if recorder.remarks else Exit.WELL


def _walked(
    wanted: str, estate_name: str | None, given: AccessOptions, roots: Sequence[str]
) -> tuple[Recorder, Community | User]:
    context = estate_context(estate_name)
    target = find(context, wanted, given)
    try:
        below = [oid.encode(root) for root in roots] or ROOTS
        where = agent(target, context.state)
    except (SecretError, oid.OidError) as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    found: list[Recorder] = []

    async def main(status: Status) -> None:
        async with NetworkClient().session(where) as session:
            found.append(
                Recorder(session, lambda n, at: status.update(f"{target.name}: {n} values, {at}"))
            )
            await found[0].walk(below)

    try:
        with Console(stderr=True).status(f"{target.name}: asking") as status:
            asyncio.run(main(status))
    except KeyboardInterrupt:
        if not found:
            raise
        found[0].remarks.append("interrupted: the rest is missing")
    except SnmpError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    return found[0], where.credentials
