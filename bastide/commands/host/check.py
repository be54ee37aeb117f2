"""`bastide host check`: whether hosts can be logged in to and worked on."""

from dataclasses import asdict

import click

from bastide.actions import host_check
from bastide.support.completion import complete_hosts
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from bastide.support.progress import Progress
from monitors.preflight.model import Readiness


@click.command()
@click.argument("names", nargs=-1, metavar="[HOST…]", shell_complete=complete_hosts)
@estate_option
@json_option
@click.option(
    "--again", is_flag=True, help="Try again where a login was refused and nothing has changed."
)
def check(names: tuple[str, ...], estate_name: str | None, as_json: bool, again: bool) -> int:
    """Log in to hosts, change nothing, say what is missing (exit 1).

    By default the hosts at level audit or above. Each is looked at for: reachable, its pinned SSH
    host key, login, sudo, Python, /tmp and disk. After one refused login a host is left alone
    until its way in changes: a fail2ban there must not ban this machine.
    """
    context = estate_context(estate_name)
    progress = Progress()
    chosen = host_check.choose(context, names)
    with progress.stage(f"check {len(chosen)} hosts"):
        results = host_check.run(context, chosen, progress, again=again)
    if as_json:
        print_json([as_json_values(result) for result in results])
    elif not results:
        click.echo("no host is logged in to: all are at level watch")
    return host_check.exit_of(results) if results else Exit.WELL


def as_json_values(result: Readiness) -> dict[str, object]:
    """Return a host's readiness as plain JSON values."""
    return {**asdict(result), "ready": result.ready, "passed": dict(result.passed)}
