"""`bastide infra policies`: what must hold before a change."""

import click

from bastide.support.errors import Exit
from bastide.support.options import json_option
from bastide.support.output import print_json, print_table, row
from infra.policies.table import POLICIES


@click.command("policies")
@json_option
def list_policies(as_json: bool) -> int:
    """List the policies that are held before anything is changed."""
    rows = [(policy.id, policy.strength.value, policy.title) for policy in POLICIES]
    headings = ("id", "strength", "title")
    if as_json:
        print_json([dict(zip(headings, cells, strict=True)) for cells in rows])
    else:
        print_table(headings, (row(*cells) for cells in rows))
    return Exit.WELL
