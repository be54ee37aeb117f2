"""`bastide up`: from an inventory to an estate that is watched."""

import click

from bastide.actions.lab_preflight import refuse_unfit_machine
from bastide.support.completion import complete_tenants
from bastide.support.estate import estate_context, refuse_unacknowledged, tenant_of
from bastide.support.options import engine_option, estate_option, json_option


@click.command()
@estate_option
@json_option
@engine_option
@click.option(
    "--municipality",
    metavar="ID",
    shell_complete=complete_tenants,
    help="Only this one, and what central has to know of it; no drills of others, no report.",
)
def up(estate_name: str | None, as_json: bool, engine: str, municipality: str | None) -> int:
    """Provision, configure, audit, harden, back up and collect.

    Run it again at any time: it converges, and says what changed. Exit 1 when a target of
    Prometheus is not up or an alert fires, as with `bastide status`, and when an existing server
    would lose a login, port or forwarding that nobody accepted: then nothing on any is changed.
    """
    context = estate_context(estate_name)
    if municipality is not None:
        tenant_of(context, municipality)
    refuse_unacknowledged(context)
    refuse_unfit_machine(context)
    # All that an estate needs takes seconds to import: not before it is known to be in order.
    from bastide.actions.up.run import run

    return run(context, engine=engine, as_json=as_json, municipality=municipality)
