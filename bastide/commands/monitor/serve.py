"""`bastide monitor serve`: the estate's metrics over HTTP."""

import logging

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option
from monitors.exporter import server
from monitors.web_api import ApiError


@click.command()
@estate_option
@click.option(
    "--listen",
    default=server.DEFAULT_LISTEN,
    show_default=True,
    metavar="ADDR:PORT",
    help="Where to listen.",
)
@click.option(
    "--traps",
    metavar="ADDR:PORT",
    help="Receive SNMP traps and informs there as well; devices send to UDP port 162.",
)
@click.option(
    "--any-target",
    is_flag=True,
    help="Let /snmp ask any address, not the inventory's devices only: whoever reaches this "
    "exporter can then scan networks with it.",
)
@click.option(
    "--alertmanager",
    metavar="URL",
    help="Make the estate's maintenance windows silences of this Alertmanager; the login is the "
    "state's.",
)
@click.option("--verbose", is_flag=True, help="Log every poll.")
def serve(
    estate_name: str | None,
    listen: str,
    traps: str | None,
    any_target: bool,
    alertmanager: str | None,
    verbose: bool,
) -> int:
    """Serve metrics to Prometheus over HTTP.

    The paths: /snmp, /traps, /levels, /security, /continuity, /drift, /maintenance,
    /watchdog, /targets/JOB, /metrics and /-/healthy.
    """
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(levelname)s %(message)s"
    )
    try:
        options = server.Options(
            listen, traps=traps, any_target=any_target, alertmanager=alertmanager
        )
        server.serve(estate_context(estate_name).folder, options)
    except (server.ListenRefusedError, ApiError) as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    except server.ListenError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    return Exit.WELL
