"""`bastide snmp profile`: a profile for a device that none of ours knows, drafted and checked."""

from pathlib import Path

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import own_of
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.files import write_whole
from inventory.own import Own
from monitors.snmp.drafting.draft import draft
from monitors.snmp.drafting.mib import MibObject, parse_mib
from monitors.snmp.own_profiles import profiles_of
from monitors.snmp.recording.reader import RecordingError, read

READABLE = 0o644
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def group() -> None:
    """Draft a profile from a recording; check profiles."""


@group.command()
@click.argument("recording", type=FILE)
@click.option("--name", required=True, help="What the profile is called: a-z, 0-9 and _.")
@click.option("--mib", "mibs", multiple=True, type=FILE, help="Names and units; repeat it.")
@click.option("--write", is_flag=True, help="Write it to the estate's profiles/, not here.")
@estate_option
def new(
    recording: Path, name: str, mibs: tuple[Path, ...], write: bool, estate_name: str | None
) -> int:
    """Draft a profile from RECORDING, for what no profile reads yet.

    Tables and numbers below the makers' own identifiers are found by their form; with --mib, units
    are guessed from names. Every guess is marked as one. Record a device with `snmp record`.
    """
    if not name.isidentifier() or name.lower() != name:
        raise CommandError(f"{name}: expected a-z, 0-9 and _, not a digit first", Exit.WRONG_USE)
    own = own_of(estate_name)
    names: dict[str, MibObject] = {}
    for path in mibs:
        names |= parse_mib(path.read_text(encoding="utf-8", errors="replace"))
    try:
        text = draft(name, read(recording), profiles_of(own).values(), names)
    except RecordingError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    if not text:
        click.echo(f"{recording}: profiles read all of it; nothing to draft", err=True)
        return Exit.FINDINGS
    if write:
        _write(own, name, text)
    else:
        click.echo(text, nl=False)
    return Exit.WELL


def _write(own: Own, name: str, text: str) -> None:
    if not own.folder.name:
        raise CommandError("--write needs an estate: --estate DIR", Exit.WRONG_USE)
    path = own.folder / "profiles" / f"{name}.yaml"
    if path.exists():
        raise CommandError(f"{path}: exists; choose another --name", Exit.WRONG_USE)
    path.parent.mkdir(exist_ok=True)
    write_whole(path, text, READABLE)
    click.echo(f"{path}: written; look at every line, then `bastide snmp profile check`")


@group.command()
@click.argument("files", nargs=-1, type=FILE)
@estate_option
@json_option
def check(files: tuple[Path, ...], estate_name: str | None, as_json: bool) -> int:
    """Say what is wrong with profiles, by file, line and word.

    FILES, or all of the estate's own. Exit status 2 when something is wrong.
    """
    own = Own(profiles=files) if files else own_of(estate_name)
    catalogue = profiles_of(own)
    if as_json:
        print_json({"own": [str(path) for path in own.profiles], "profiles": len(catalogue)})
    else:
        click.echo(f"well: {len(own.profiles)} of the estate's own, {len(catalogue)} in all")
    return Exit.WELL
