"""`bastide monitor`: what is true, served to Prometheus."""

import logging
from pathlib import Path

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from bastide.support.shipped_files import shipped
from monitors import exporter
from monitors.exporter.http_sd import JOBS
from monitors.prometheus import render


@click.group("monitor")
def group() -> None:
    """What is true: serve metrics, list targets, render Prometheus' configuration."""


@group.command()
@estate_option
@click.option(
    "--listen",
    default=exporter.DEFAULT_LISTEN,
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
@click.option("--verbose", is_flag=True, help="Log every poll.")
def serve(
    estate_name: str | None, listen: str, traps: str | None, any_target: bool, verbose: bool
) -> int:
    """Serve /snmp, /traps, /security, /continuity, /targets/JOB, /metrics and /-/healthy."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(levelname)s %(message)s"
    )
    try:
        options = exporter.Options(listen, traps=traps, any_target=any_target)
        exporter.serve(estate_context(estate_name).folder, options)
    except exporter.ListenRefusedError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    except exporter.ListenError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    return Exit.WELL


@group.command()
@estate_option
@json_option
def targets(estate_name: str | None, as_json: bool) -> int:
    """List what Prometheus is told to scrape, by job."""
    estate = estate_context(estate_name).estate
    found = {job: list(of(estate)) for job, of in JOBS.items()}
    if as_json:
        print_json(found)
        return Exit.WELL
    for job, groups in found.items():
        for target in groups:
            labels = " ".join(f"{k}={v}" for k, v in sorted(target["labels"].items()))
            click.echo(f"{job:<10} {' '.join(target['targets']):<45} {labels}")
    return Exit.WELL


@group.command()
@estate_option
@click.option(
    "--render",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the whole configuration (Prometheus, Alertmanager, blackbox) into this folder.",
)
@click.option(
    "--pack",
    "tar",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it with the estate's own files into this tar, for the operations host.",
)
def rules(estate_name: str | None, folder: Path | None, tar: Path | None) -> int:
    """List the alerts with their runbooks, or render the whole configuration."""
    context = estate_context(estate_name)
    try:
        if folder is not None:
            for file in render.render(context.estate, folder, shipped("runbooks")):
                click.echo(file)
        if tar is not None:
            changed = render.pack(context.estate, context.folder, tar, shipped("runbooks"))
            click.echo(f"{tar}: {'written' if changed else 'unchanged'}")
        if folder or tar:
            return Exit.WELL
    except render.NoOperationsHostError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    for page in sorted((shipped("runbooks") / "alerts").glob("*.md")):
        click.echo(f"{page.stem:<26} {page}")
    return Exit.WELL
