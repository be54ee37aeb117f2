"""`bastide audit replay`: a kept bundle judged again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from bastide.actions.audit_output import describe, show_failures
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context
from bastide.support.options import Command, estate_option, json_option
from bastide.support.output import print_json
from monitors.audit import replay as replays
from monitors.audit.evidence.chain import ChainError
from monitors.audit.evidence.inputs import InputsError
from monitors.audit.model.declared import UndeclaredHostError
from monitors.collection.bundle import BundleError


def day_option(name: str, text: str) -> Callable[[Command], Command]:
    """Add an option that takes a day."""
    return click.option(name, type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help=text)


@click.command()
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@estate_option
@json_option
@day_option("--as-of", "Judge by the controls, waivers and inventory of that day.")
@day_option("--controls", "Only the control set is that of the day.")
@day_option("--waivers", "Only the waivers are those of the day.")
def replay(
    bundle: Path,
    estate_name: str | None,
    as_json: bool,
    as_of: datetime | None,
    controls: datetime | None,
    waivers: datetime | None,
) -> int:
    """Judge a kept BUNDLE again, by today's rules or a day's.

    No host is asked.
    """
    context = estate_context(estate_name)
    try:
        host = replays.replay(bundle, _basis(context, as_of, controls, waivers))
    except (BundleError, UndeclaredHostError) as error:
        raise CommandError(f"{bundle}: {error}", Exit.WRONG_USE) from None
    except (InputsError, ChainError) as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    if as_json:
        print_json(host.model_dump(mode="json"))
    else:
        click.echo(f"{host.host}: {describe(host)}")
        show_failures(host)
    return Exit.WELL if host.good else Exit.FINDINGS


def _basis(
    context: EstateContext,
    as_of: datetime | None,
    controls: datetime | None,
    waivers: datetime | None,
) -> replays.Basis:
    """Return what to judge by: today's, with those parts replaced that a day was given for."""
    if as_of:
        basis = replays.basis_on(context.state, as_of.date(), context.estate.own.checks)
    else:
        basis = replays.basis_today(context.estate)
    if controls:
        then = replays.basis_on(context.state, controls.date())
        basis = replace(basis, controls=then.controls)
    if waivers:
        then = replays.basis_on(context.state, waivers.date())
        basis = replace(basis, waivers=then.waivers)
    return basis
