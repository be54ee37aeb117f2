"""`bastide host release`: take a host back to what it was before Bastide."""

from dataclasses import asdict

import click

from bastide.actions.release import planned_entry
from bastide.actions.release import release as release_host
from bastide.actions.rollback import show_rollback
from bastide.support.completion import complete_hosts
from bastide.support.errors import Exit
from bastide.support.estate import estate_context, refuse_unacknowledged
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json


@click.command()
@click.argument("host", shell_complete=complete_hosts)
@click.option("--remove", is_flag=True, help="Take it out of the inventory, too.")
@click.option("--dry-run", "dry", is_flag=True, help="Change nothing; show what would be put back.")
@click.option("--force", is_flag=True, help="Put back in spite of what speaks against it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@estate_option
@json_option
def release(
    host: str,
    remove: bool,
    dry: bool,
    force: bool,
    yes: bool,
    estate_name: str | None,
    as_json: bool,
) -> int:
    """Undo all that Bastide did at HOST (exit 1: not all of it).

    Files, packages, services, accounts and kernel parameters become what they were before the first
    run that kept records; what is Bastide's own goes. Then the inventory has the host at `manage:
    watch`, or no more with --remove; the rest of the file stays. Refused as a rollback is.
    """
    context = estate_context(estate_name)
    refuse_unacknowledged(context)
    entry = planned_entry(context, host, remove=remove)
    if not yes and not dry:
        click.confirm(f"Undo all that Bastide did at {host}?", abort=True, err=True)
    result = release_host(context, host, entry, dry=dry, force=force)
    if as_json:
        print_json(
            {
                "ok": result.well,
                "undone": [asdict(each) for each in result.hosts],
                "failures": [asdict(failure) for failure in result.recap.failures],
                "file": str(entry.file),
            }
        )
    else:
        show_rollback(result, dry=dry)
    if result.complete and not dry:
        said = "is no more in" if remove else "is at manage: watch in"
        click.echo(f"{host} {said} {entry.file}", err=as_json)
    return Exit.WELL if result.well else Exit.FINDINGS
