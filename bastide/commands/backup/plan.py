"""`bastide backup plan`: the order in which all is rebuilt, with hours where they were measured."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bastide.actions import rebuild_output
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.files import write_whole
from monitors.audit.archive.stamps import stamp
from monitors.audit.host_files import newest_content
from monitors.audit.reports.pdf import PdfError, to_pdf
from monitors.continuity.plan_states import read_plan_states
from monitors.continuity.rebuild import WaveRecovery, rebuild_plan

FORMATS = ("html", "pdf")


@click.command()
@estate_option
@json_option
@click.option("--municipality", "only", metavar="ID", help="Only this one's hosts, and central's.")
@click.option(
    "--at-once",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many restores go on together: as many as people and lines there are.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMATS),
    help="Write the runbook as a file too, to be printed and kept away from here; may be repeated.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write.  [default: the state's reports/]",
)
def plan(
    estate_name: str | None,
    as_json: bool,
    only: str | None,
    at_once: int,
    formats: tuple[str, ...],
    folder: Path | None,
) -> int:
    """Say in which order all is rebuilt, and how long it takes.

    Waves: network, copies and keys, names, databases, applications; in each, class A first. Hours
    are those of the last drills, for as much data as there is now; what no drill has measured is
    said to be so.
    """
    context = estate_context(estate_name)
    known = [town.municipality for town in context.estate.municipalities]
    if only is not None and only not in known:
        raise CommandError(f"{only}: no such municipality; it has: {', '.join(known)}", Exit(2))
    states = read_plan_states(context.state, context.estate, newest_content)
    waves = rebuild_plan(context.estate, states, at_once=at_once, only=only)
    if as_json:
        print_json(rebuild_output.values(waves, at_once))
    else:
        rebuild_output.show(waves)
    name = f"{only or context.estate.estate}-rebuild"
    for file in _write(context, waves, at_once, formats, folder, name):
        click.echo(str(file), err=as_json)
    return Exit.WELL


def _write(
    context: EstateContext,
    waves: tuple[WaveRecovery, ...],
    at_once: int,
    formats: tuple[str, ...],
    folder: Path | None,
    name: str,
) -> list[Path]:
    now = datetime.now(UTC)
    html = rebuild_output.html(context, waves, at_once, now) if formats else ""
    into, written = folder or context.state / "reports", []
    for wanted in dict.fromkeys(formats):
        try:
            content = to_pdf(html) if wanted == "pdf" else html.encode()
        except PdfError as error:
            raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
        path = into / f"{stamp(now)}-{name}.{wanted}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content, mode=0o600)
        written.append(path)
    return written
