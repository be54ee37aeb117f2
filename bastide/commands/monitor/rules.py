"""`bastide monitor rules`: the alerts, and the whole configuration of Prometheus."""

from dataclasses import asdict
from pathlib import Path

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context, own_of
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from inventory.paths import shipped
from monitors.prometheus import render
from monitors.prometheus.alerts import alerts_of
from monitors.prometheus.own_rules import check_rules


@click.command()
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
@click.option(
    "--watch",
    is_flag=True,
    help="With --render: that of the vault which watches the operations host.",
)
@json_option
def rules(
    estate_name: str | None, folder: Path | None, tar: Path | None, watch: bool, as_json: bool
) -> int:
    """List the alerts with severity, delay and runbook.

    An estate's own are marked. With --render or --pack: write the configuration of Prometheus
    instead; this needs an estate.
    """
    if folder or tar:
        return _write(estate_context(estate_name), folder, tar, watch=watch)
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


def _write(context: EstateContext, folder: Path | None, tar: Path | None, *, watch: bool) -> int:
    runbooks = shipped("runbooks")
    try:
        if folder is not None:
            write = render.render_watch if watch else render.render
            for file in write(context.estate, folder, runbooks):
                click.echo(file)
        if tar is not None:
            changed = render.pack(context.estate, context.folder, tar, runbooks)
            click.echo(f"{tar}: {'written' if changed else 'unchanged'}")
    except render.NoOperationsHostError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    return Exit.WELL
