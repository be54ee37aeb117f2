"""`bastide monitor`: what is true, served to Prometheus."""

import logging
from dataclasses import asdict
from pathlib import Path

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context, own_of
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from inventory.paths import shipped
from monitors import exporter
from monitors.exporter.http_sd import JOBS
from monitors.probes import unprobed
from monitors.prometheus import render
from monitors.prometheus.alerts import alerts_of
from monitors.prometheus.own_rules import check_rules


@click.group("monitor")
def group() -> None:
    """What is true: serve metrics, list targets and alert rules."""


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
    """Serve metrics to Prometheus over HTTP.

    The paths: /snmp, /traps, /levels, /security, /continuity, /drift, /targets/JOB,
    /metrics and /-/healthy.
    """
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
    """List what Prometheus scrapes, by job, and ports not probed."""
    estate = estate_context(estate_name).estate
    by_job = {job: list(of(estate)) for job, of in JOBS.items()}
    if as_json:
        print_json(by_job)
        return Exit.WELL
    for job, groups in by_job.items():
        for target in groups:
            labels = " ".join(f"{k}={v}" for k, v in sorted(target["labels"].items()))
            click.echo(f"{job:<10} {' '.join(target['targets']):<45} {labels}")
    for port in unprobed(estate):
        number = f"{port.listen.protocol} {port.listen.port}"
        click.echo(f"not probed: {port.entry.name} {number} ({port.listen.name}): {port.reason}")
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
@json_option
def rules(estate_name: str | None, folder: Path | None, tar: Path | None, as_json: bool) -> int:
    """List the alerts with severity, delay and runbook.

    An estate's own are marked. With --render or --pack: write the configuration of Prometheus
    instead; this needs an estate.
    """
    if folder or tar:
        return _write(estate_context(estate_name), folder, tar)
    own = own_of(estate_name)
    check_rules(own, shipped("runbooks"))
    alerts = alerts_of(own)
    folders = {True: own.runbook_folder, False: shipped("runbooks")}
    pages = {alert.name: folders[alert.own] / "alerts" / f"{alert.name}.md" for alert in alerts}
    if as_json:
        print_json([{**asdict(alert), "runbook": str(pages[alert.name])} for alert in alerts])
        return Exit.WELL
    print_table(
        ("alert", "severity", "for", "whose", "runbook"),
        (
            row(
                alert.name,
                alert.severity,
                alert.delay,
                "the estate's own" if alert.own else "",
                str(pages[alert.name]),
            )
            for alert in alerts
        ),
    )
    return Exit.WELL


def _write(context: EstateContext, folder: Path | None, tar: Path | None) -> int:
    runbooks = shipped("runbooks")
    try:
        if folder is not None:
            for file in render.render(context.estate, folder, runbooks):
                click.echo(file)
        if tar is not None:
            changed = render.pack(context.estate, context.folder, tar, runbooks)
            click.echo(f"{tar}: {'written' if changed else 'unchanged'}")
    except render.NoOperationsHostError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    return Exit.WELL
