"""`bastide monitor journey`: a journey of a service, taken once."""

import asyncio

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.model.journeys import Step
from monitors.journeys.take import take
from monitors.journeys.taken import Taken
from monitors.journeys.targets import journeys

PATIENCE_SECONDS = 30.0


@click.command()
@click.argument("name", metavar="SERVICE/JOURNEY")
@estate_option
@json_option
def journey(name: str, estate_name: str | None, as_json: bool) -> int:
    """Take a journey of a service once, from here (exit 1 when it fails).

    The operations host takes each of them every minute; this says which step fails and why. What
    the journey sends is really sent.
    """
    context = estate_context(estate_name)
    known = journeys(context.estate)
    if name not in known:
        there = ", ".join(sorted(known)) or "none is declared"
        raise CommandError(f"there is no journey {name!r}; there are: {there}", Exit.WRONG_USE)
    taken = asyncio.run(take(known[name], context.state, PATIENCE_SECONDS))
    if as_json:
        print_json(_as_json(taken))
    else:
        for line in _lines(taken):
            click.echo(line)
    return Exit.WELL if taken.success else Exit.FINDINGS


def _lines(taken: Taken) -> list[str]:
    steps = zip(taken.target.journey.steps, taken.seconds, strict=False)
    lines = [
        f"{number:>3}  {seconds:6.2f} s  {_deed(step)}"
        for number, (step, seconds) in enumerate(steps, start=1)
    ]
    return [*lines, f"     {taken.trouble}" if taken.trouble else "     all steps went well"]


def _deed(step: Step) -> str:
    if step.send is not None:
        return f"send {', '.join((*step.send.fill, *step.send.secrets)) or 'a form'}"
    return f"get {step.get}" if step.get is not None else f"follow {step.follow}"


def _as_json(taken: Taken) -> dict[str, object]:
    return {
        "journey": taken.target.name,
        "success": taken.success,
        "seconds": list(taken.seconds),
        "failedStep": taken.failed_step,
        "failure": taken.failure.value if taken.failure else "",
        "reason": taken.reason,
    }
