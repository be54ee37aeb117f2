"""What the lab's operations host has found, for a test that expected nothing."""

from bastide.support.estate import EstateContext
from tests.command import bastide
from tests.lab_ssh import on

SHOW = (
    "runuser -u bastide -- env BASTIDE_STATE_HOME=/var/lib/bastide "
    "/opt/bastide/bin/bastide audit show --estate /etc/bastide/estate || true"
)


def unwell(lab: EstateContext) -> str:
    """Return what `bastide status` says, and each finding of the operations host with its reason.

    An alert names the control alone: what was found is in the audit that it rests on.
    """
    done = bastide("status", "--estate", "lab")
    return f"{done.stdout}{done.stderr}\n{on(lab, 'central-ops', SHOW)}"
