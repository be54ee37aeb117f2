"""`bastide audit follow`: audit hosts as soon as something changed, and again what is new."""

import subprocess
import sys
import time
from collections.abc import Set
from pathlib import Path

import click

from bastide.actions import prometheus
from bastide.actions.changed_hosts import Changed, begin, due, end, look
from bastide.actions.status import apis
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context
from bastide.support.options import estate_option, key_option
from inventory.enums import Level
from inventory.levels import hosts_at_least
from monitors.audit.archive.latest import latest_results
from monitors.audit.archive.runs import AuditError
from monitors.web_api import ApiError

CHANGES = "max by (host) (bastide_host_change_timestamp_seconds)"
# For how long a host's findings have waited to become a ticket (rule ControlFailing).
PENDING = """max by (host) (
  (time() - ALERTS_FOR_STATE{alertname="ControlFailing"})
  and ignoring (alertstate) ALERTS{alertname="ControlFailing", alertstate="pending"}
)"""
LOOK_SECONDS = 5.0
LABEL = "change"


@click.command()
@estate_option
@key_option
def follow(estate_name: str | None, key: Path | None) -> int:
    """Audit hosts as soon as they say that something changed.

    Runs until it is stopped, as a service of the operations host: asks Prometheus every five
    seconds when each host last saw a change of its accounts, keys, SSH, sudo, firewall, units or
    package sources, and audits those that have, once nothing more changes for ten seconds. A host
    with a finding that is new is audited again before the finding becomes a ticket.
    """
    context = estate_context(estate_name)
    audited = {entry.name for entry in hosts_at_least(context.estate, Level.AUDIT)}
    known: Changed = {}
    problem = ""
    while True:
        try:
            known = _look(context, audited, known)
            problem = _say(problem, "")
        except (ApiError, AuditError, CommandError) as error:
            problem = _say(problem, str(error))
        if names := due(known, time.monotonic()):
            before, known = known, begin(known, names, time.monotonic())
            _audit(context, names, key)
            known = end(before, known, names, _answered(context, names))
        time.sleep(LOOK_SECONDS)


def _look(context: EstateContext, audited: Set[str], known: Changed) -> Changed:
    """Ask Prometheus once; raises ApiError, AuditError, CommandError."""
    changes, pending = (
        {
            labels["host"]: value
            for labels, value in prometheus.query(apis(context)[0], query)
            if labels.get("host") in audited
        }
        for query in (CHANGES, PENDING)
    )
    unknown = changes.keys() - known.keys()
    newest = latest_results(context.state, unknown) if unknown else ()
    audited_at = {
        host.audit.host: host.answered_at.timestamp() for host in newest if host.answered_at
    }
    return look(known, changes, audited_at, time.monotonic(), pending)


def _audit(context: EstateContext, names: tuple[str, ...], key: Path | None) -> None:
    """Audit hosts in a process of its own, whose memory ends with it."""
    click.echo(f"changed, or with a new finding: {', '.join(names)}")
    hosts = [word for name in names for word in ("--host", name)]
    options = ["--key", str(key)] if key else []
    done = subprocess.run(
        [
            sys.argv[0],
            "audit",
            "run",
            "--estate",
            str(context.folder),
            "--label",
            LABEL,
            *hosts,
            *options,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in (Exit.WELL, Exit.FINDINGS):
        click.echo(f"the audit ended with {done.returncode}; it is tried again", err=True)


def _answered(context: EstateContext, names: tuple[str, ...]) -> frozenset[str]:
    """Return those of the hosts that the newest audit could ask."""
    try:
        newest = latest_results(context.state, names)
    except AuditError:
        return frozenset()
    return frozenset(host.audit.host for host in newest if not host.audit.problem)


def _say(before: str, problem: str) -> str:
    """Say a problem once, and its end."""
    if problem and problem != before:
        click.echo(problem, err=True)
    if before and not problem:
        click.echo("Prometheus answers again")
    return problem
