"""The stages of `bastide up`, in order."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bastide.actions import ansible, audit, host_check, policies, provision, status, wheelhouse
from bastide.actions.audit import AFTER_HARDENING, AUDIT, BEFORE_HARDENING
from bastide.actions.audit_output import describe
from bastide.actions.backup_output import describe_drill
from bastide.actions.up import wait_for_targets
from bastide.actions.up.results import StageResults, UpRun
from bastide.support.errors import CommandError, Exit
from infra.engine import Operation
from infra.policies.model import Finding
from inventory.entries import devices, hosts
from inventory.enums import Level, StackLayout
from inventory.levels import coverage, hosts_at_least, is_managed
from inventory.run_id import VARIABLE
from inventory.secrets import unresolved
from monitors.audit.archive.runs import load_latest
from monitors.audit.history.database import StoreError
from monitors.audit.history.model import History
from monitors.audit.model.results import AuditRun
from monitors.audit.reports import compliance
from monitors.continuity.plan_states import newest_drills
from monitors.snmp.own_profiles import profiles_of
from monitors.snmp.poller import poll_once
from monitors.snmp.targets import targets
from monitors.workers import workers

# In this order: a drill restores what was backed up, and the audit sees all of it.
PLAYBOOKS = ("configure", "harden", "backup", "restore_drill", "collect")

NOTHING_AUDITED = "nothing to audit: no host is at audit or above"
NO_PROMETHEUS = (
    "nothing is scraped: the operations host is not at full; "
    "write manage: full at it when it is a machine for Bastide alone"
)

Run = Callable[[UpRun, StageResults], StageResults]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage with its title."""

    name: str
    title: str
    run: Run


def check(up: UpRun, results: StageResults) -> StageResults:
    """Count what the estate has; reading it has checked it."""
    estate = up.context.estate
    counts = sum(1 for _ in hosts(estate)), sum(1 for _ in devices(estate))
    up.progress.step(
        estate.estate,
        f"{len(estate.municipalities)} municipalities, {counts[0]} hosts, {counts[1]} devices",
    )
    up.progress.step("levels", coverage(estate))
    return results


def look(up: UpRun, results: StageResults) -> StageResults:
    """Look whether the existing hosts can be logged in to, before anything is done anywhere."""
    host_check.run_first(up.context, up.progress, up.chosen(host_check.logged_in(up.context)))
    return results


def provide(up: UpRun, results: StageResults) -> StageResults:
    """Make keys, certificates and what the infra program declares; wheels meanwhile."""
    missing = unresolved(up.context.estate, up.context.state)
    if missing:
        raise CommandError("\n".join(("secrets are missing:", *missing)), Exit.WRONG_USE)
    findings: list[Finding] = []
    with workers(1) as beside:
        wheels = beside.submit(wheelhouse.build, up.context.state / "wheelhouse.tar")
        result = provision.run(
            up.context,
            Operation.UP,
            up.engine,
            lambda e: provision.show_step(up.progress, e),
            findings.extend,
            _limits(up),
        )
        wheels.result()
    if not result.ok:
        first = result.failures[0] if result.failures else None
        raise CommandError(
            f"provisioning failed: {provision.describe(result)}"
            + (f"\n    first: {first.name}: {first.message}" if first else "")
            + "\n    do: mend the cause, then run `bastide up` again; what was made is kept",
            Exit.FINDINGS,
        )
    policies.show(up.progress, findings)
    up.progress.step("resources", provision.describe(result))
    return replace(results, provisioned=result, policies=tuple(findings))


def first_audit(up: UpRun, results: StageResults) -> StageResults:
    """Configure and audit before anything is hardened; kept from the estate's very first run."""
    kept = load_latest(up.context.state, BEFORE_HARDENING)
    if kept is not None:
        up.progress.step("baseline", f"kept from {kept.started:%Y-%m-%d %H:%M} UTC")
        return replace(results, before=kept)
    if up.municipality:
        up.progress.step("baseline", "none: the first run of the whole estate makes it")
        return results
    if not any(hosts_at_least(up.context.estate, Level.AUDIT)):
        up.progress.step("audit", NOTHING_AUDITED)
        return results
    if any(map(is_managed, hosts(up.context.estate))):
        results = _play(PLAYBOOKS[:1], up, results)
    before = _audit(up, BEFORE_HARDENING)
    return replace(results, before=before)


def converge(up: UpRun, results: StageResults) -> StageResults:
    """Configure and harden, back up and drill what is due, and collect."""
    entries = up.chosen(hosts(up.context.estate))
    if not any(map(is_managed, entries)):
        up.progress.step("playbooks", "none run: no host is at baseline or above")
        return results
    results = _play(PLAYBOOKS[1:] if results.recaps else PLAYBOOKS, up, results)
    names = {entry.name for entry in entries}
    drilled = newest_drills(up.context.state, up.context.estate)
    newest = tuple(one for one in drilled if one.host in names)
    for result in newest:
        up.progress.step(result.host, f"{result.plan}: {describe_drill(result)}", good=result.ok)
    return replace(results, drills=newest)


