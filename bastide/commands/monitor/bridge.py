"""`bastide monitor bridge`: alerts by Matrix, ntfy, Telegram, SMS, and what has a fallback."""

import logging
from pathlib import Path

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option
from monitors.bridge import LISTEN, server

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@estate_option
@click.option(
    "--secrets",
    type=FOLDER,
    required=True,
    help="The folder with a file for each channel's token or password, named as the channel.",
)
@click.option(
    "--state",
    type=FOLDER,
    required=True,
    help="The folder where it remembers what was delivered, so that nothing is sent twice.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=int(LISTEN.rpartition(":")[2]),
    show_default=True,
    help="Where it listens at 127.0.0.1.",
)
def bridge(estate_name: str | None, secrets: Path, state: Path, port: int) -> int:
    """Send alerts by Matrix, ntfy, Telegram, SMS, and what has a fallback.

    Alertmanager calls it by webhook, at this machine alone; /metrics counts what was delivered
    and what was not.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    host = LISTEN.rpartition(":")[0]
    options = server.Options(secrets, state, host, port)
    try:
        server.serve(estate_context(estate_name).folder, options)
    except server.BridgeListenError as error:
        raise CommandError(
            f"cannot listen on {error}; see what has it with `ss -ltnp 'sport = :{port}'`",
            Exit.COULD_NOT_CHECK,
        ) from None
    return Exit.WELL
