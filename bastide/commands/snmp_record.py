"""`bastide snmp record`, `walk` and `replay`: a device's answers kept, and served again."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.status import Status

from bastide.errors import CommandError, Exit
from bastide.opened import open_estate
from bastide.options import estate_option
from bastide.snmp_targets import Given, access_options, find
from inventory.files import write_whole
from inventory.secrets import SecretError, resolve
from monitors.exporter.server import ListenError, parse_listen
from monitors.metrics import render
from monitors.snmp import oid
from monitors.snmp.client import Community, SnmpError, User
from monitors.snmp.recording.mask import mask
from monitors.snmp.recording.polled import polled
from monitors.snmp.recording.reader import Recording, RecordingError, read
from monitors.snmp.recording.recorder import ROOTS, Recorder
from monitors.snmp.recording.write import text
from monitors.snmp.replay.agent import Access
from monitors.snmp.replay.run import recorded, run
from monitors.snmp.replay.server import BindError, Place
from monitors.snmp.session import NetworkClient
from monitors.snmp.targets import agent

LISTEN = "127.0.0.1:1161"
COMMUNITY = "public"


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
    given: Given,
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
    write_whole(path, text(entries))
    for remark in recorder.remarks:
        click.echo(f"note: {remark}", err=True)
    click.echo(f"{path}: {len(entries)} values{', masked' if masked else ''}")
    return Exit.FINDINGS if recorder.remarks else Exit.WELL


@click.command()
@click.argument("target")
@click.argument("roots", nargs=-1, metavar="[OID]...")
@estate_option
@access_options
def walk(target: str, roots: tuple[str, ...], estate_name: str | None, given: Given) -> int:
    """Print what TARGET answers below each OID, everything by default, as `.snmprec` lines."""
    recorder, _ = _walked(target, estate_name, given, roots)
    click.echo(text(recorder.entries.values()), nl=False)
    for remark in recorder.remarks:
        click.echo(f"note: {remark}", err=True)
    return Exit.FINDINGS if recorder.remarks else Exit.WELL


def _walked(
    wanted: str, estate_name: str | None, given: Given, roots: Sequence[str]
) -> tuple[Recorder, Community | User]:
    opened = open_estate(estate_name)
    target = find(opened, wanted, given)
    try:
        below = [oid.encode(root) for root in roots] or ROOTS
        where = agent(target, opened.state)
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


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option(
    "--listen",
    default=LISTEN,
    show_default=True,
    metavar="ADDR:PORT",
    help="Where the first recording answers.",
)
@click.option(
    "--community", metavar="REF", help=f"env:NAME or file:/PATH.  [default: the word {COMMUNITY}]"
)
@click.option("--user", help="Also answer this SNMPv3 user (SHA, AES), with --auth and --priv.")
@click.option("--auth", metavar="REF", help="The user's authentication passphrase.")
@click.option("--priv", metavar="REF", help="The user's privacy passphrase.")
@click.option("--move", is_flag=True, help="Let counters and clocks go on.")
@click.option("--show", is_flag=True, help="Serve nothing: print the metrics that it gives.")
def replay(
    files: tuple[Path, ...],
    listen: str,
    community: str | None,
    user: str | None,
    auth: str | None,
    priv: str | None,
    move: bool,
    show: bool,
) -> int:
    """Serve recordings FILES as agents, the first on --listen, the others on the ports after it.

    `.snmprec` files and what `snmpwalk -On` prints are read. Ask the agent from another terminal:

        bastide snmp poll 127.0.0.1:1161 --community env:COMMUNITY
    """
    try:
        if show:
            return max(_show(read(path)) for path in files)
        place = parse_listen(listen)
        access = _access(community, user, auth, priv)
        agents, recordings = recorded(files, access, Place(place.host, place.port), move=move)
    except (RecordingError, ListenError, SecretError) as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    _tell(recordings)

    def ready(places: Sequence[Place]) -> None:
        for path, where in zip(files, places, strict=True):
            click.echo(f"{path} answers on {where.address} port {where.port}; Ctrl-C ends it")

    try:
        asyncio.run(run(agents, ready))
    except BindError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    return Exit.WELL


def _access(community: str | None, user: str | None, auth: str | None, priv: str | None) -> Access:
    word = resolve(community, Path()) if community else COMMUNITY
    if user is None:
        return Access(word)
    if not auth or not priv:
        raise CommandError("--user needs --auth and --priv", Exit.WRONG_USE)
    keys = (resolve(auth, Path()), resolve(priv, Path()))
    return Access(word, (User(user, "SHA", keys[0], "AES", keys[1]),))


def _show(recording: Recording) -> int:
    _tell([recording])
    try:
        gathering, families = polled(recording)
    except SnmpError as error:
        raise CommandError(f"{recording.name}: {error}", Exit.COULD_NOT_CHECK) from None
    names = " ".join(profile.profile for profile in gathering.profiles)
    click.echo(f"# {recording.name}: {len(recording.entries)} values; profiles: {names}")
    click.echo(render(families), nl=False)
    failed = [outcome for outcome in gathering.outcomes if not outcome.success]
    for outcome in failed:
        told = [outcome.failure, *(f"{p.oid}: {p.text}" for p in outcome.problems)]
        for line in filter(None, told):
            click.echo(f"note: {outcome.profile} {outcome.table}: {line}", err=True)
    return Exit.FINDINGS if failed else Exit.WELL


def _tell(recordings: Sequence[Recording]) -> None:
    for recording in recordings:
        for line in recording.told():
            click.echo(f"note: {line}", err=True)
