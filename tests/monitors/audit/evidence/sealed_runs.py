"""A sealed audit of two lab hosts in a state folder of the test's own."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from monitors.audit.archive.bundles import keep, keep_view, view_file
from monitors.audit.archive.runs import save
from monitors.audit.evidence.chain import Link
from monitors.audit.evidence.inputs import keep_inputs
from monitors.audit.evidence.package import write_package
from monitors.audit.evidence.records import seal
from monitors.audit.judge.host_results import judge_host
from monitors.audit.model.declared import Declared
from monitors.audit.model.results import AuditRun, HostAudit
from monitors.collection.bundle import unpack
from tests.monitors.audit.estates import TABLE, audit_run, declared, lab, packed, seen

HOSTS = ("kastrava-app", "velgora-app")
REPORTS = {"compliance.html": b"<!doctype html><p>264 of 264</p>\n"}


def audited(
    state: Path, case: str = "hardened", days: int = 0, at: datetime | None = None
) -> AuditRun:
    """Return a run whose bundles and inputs are kept, as if recorded some days later, or then."""
    run = audit_run(case)
    started = at or run.started + timedelta(days=days)
    hosts = tuple(_asked(state, case, host, started) for host in HOSTS)
    inputs = keep_inputs(state, TABLE, lab().waivers, [alone(host) for host in HOSTS])
    changes = {**dict(inputs), "started": started, "hosts": hosts}
    run = run.model_copy(update=changes)
    save(run, state)
    return run


def alone(host: str) -> Declared:
    """Return what is declared of a host where the estate has no other hosts but these."""
    return replace(declared(host), neighbours=())


def _asked(state: Path, case: str, host: str, at: datetime) -> HostAudit:
    sent = packed(case, host, clock=at.timestamp())
    path = keep(sent, state, host, at)
    view = seen(case, host).model_copy(update={"at": at})
    kept = keep_view(view, path)
    judged = judge_host(
        unpack(sent), TABLE, alone(host), lab().waivers, path.relative_to(state), outside=view
    )
    where = {
        "bundle_sha256": hashlib.sha256(sent).hexdigest(),
        "outside": str(view_file(path).relative_to(state)),
        "outside_sha256": hashlib.sha256(kept).hexdigest(),
    }
    return judged.model_copy(update=where)


def sealed(state: Path, case: str = "hardened", days: int = 0) -> tuple[AuditRun, Link]:
    """Return an audited run and the link that seals it."""
    run = audited(state, case, days)
    return run, seal(run, state)


def evidence(state: Path) -> Path:
    """Return the evidence file of the second of two runs."""
    sealed(state, "fresh")
    run, _ = sealed(state, days=1)
    return write_package(run, state, REPORTS)
