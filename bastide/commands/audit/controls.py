"""`bastide audit controls`: what is required, why, and where it comes from."""

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.options import json_option
from bastide.support.output import print_json, print_table, row
from monitors.audit.model.controls import Control, FrameworkReferences, load_controls

FRAMEWORKS = tuple(FrameworkReferences.model_fields)


@click.command()
@click.argument("control", required=False)
@json_option
@click.option(
    "--framework", type=click.Choice(FRAMEWORKS), help="Only what it asks for, with its ids."
)
def controls(control: str | None, as_json: bool, framework: str | None) -> int:
    """List the controls, or show one CONTROL with its reason.

    And with its references to the frameworks.
    """
    table = load_controls().controls
    if control:
        table = tuple(c for c in table if c.id == control.upper())
        if not table:
            raise CommandError(
                f"{control}: no such control; `bastide audit controls` lists them", Exit.WRONG_USE
            )
    if framework:
        table = tuple(c for c in table if getattr(c.references, framework))
    if as_json:
        print_json([c.model_dump(mode="json") for c in table])
    elif control:
        _show(table[0])
    else:
        _list(table, framework)
    return Exit.WELL


def _list(table: tuple[Control, ...], framework: str | None) -> None:
    print_table(
        ("control", "severity", "what", framework or "baseline", "set by"),
        (
            row(
                control.id,
                control.severity,
                control.title,
                _ids(control, framework) if framework else control.baseline or "",
                control.task,
            )
            for control in table
        ),
    )
    if framework:
        click.echo("~ a match by topic that no published mapping confirms")


def _ids(control: Control, framework: str) -> str:
    return ", ".join(getattr(control.references, framework))


def _show(control: Control) -> None:
    click.echo(f"{control.id}: {control.title}\n  {control.why}\n")
    scope = [*control.tiers, *control.roles]
    rows = [
        ("severity", control.severity.value),
        ("applies to", ", ".join(scope) if scope else "every host"),
        ("set by", control.task if not control.is_by_hand else "a person: it needs a decision"),
        ("proved by", f"monitors/audit/checks/{control.check.replace('.', '.py::', 1)}"),
        ("baseline", control.baseline or ""),
        *((name, _ids(control, name)) for name in FRAMEWORKS),
    ]
    for name, text in rows:
        if text:
            click.echo(f"  {name:<18} {text}")
