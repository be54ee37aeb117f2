"""A sealed audit of two lab hosts in a state folder of the test's own."""

import hashlib
from datetime import timedelta
from pathlib import Path

from monitors.audit.archive.bundles import keep, keep_view, view_file
from monitors.audit.archive.runs import save
from monitors.audit.evidence.chain import Link
from monitors.audit.evidence.inputs import keep_inputs
from monitors.audit.evidence.package import write_package
from monitors.audit.evidence.records import seal
from monitors.audit.model.results import AuditRun
from tests.monitors.audit.estates import TABLE, audit_run, declared, lab, packed, seen

HOSTS = ("kastrava-app", "velgora-app")
REPORTS = {"compliance.html": b"<!doctype html><p>264 of 264</p>\n"}


def audited(state: Path, case: str = "hardened", days: int = 0) -> AuditRun:
    """Return a run whose bundles and inputs are kept, some days after the recording."""
    run = audit_run(case)
    started = run.started + timedelta(days=days)
    hosts = []
    for host in (h for h in run.hosts if h.host in HOSTS):
        sent = packed(case, host.host)
        path = keep(sent, state, host.host, started)
        digest = hashlib.sha256(sent).hexdigest()
        view = keep_view(seen(case, host.host), path)
        where = {
            "bundle": str(path.relative_to(state)),
            "bundle_sha256": digest,
            "outside": str(view_file(path).relative_to(state)),
            "outside_sha256": hashlib.sha256(view).hexdigest(),
        }
        hosts.append(host.model_copy(update=where))
    inputs = keep_inputs(state, TABLE, lab().waivers, [declared(h.host) for h in hosts])
    changes = {**dict(inputs), "started": started, "hosts": tuple(hosts)}
    run = run.model_copy(update=changes)
    save(run, state)
    return run


def sealed(state: Path, case: str = "hardened", days: int = 0) -> tuple[AuditRun, Link]:
    """Return an audited run and the link that seals it."""
    run = audited(state, case, days)
    return run, seal(run, state)


def evidence(state: Path) -> Path:
    """Return the evidence file of the second of two runs."""
    sealed(state, "fresh")
    run, _ = sealed(state, days=1)
    return write_package(run, state, REPORTS)
