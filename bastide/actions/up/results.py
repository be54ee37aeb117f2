"""One run of `bastide up`: what it works on, and the results of its stages."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bastide.actions.playbook_recap import Recap
from bastide.actions.provision import UNCHANGED
from bastide.actions.status import Status
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from infra.engine import EngineResult
from infra.policies.model import Finding
from inventory.entries import InventoryHost
from inventory.model.tenants import CENTRAL
from inventory.run_id import new_run
from monitors.audit.model.results import AuditRun
from monitors.audit.reports.compliance import ReportFiles
from monitors.continuity.records import DrillResult
from monitors.snmp.poll_result import PollResult


@dataclass(frozen=True, slots=True)
class StageResults:
    """The results so far; a stage gives back a copy with its own part filled in."""

    provisioned: EngineResult | None = None
    policies: tuple[Finding, ...] = ()
    recaps: tuple[Recap, ...] = ()
    before: AuditRun | None = None
    after: AuditRun | None = None
    polled: tuple[PollResult, ...] = ()
    status: Status | None = None
    drills: tuple[DrillResult, ...] = ()
    report: ReportFiles | None = None

    @property
    def changed_resources(self) -> int:
        """How many resources the engine created, updated, replaced or deleted."""
        changes = self.provisioned.changes if self.provisioned else {}
        return sum(number for name, number in changes.items() if name not in UNCHANGED)

    @property
    def changed_tasks(self) -> int:
        """How many Ansible tasks changed something, over all hosts and playbooks."""
        return sum(sum(recap.changed.values()) for recap in self.recaps)


@dataclass(frozen=True, slots=True)
class UpRun:
    """What the stages work on; `seconds` is how long each took, `run` what hosts record it as.

    `municipality`: the one that is brought up, with what central knows of it; None for all.
    """

    context: EstateContext
    progress: Progress
    engine: str = "auto"
    seconds: dict[str, float] = field(default_factory=dict)
    run: str = field(default_factory=new_run)
    municipality: str | None = None

    @property
    def limit(self) -> tuple[str, ...]:
        """What Ansible is limited to: nothing, or the groups of the municipality and central."""
        return ("--limit", f"{self.municipality}:{CENTRAL}") if self.municipality else ()

    def chosen(self, entries: Iterable[InventoryHost]) -> tuple[InventoryHost, ...]:
        """Return those that the run is about: all, or the municipality's and central's."""
        wanted = (self.municipality, CENTRAL)
        return tuple(e for e in entries if not self.municipality or e.tenant.id in wanted)