def second_audit(up: UpRun, results: StageResults) -> StageResults:
    """Audit what hardening left, and what is only audited; one municipality gives no report."""
    audited = up.chosen(hosts_at_least(up.context.estate, Level.AUDIT))
    if not audited:
        up.progress.step("audit", NOTHING_AUDITED)
        return results
    if up.municipality:
        _audit(up, AUDIT, [entry.name for entry in audited])
        return results
    return replace(results, after=_audit(up, AFTER_HARDENING))


def collect(up: UpRun, results: StageResults) -> StageResults:
    """Poll devices, and wait until Prometheus has every target up."""
    every = targets(up.context.estate).values()
    polled = poll_once(
        [one for one in every if up.municipality in (None, one.municipality)],
        up.context.state,
        catalogue=profiles_of(up.context.estate.own),
    )
    for result in polled:
        up.progress.step(
            result.target.name,
            f"polled over SNMP in {result.duration_seconds * 1000:.0f} ms"
            if result.success
            else result.failure,
            good=result.success,
        )
    results = replace(results, polled=polled)
    if not status.has_prometheus(up.context.estate):
        up.progress.step("prometheus", NO_PROMETHEUS, good=False)
        return results
    reached = wait_for_targets.wait(up.context, up.progress, settle=results.changed_tasks > 0)
    up.progress.step(
        "prometheus",
        f"{len(reached.targets) - len(reached.wrong)} of {len(reached.targets)} targets up",
        good=not reached.wrong,
    )
    return replace(results, status=reached)


def report(up: UpRun, results: StageResults) -> StageResults:
    """Write the compliance report, and read the status once more for the summary."""
    if results.after is None:
        return results
    files = compliance.write(
        up.context.estate,
        up.context.state,
        results.before,
        results.after,
        history=_history(up),
        rejudged=audit.rejudged(up.context, results.before, results.after),
    )
    up.progress.step("report", str(files.html))
    results = replace(results, report=files)
    if not status.has_prometheus(up.context.estate):
        return results
    return replace(results, status=status.read(up.context))


STAGES: tuple[Stage, ...] = (
    Stage("check", "Check the inventory", check),
    Stage("look", "Look at the existing hosts", look),
    Stage("provision", "Provision", provide),
    Stage("baseline", "Audit before hardening", first_audit),
    Stage("converge", "Configure, harden, back up, drill", converge),
    Stage("audit", "Audit", second_audit),
    Stage("collect", "Collect", collect),
    Stage("report", "Report", report),
)


def run_all(up: UpRun) -> StageResults:
    """Run every stage in order; the first that cannot go on ends the run, nothing is undone."""
    results = StageResults()
    up.progress.begin(len(STAGES))
    for stage in STAGES:
        started = time.monotonic()
        with up.progress.stage(stage.title):
            results = stage.run(up, results)
        up.seconds[stage.name] = time.monotonic() - started
    return results


def _play(playbooks: Sequence[str], up: UpRun, results: StageResults) -> StageResults:
    recap = ansible.run(
        up.context,
        playbooks,
        lambda event: ansible.show_event(up.progress, event),
        log_name="up" if len(playbooks) > 1 else "",
        arguments=up.limit,
        variables={VARIABLE: up.run},
    )
    for name, host in sorted(recap.hosts.items()):
        up.progress.step(name, str(host), good=host.finished)
    if not recap.ok:
        raise CommandError(
            f"a playbook ({', '.join(playbooks)}) failed on "
            f"{', '.join(sorted({f.host for f in recap.failures})) or 'no host (see the log)'}"
            f"\n    log: {recap.log}\n    do: mend the cause, then run `bastide up` again",
            Exit.FINDINGS,
        )
    return replace(results, recaps=(*results.recaps, recap))


def _history(up: UpRun) -> History | None:
    try:
        return audit.history(up.context)
    except StoreError as error:
        up.progress.step("history", f"the report goes without: {error}", good=False)
        return None


def _limits(up: UpRun) -> provision.Limits:
    """Return what provisioning is limited to: one stack has all, and leaves what is as declared."""
    several = up.context.estate.stacks is StackLayout.MUNICIPALITY
    return provision.Limits(municipality=up.municipality if several else None)


def _audit(up: UpRun, label: str, only: Sequence[str] | None = None) -> AuditRun:
    with host_check.remembering(up.context, up.progress) as fetch:
        result = audit.run(
            up.context,
            only,
            label=label,
            on_event=lambda host: up.progress.step(
                host.host, describe(host), good=not host.problem
            ),
            fetch=fetch,
        )
    for problem in result.problems:
        up.progress.step("evidence", problem, good=False)
    return result.run
