"""The newest audits that are kept; nothing here asks a host or opens the history."""

from bastide.support.estate import EstateContext
from inventory.enums import Level
from inventory.levels import hosts_at_least
from monitors.audit.archive.runs import AuditError, load_latest, past_runs
from monitors.audit.model.results import AuditRun, HostAudit


def newest_run(
    context: EstateContext, label: str | None = None, *, whole: bool = False
) -> AuditRun:
    """Return the newest run (with a label, of all hosts); AuditError when there is none."""
    newest = load_latest(context.state, label, whole=whole)
    if newest is None:
        raise _no_audit(context, label, whole=whole)
    return newest


def newest_of_every_host(
    context: EstateContext, label: str | None = None
) -> tuple[tuple[AuditRun, HostAudit], ...]:
    """Return each host's newest results and the run they are of, by host name.

    Hosts that have left the estate or are only watched are not among them. Raises AuditError when
    there are none, or when a run's file is damaged.
    """
    wanted = {entry.name for entry in hosts_at_least(context.estate, Level.AUDIT)}
    newest: dict[str, tuple[AuditRun, HostAudit]] = {}
    for run in past_runs(context.state, label):
        newest |= {
            host.host: (run, host)
            for host in run.hosts
            if host.host in wanted and host.host not in newest
        }
        if newest.keys() == wanted:
            break
    if not newest:
        raise _no_audit(context, label)
    return tuple(newest[name] for name in sorted(newest))


def _no_audit(context: EstateContext, label: str | None, *, whole: bool = False) -> AuditError:
    wanted = f"with the label {label!r} " if label else ""
    return AuditError(
        f"{context.state / 'audits'}: no audit {wanted}{'of all hosts ' if whole else ''}yet; run "
        "`bastide audit run`"
    )
