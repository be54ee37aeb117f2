"""OSCAL assessment results of a municipality: observations on every host, a finding a control."""

from collections import defaultdict
from datetime import timedelta

from monitors.audit.model.results import Outcome
from monitors.audit.reports.model import HostReport, Line
from monitors.audit.reports.oscal.parts import (
    Json,
    System,
    assessment_assets,
    bundles,
    failing,
    filled,
    inventory_items,
    metadata,
    moment,
    observation,
    prop,
    reviewed_controls,
    risk,
)
from monitors.text import one_line

UNCONFIRMED = "~"


def assessment_results(system: System) -> Json:
    """Return the document; an observation a host and control, a finding a control that applies."""
    title = f"Security compliance of {system.municipality.name}"
    return {
        "assessment-results": {
            "uuid": system.run_id("assessment-results"),
            "metadata": metadata(system, title),
            "import-ap": {"href": f"#{system.run_id('plan')}"},
            "results": [_result(system, title)],
            "back-matter": {"resources": [_plan(system), *bundles(system)]},
        }
    }


def _result(system: System, title: str) -> Json:
    run = system.report.after_run
    return filled(
        uuid=system.run_id("result"),
        title=f"{title}, audit {system.report.stamp}",
        description=f"Audit “{run.label}” of {len(system.municipality.hosts)} hosts.",
        start=moment(run.started),
        end=moment(run.started + timedelta(seconds=run.seconds)),
        props=_scores(system),
        local_definitions={
            "inventory-items": inventory_items(system),
            "assessment-assets": assessment_assets(system),
        },
        reviewed_controls=reviewed_controls(system),
        observations=[observation(system, host, line) for host, line in system.lines()],
        risks=[risk(system, host, line) for host, line in failing(system)],
        findings=_findings(system),
    )


def _scores(system: System) -> list[Json]:
    after = system.municipality.after
    shares = {"proved": after.proved, "accepted": after.accepted, "coverage": after.coverage}
    return [prop(f"score-{n}", f"{s:.4f}") for n, s in shares.items() if s is not None]


def _findings(system: System) -> list[Json]:
    lines: defaultdict[str, list[tuple[HostReport, Line]]] = defaultdict(list)
    for host, line in system.lines():
        if line.outcome is not Outcome.SKIP:
            lines[line.control].append((host, line))
    return [_finding(system, control, results) for control, results in lines.items()]


def _finding(system: System, control: str, results: list[tuple[HostReport, Line]]) -> Json:
    """Return a control's finding: satisfied when it is proved on every host where it applies."""
    of = [line.outcome for _, line in results]
    passed, failed = of.count(Outcome.PASS), of.count(Outcome.FAIL)
    state = "satisfied" if passed == len(of) else "not-satisfied"
    reason = "pass" if passed == len(of) else "fail" if failed else "other"
    return filled(
        uuid=system.run_id("finding", control),
        title=system.title_of(results[0][1]),
        description=f"Proved on {passed} of {len(of)} hosts where it applies.",
        props=[prop("origin", system.controls[control].origin), *_references(system, control)],
        target={
            "type": "objective-id",
            "target-id": control,
            "status": {"state": state, "reason": reason},
        },
        related_observations=[
            {"observation-uuid": system.run_id("observation", host.host, control)}
            for host, _ in results
        ],
        related_risks=[
            {"risk-uuid": system.lasting_id("risk", host.host, control)}
            for host, line in results
            if line.outcome is Outcome.FAIL
        ],
    )


def _references(system: System, control: str) -> list[Json]:
    """Return a control's references as properties; an unconfirmed match says so."""
    return [
        prop("reference", reference.removesuffix(UNCONFIRMED), **_class(key, reference))
        for key, references in system.controls[control].references.model_dump().items()
        for reference in references
    ]


def _class(key: str, reference: str) -> dict[str, str]:
    doubt = {"remarks": "unconfirmed match"} if reference.endswith(UNCONFIRMED) else {}
    return {"class": key, **doubt}


def _plan(system: System) -> Json:
    """Return the assessment plan, a document beside this one."""
    return {
        "uuid": system.run_id("plan"),
        "title": f"Assessment plan of {one_line(system.municipality.name)}",
        "rlinks": [{"href": system.file("assessment-plan"), "media-type": "application/json"}],
    }
