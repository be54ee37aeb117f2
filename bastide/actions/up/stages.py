"""The stages of `bastide up`, in order: the chain's contents page."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from bastide.actions import ansible, provision, status, wheelhouse
from bastide.actions.audit import BASELINE, LATEST, audit, history_of, rejudged
from bastide.actions.audit_output import summary_of
from bastide.actions.up import wait_for_targets
from bastide.actions.up.results import Findings, Work
from bastide.support.errors import CommandError, Exit
from infra import credentials
from infra.engine import Operation
from inventory.entries import devices, hosts
from inventory.secrets import unresolved
from monitors.audit.archive.runs import load_latest
from monitors.audit.history.database import StoreError
from monitors.audit.history.model import History
from monitors.audit.model.results import AuditRun
from monitors.audit.reports import compliance
from monitors.continuity.drill_history import latest_drills
from monitors.snmp import polling
from monitors.snmp.targets import targets

Stage = Callable[[Work, Findings], Findings]


@dataclass(frozen=True, slots=True)
class Named:
    """A stage with the words that announce it."""

    name: str
    title: str
    run: Stage


def check(work: Work, findings: Findings) -> Findings:
    """Count what the estate has; it was read, and so checked, to get here."""
    estate = work.context.estate
    found = sum(1 for _ in hosts(estate)), sum(1 for _ in devices(estate))
    work.progress.step(
        estate.estate,
        f"{len(estate.municipalities)} municipalities, {found[0]} hosts, {found[1]} devices",
    )
    return findings


def provide(work: Work, findings: Findings) -> Findings:
    """Make keys and certificates, then what the infra program declares; wheels meanwhile."""
    missing = unresolved(work.context.estate, work.context.state)
    if missing:
        raise CommandError("\n".join(("secrets are missing:", *missing)), Exit.WRONG_USE)
    made = credentials.ensure(work.context.estate, work.context.state)
    if made.count:
        work.progress.step("credentials", f"{made.count} made in {work.context.state}")
    with ThreadPoolExecutor(1) as beside:
        wheels = beside.submit(wheelhouse.build, work.context.state / "wheelhouse.tar")
        outcome = provision.run(
            work.context, Operation.UP, work.engine, lambda e: provision.show_step(work.progress, e)
        )
        wheels.result()
    if not outcome.ok:
        first = outcome.failures[0] if outcome.failures else None
        raise CommandError(
            f"provisioning failed: {provision.describe(outcome)}"
            + (f"\n    first: {first.name}: {first.message}" if first else "")
            + "\n    do: mend the cause, then run `bastide up` again; what was made is kept",
            Exit.FINDINGS,
        )
    work.progress.step("resources", provision.describe(outcome))
    return replace(findings, credentials=made, provisioned=outcome)


def configure(work: Work, findings: Findings) -> Findings:
    """Run configure.yml."""
    return _playbook("configure", work, findings)


def first_audit(work: Work, findings: Findings) -> Findings:
    """Audit before hardening; kept from the estate's very first run, as the baseline."""
    kept = load_latest(work.context.state, BASELINE)
    if kept is not None:
        work.progress.step("baseline", f"kept from {kept.started:%Y-%m-%d %H:%M} UTC")
        return replace(findings, before=kept)
    return replace(findings, before=_audit(work, BASELINE))


def harden(work: Work, findings: Findings) -> Findings:
    """Run harden.yml, then audit again."""
    return _playbook("harden", work, findings)


def second_audit(work: Work, findings: Findings) -> Findings:
    """Audit what hardening left."""
    return replace(findings, after=_audit(work, LATEST))


def collect(work: Work, findings: Findings) -> Findings:
    """Poll devices, and wait until Prometheus itself says that every target is up."""
    findings = _playbook("collect", work, findings)
    polled = polling.poll(targets(work.context.estate).values(), work.context.state)
    for result in polled:
        work.progress.step(
            result.target.name,
            f"polled over SNMP in {result.duration_seconds * 1000:.0f} ms"
            if result.success
            else result.failure,
            good=result.success,
        )
    found = wait_for_targets.wait(work.context, work.progress)
    work.progress.step(
        "prometheus",
        f"{len(found.targets) - len(found.wrong)} of {len(found.targets)} targets up",
        good=not found.wrong,
    )
    return replace(findings, polled=polled, status=found)


def back_up(work: Work, findings: Findings) -> Findings:
    """Run the backups that are due."""
    return _playbook("backup", work, findings)


def drill(work: Work, findings: Findings) -> Findings:
    """Restore, somewhere harmless, what no recent drill has restored."""
    done = _playbook("restore_drill", work, findings)
    results = latest_drills(work.context.state)
    for result in results:
        told = f"restored to depth {result.depth} in {result.rto_seconds or 0:.1f} s"
        work.progress.step(result.host, f"{result.plan}: {result.error or told}", good=result.ok)
    return replace(done, drills=results)


def report(work: Work, findings: Findings) -> Findings:
    """Write the compliance report, and read the status once more for the summary."""
    if findings.after is None:
        return findings
    files = compliance.write(
        work.context.estate,
        work.context.state,
        findings.before,
        findings.after,
        history=_history(work),
        rejudged=rejudged(work.context, findings.before, findings.after),
    )
    work.progress.step("report", str(files.html))
    return replace(findings, report=files, status=status.read(work.context))


STAGES: tuple[Named, ...] = (
    Named("check", "Check the inventory", check),
    Named("provision", "Provision", provide),
    Named("configure", "Configure", configure),
    Named("baseline", "First audit", first_audit),
    Named("harden", "Harden", harden),
    Named("backup", "Back up", back_up),
    Named("drill", "Restore drill", drill),
    Named("audit", "Audit again", second_audit),
    Named("collect", "Collect", collect),
    Named("report", "Report", report),
)


def run_all(work: Work) -> Findings:
    """Run every stage in order; the first that cannot go on stops the chain, nothing is undone."""
    findings = Findings()
    work.progress.begin(len(STAGES))
    for stage in STAGES:
        started = time.monotonic()
        with work.progress.stage(stage.title):
            findings = stage.run(work, findings)
        work.seconds[stage.name] = time.monotonic() - started
    return findings


def _playbook(name: str, work: Work, findings: Findings) -> Findings:
    recap = ansible.run(work.context, name, lambda event: ansible.show_event(work.progress, event))
    for host, changed in sorted(recap.changed.items()):
        failed = any(failure.host == host for failure in recap.failures)
        text = f"{changed} changed" if changed else "nothing to change"
        work.progress.step(host, "failed" if failed else text, good=not failed)
    if not recap.ok:
        raise CommandError(
            f"the playbook {name} failed on "
            f"{', '.join(sorted({f.host for f in recap.failures})) or 'no host (see the log)'}"
            f"\n    log: {recap.log}\n    do: mend the cause, then run `bastide up` again",
            Exit.FINDINGS,
        )
    return replace(findings, recaps=(*findings.recaps, (name, recap)))


def _history(work: Work) -> History | None:
    try:
        return history_of(work.context)
    except StoreError as error:
        work.progress.step("history", f"the report goes without: {error}", good=False)
        return None


def _audit(work: Work, label: str) -> AuditRun:
    audited = audit(
        work.context,
        label=label,
        on_event=lambda host: work.progress.step(
            host.host, summary_of(host), good=not host.problem
        ),
    )
    for problem in audited.problems:
        work.progress.step("evidence", problem, good=False)
    return audited.run
