"""`bastide backup status`: what could be restored now, from what audits and drills have left."""

from datetime import UTC, datetime

import click

from bastide.actions import backup_output
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from monitors.audit.host_files import newest_content
from monitors.continuity.plan_states import read_plan_states


@click.command()
@estate_option
@json_option
def status(estate_name: str | None, as_json: bool) -> int:
    """Show snapshots against their RPO, and drills (exit 1 when late).

    Exit 1 as well when the last drill of a copy failed, or a plan was never drilled.
    """
    context = estate_context(estate_name)
    plans = read_plan_states(context.state, context.estate, newest_content)
    now = datetime.now(UTC)
    backup_output.show_plans(plans, now, as_json=as_json)
    well = all(p.within_rpo(now) and p.last_drill and not p.drills.failed for p in plans)
    return Exit.WELL if well else Exit.FINDINGS
