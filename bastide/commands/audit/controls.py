"""`bastide audit controls`: what is required, why, and where it comes from."""

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import own_of
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from inventory.own import Own
from monitors.audit.model.controls import Control, FrameworkReferences
from monitors.audit.model.own_controls import controls_of

FRAMEWORKS = tuple(FrameworkReferences.model_fields)


@click.command()
@click.argument("control", required=False)
@estate_option
@json_option
@click.option(
    "--framework", type=click.Choice(FRAMEWORKS), help="Only what it asks for, with its ids."
)
def controls(
    control: str | None, estate_name: str | None, as_json: bool, framework: str | None
) -> int:
    """List the controls, or show one CONTROL with its reason.

    And with its references to the frameworks. Those that an estate brings of its own are marked.
    """
    own = own_of(estate_name)
    table = controls_of(own).controls
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
        _show(table[0], own)
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
                f"{control.task} (the estate's own)" if control.own else control.task,
            )
            for control in table
        ),
    )
    if framework:
        click.echo("~ a match by topic that no published mapping confirms")


def _ids(control: Control, framework: str) -> str:
    return ", ".join(getattr(control.references, framework))


def _show(control: Control, own: Own) -> None:
    click.echo(f"{control.id}: {control.title}\n  {control.why}\n")
    checks = own.folder / "controls" if control.own else "monitors/audit/checks"
    scope = [*control.tiers, *control.roles]
    rows = [
        ("severity", control.severity.value),
        ("applies to", ", ".join(scope) if scope else "every host"),
        ("set by", control.task if not control.is_by_hand else "a person: it needs a decision"),
        ("proved by", f"{checks}/{control.check.replace('.', '.py::', 1)}"),
        ("comes from", f"estate {own.folder}" if control.own else ""),
        ("baseline", control.baseline or ""),
        *((name, _ids(control, name)) for name in FRAMEWORKS),
    ]
    for name, text in rows:
        if text:
            click.echo(f"  {name:<18} {text}")
