"""`bastide host isolate`: evidence first, then the host is cut off."""

from dataclasses import asdict

import click

from bastide.actions.isolation import Isolation
from bastide.actions.isolation import isolate as isolate_host
from bastide.support.completion import complete_hosts
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json


@click.command()
@click.argument("host", shell_complete=complete_hosts)
@click.option("--with-site", is_flag=True, help="An edge, too: all of its site is cut off with it.")
@click.option("--check", "dry", is_flag=True, help="Change nothing; show what would change.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@estate_option
@json_option
def isolate(
    host: str, with_site: bool, dry: bool, yes: bool, estate_name: str | None, as_json: bool
) -> int:
    """Keep evidence of HOST, then cut it off (exit 1: not both).

    Processes, sockets, logins, memory maps, logs and hashes are read and kept in the state, signed.
    Then only the responders reach the host (setting isolation_responders; by default the management
    networks), also when it is started anew. `bastide playbook rollback RUN` ends it.
    """
    context = estate_context(estate_name)
    if not yes and not dry:
        click.confirm(f"Cut {host} off from all but the responders?", abort=True, err=True)
    result = isolate_host(context, host, cuts_site=with_site, dry=dry)
    if as_json:
        print_json(
            {
                "ok": result.recap.ok,
                "cut_off": result.is_cut_off and not dry,
                "evidence": result.evidence,
                "missing": list(result.missing),
                "responders": list(result.responders),
                "run": result.recap.run,
                "failures": [asdict(failure) for failure in result.recap.failures],
            }
        )
    else:
        show(host, result, dry=dry)
    return Exit.WELL if result.recap.ok else Exit.FINDINGS


def show(host: str, result: Isolation, *, dry: bool) -> None:
    """Print what was done and how it ends."""
    networks = ", ".join(result.responders)
    if dry and result.is_cut_off:
        click.echo(f"{host} would be cut off from all but {networks}")
        return
    if not dry:
        click.echo(f"evidence: {result.evidence or 'NONE'}")
    for line in result.missing:
        click.echo(f"  missing: {line}")
    if result.is_cut_off:
        click.echo(f"{host} is cut off from all but {networks}")
        click.echo(f"end it: bastide playbook rollback {result.recap.run}")
    else:
        click.echo(f"{host} is NOT cut off; log: {result.recap.log}")
