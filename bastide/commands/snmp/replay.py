"""`bastide snmp replay`: recordings served as agents."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import own_of
from bastide.support.options import estate_option
from inventory.secrets import SecretError, resolve
from monitors.exporter.server import ListenError, parse_listen
from monitors.snmp.client import SnmpError, User
from monitors.snmp.metric_families import render
from monitors.snmp.own_profiles import profiles_of
from monitors.snmp.profile import Profile
from monitors.snmp.recording.reader import Recording, RecordingError, read
from monitors.snmp.recording.recorded_session import poll_recording
from monitors.snmp.replay.agent import Access
from monitors.snmp.replay.server import BindError, Endpoint, recorded_agents, serve_until_stopped

LISTEN = "127.0.0.1:1161"
COMMUNITY = "public"


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
@click.option("--community", metavar="REF", help=f"env:NAME or file:/PATH.  [default: {COMMUNITY}]")
@click.option("--user", help="Also answer this SNMPv3 user (SHA, AES), with --auth and --priv.")
@click.option("--auth", metavar="REF", help="The user's authentication passphrase.")
@click.option("--priv", metavar="REF", help="The user's privacy passphrase.")
@click.option("--move", is_flag=True, help="Let counters and clocks go on.")
@click.option("--show", is_flag=True, help="Serve nothing: print the metrics that it gives.")
@estate_option
def replay(
    files: tuple[Path, ...],
    listen: str,
    community: str | None,
    user: str | None,
    auth: str | None,
    priv: str | None,
    move: bool,
    show: bool,
    estate_name: str | None,
) -> int:
    """Serve recordings FILES as agents.

    The first answers on --listen, the others on the ports after it. `.snmprec` files and what
    `snmpwalk -On` prints are read; --show takes the estate's own profiles as well. Poll the agent
    from another terminal:

        bastide snmp poll 127.0.0.1:1161 --community env:COMMUNITY
    """
    try:
        if show:
            catalogue = profiles_of(own_of(estate_name))
            return max(_show(read(path), catalogue) for path in files)
        listener = parse_listen(listen)
        access = _access(community, user, auth, priv)
        agents, recordings = recorded_agents(
            files, access, Endpoint(listener.host, listener.port), move=move
        )
    except (RecordingError, ListenError, SecretError) as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    _show_notes(recordings)

    def ready(endpoints: Sequence[Endpoint]) -> None:
        for path, where in zip(files, endpoints, strict=True):
            click.echo(f"{path} answers on {where.address} port {where.port}; Ctrl-C ends it")

    try:
        asyncio.run(serve_until_stopped(agents, ready))
    except BindError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    return Exit.WELL


def _access(community: str | None, user: str | None, auth: str | None, priv: str | None) -> Access:
    name = resolve(community, Path()) if community else COMMUNITY
    if user is None:
        return Access(name)
    if not auth or not priv:
        raise CommandError("--user needs --auth and --priv", Exit.WRONG_USE)
    keys = (resolve(auth, Path()), resolve(priv, Path()))
    return Access(name, (User(user, "SHA", keys[0], "AES", keys[1]),))


def _show(recording: Recording, catalogue: Mapping[str, Profile]) -> int:
    _show_notes([recording])
    try:
        gathering, families = poll_recording(recording, catalogue=catalogue)
    except SnmpError as error:
        raise CommandError(f"{recording.name}: {error}", Exit.COULD_NOT_CHECK) from None
    names = " ".join(profile.profile for profile in gathering.profiles)
    click.echo(f"# {recording.name}: {len(recording.entries)} values; profiles: {names}")
    click.echo(render(families), nl=False)
    failed = [outcome for outcome in gathering.results if not outcome.success]
    for outcome in gathering.results:
        notes = [outcome.failure, *(f"{p.oid}: {p.text}" for p in outcome.problems)]
        for line in filter(None, notes):
            click.echo(f"note: {outcome.profile} {outcome.table}: {line}", err=True)
    return Exit.FINDINGS if failed else Exit.WELL


def _show_notes(recordings: Sequence[Recording]) -> None:
    for recording in recordings:
        for line in recording.oddities():
            click.echo(f"note: {line}", err=True)
