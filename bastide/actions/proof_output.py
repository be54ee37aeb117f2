"""What is promised and what is proved of each service's recovery: a table, JSON, a page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bastide.actions.pages import page
from bastide.support.durations import duration, long_or_short
from bastide.support.estate import EstateContext
from bastide.support.output import Row, print_table, row
from monitors.continuity.proofs import PlanProof, ServiceProof

NO_DATA = "none of its hosts is backed up"


def show(found: Sequence[ServiceProof]) -> None:
    """Print a line for each service and plan."""
    headings = (
        "service", "class", "promised RPO, RTO", "plan", "proved RPO, RTO", "depth", "drilled",
        "clean", "may fail", "verdict",
    )  # fmt: skip
    rows = [line for proof in found for line in _rows(proof)]
    print_table(headings, rows)


def _rows(proof: ServiceProof) -> list[Row]:
    name, kind, promised = title(proof), class_of(proof), promised_of(proof)
    if not proof.plans:
        return [row(name, kind, promised, "", "", "", "", "", "", NO_DATA)]
    return [
        row(
            name,
            kind,
            promised,
            f"{plan.state.objectives.host} {plan.state.objectives.plan}",
            proved(plan),
            depth(plan),
            drilled(plan),
            str(plan.clean),
            bound(plan),
            "; ".join(plan.wrong) or "proved",
            bad=bool(plan.wrong),
        )
        for plan in proof.plans
    ]


def title(proof: ServiceProof) -> str:
    """Return a service's name; a host without one is said to be so."""
    if proof.service is None:
        return f"{proof.plans[0].state.objectives.host} (no service)"
    return proof.service.name


def full_title(proof: ServiceProof) -> str:
    """Return a service as its users call it, and whose it is; a host is said to be without one."""
    if proof.service is None:
        return title(proof)
    return f"{proof.service.service.name}, {proof.service.tenant.name}"


def class_of(proof: ServiceProof) -> str:
    """Return the class that is promised: that of its plan where there is no service."""
    if proof.promise is not None:
        return proof.promise.continuity.value
    return proof.plans[0].state.objectives.continuity.value


def promised_of(proof: ServiceProof) -> str:
    """Return the RPO and RTO that are promised, in words."""
    if proof.promise is not None:
        return f"{proof.promise.rpo_hours:g} h, {proof.promise.rto_hours:g} h"
    objectives = proof.plans[0].state.objectives
    return f"{objectives.rpo_seconds / 3600:g} h, {objectives.rto_seconds / 3600:g} h"


def proved(plan: PlanProof) -> str:
    """Return the RPO and RTO that the newest drill measured, in words."""
    drill = plan.drill
    if drill is None or drill.rpo_seconds is None or drill.rto_seconds is None:
        return "nothing"
    return f"{duration(drill.rpo_seconds)}, {long_or_short(drill.rto_seconds)}"


def drilled(plan: PlanProof) -> str:
    """Return when the newest drill was, and which copy it has read, as far as it told."""
    if plan.drill is None:
        return "never"
    read = f" from {plan.drill.target}" if plan.drill.target else ""
    return f"{plan.drill.started:%Y-%m-%d}{read}"


def depth(plan: PlanProof) -> str:
    """Return how deep the newest drill went."""
    return plan.drill.depth.value if plan.drill and plan.drill.depth else "none"


def bound(plan: PlanProof) -> str:
    """Return which share of restores may fail all the same."""
    share = plan.failure_bound
    return "unknown" if share is None else f"up to {share:.0%}"


def values(context: EstateContext, found: Sequence[ServiceProof], now: datetime) -> dict[str, Any]:
    """Return the report as plain JSON values; times in UTC, durations in seconds."""
    return {
        "estate": context.estate.estate,
        "at": now.isoformat(timespec="seconds"),
        "services": [_service_values(proof) for proof in found],
    }


def _service_values(proof: ServiceProof) -> dict[str, Any]:
    promise, service = proof.promise, proof.service
    return {
        "municipality": proof.municipality,
        "service": service.name if service else None,
        "name": service.service.name if service else None,
        "continuity": class_of(proof),
        "rpo_seconds": round(promise.rpo_hours * 3600) if promise else None,
        "rto_seconds": round(promise.rto_hours * 3600) if promise else None,
        "proved": proof.proved,
        "plans": [_plan_values(plan) for plan in proof.plans],
    }


def _plan_values(plan: PlanProof) -> dict[str, Any]:
    objectives, drill = plan.state.objectives, plan.drill
    return {
        "host": objectives.host,
        "plan": objectives.plan,
        "rpo_seconds": objectives.rpo_seconds,
        "rto_seconds": objectives.rto_seconds,
        "proved_rpo_seconds": drill.rpo_seconds if drill else None,
        "proved_rto_seconds": drill.rto_seconds if drill else None,
        "depth": drill.depth.value if drill and drill.depth else None,
        "drilled": drill.started.isoformat() if drill else None,
        "drilled_target": drill.target if drill else None,
        "clean_drills": plan.clean,
        "failure_bound": plan.failure_bound,
        "evidence": plan.newest.file.name if plan.newest else None,
        "evidence_sha256": plan.newest.sha256 if plan.newest else None,
        "copies": [
            {
                "target": one.drill.target,
                "drilled": one.drill.started.isoformat(),
                "evidence": one.file.name,
                "evidence_sha256": one.sha256,
            }
            for one in plan.evidence
        ],
        "wrong": list(plan.wrong),
    }


def html(context: EstateContext, found: Sequence[ServiceProof], now: datetime) -> str:
    """Return the report as one page for auditors."""
    plans = [plan for proof in found for plan in proof.plans]
    return page(
        "proofs.html.j2",
        context=context,
        now=now,
        found=found,
        kept=[proof for proof in found if proof.plans],
        proved_count=sum(proof.proved for proof in found),
        plans=plans,
        full_title=full_title,
        class_of=class_of,
        promised_of=promised_of,
        proved=proved,
        depth=depth,
        drilled=drilled,
        bound=bound,
        no_data=NO_DATA,
    )
