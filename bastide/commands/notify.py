"""`bastide notify`: whom alerts reach, and whether they get there."""

from datetime import datetime

import click

from bastide.actions import notifying, on_call
from bastide.support.errors import Exit
from bastide.support.estate import estate_context, tenant_of
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from bastide.support.progress import Progress
from inventory.entries import tenants
from inventory.model.notify import AlertKind, Notify, Severity
from inventory.model.tenants import CENTRAL
from monitors.prometheus.alertmanager_config import channels_of, kinds_of


@click.group("notify")
def group() -> None:
    """Whom alerts reach: list the channels, show who is on call, test them."""


@group.command("list")
@estate_option
@json_option
def list_channels(estate_name: str | None, as_json: bool) -> int:
    """List the channels that alerts of each municipality take."""
    context = estate_context(estate_name)
    notify = notifying.notify_of(context)
    channels = {channel.id: channel for channel in notify.channels}
    rows = [
        (
            *(tenant.id, severity.value, name),
            notifying.destination(context, channels[name], tenant.id),
            f"{minutes} min" if minutes else "",
            _about(notify, tenant.id, severity, name),
        )
        for tenant in tenants(context.estate)
        for severity in Severity
        for name, minutes in channels_of(notify, tenant.id, severity).items()
    ]
    names = ("municipality", "severity", "channel", "to", "unless acknowledged for", "about")
    if as_json:
        print_json([dict(zip(names, values, strict=True)) for values in rows])
    else:
        print_table(names, (row(*values) for values in rows))
    return Exit.WELL


def _about(notify: Notify, municipality: str, severity: Severity, channel: str) -> str:
    kinds = kinds_of(notify, municipality, severity, channel)
    return "all" if len(kinds) == len(AlertKind) else ", ".join(kinds)


@group.command()
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d %H:%M"]),
    help="At this time of each rota's own clock, such as '2026-12-25 10:00'; default: now.",
)
@estate_option
@json_option
def show(at: datetime | None, estate_name: str | None, as_json: bool) -> int:
    """Show who is on call, until when, and who takes over."""
    turns = on_call.turns(estate_context(estate_name).estate, at)
    if as_json:
        print_json([turn.as_json() for turn in turns])
    elif turns:
        names = ("rota", "on call", "phone", "until", "then")
        print_table(names, (row(*turn.cells()) for turn in turns))
    else:
        click.echo("no rota: add `people` and `rotas` to `notify` (docs/notifications.md)")
    return Exit.WELL


@group.command()
@click.option(
    "--municipality", default=CENTRAL, show_default=True, help="As if it were this one's alert."
)
@click.option(
    "--severity",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.PAGE.value,
    show_default=True,
    help="As if it were such an alert.",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Let the vault that watches the operations host send it, through its own channels.",
)
@estate_option
@json_option
def test(
    municipality: str, severity: str, watch: bool, estate_name: str | None, as_json: bool
) -> int:
    """Send a test through each channel (exit 1: one did not take it).

    It is marked as a test, and takes the channels that such an alert would take. The operations
    host sends it as it sends alerts. A minute later it sends its end.
    """
    context = estate_context(estate_name)
    tenant, wanted = tenant_of(context, municipality), Severity(severity)
    with notifying.place_of(context, watch=watch) as place:
        results = tuple(notifying.send_tests(context, place, tenant.id, wanted, Progress()))
    if as_json:
        print_json([result.as_json() for result in results])
    else:
        print_table(
            ("channel", "to", "result"),
            (row(r.channel, r.to, r.problem or "delivered") for r in results),
        )
    return Exit.FINDINGS if any(result.problem for result in results) or not results else Exit.WELL
