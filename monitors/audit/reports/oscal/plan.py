"""OSCAL plan of action and milestones of a municipality: an item a failing control and host."""

from monitors.audit.reports.model import HostReport, Line
from monitors.audit.reports.oscal.parts import (
    Json,
    System,
    bundles,
    failing,
    filled,
    inventory_items,
    metadata,
    observation,
    prop,
    risk,
)

IDENTIFIER_TYPE = "urn:bastide:municipality"


def plan_of_action(system: System) -> Json | None:
    """Return the document, or None when nothing fails: a plan without items is not valid."""
    failures = tuple(failing(system))
    if not failures:
        return None
    resources = bundles(system)
    return {
        "plan-of-action-and-milestones": filled(
            uuid=system.run_id("plan-of-action"),
            metadata=metadata(system, f"Plan of action of {system.municipality.name}"),
            system_id={"identifier-type": IDENTIFIER_TYPE, "id": system.municipality.id},
            local_definitions={"inventory-items": inventory_items(system)},
            observations=[observation(system, host, line) for host, line in failures],
            risks=[risk(system, host, line) for host, line in failures],
            poam_items=[_item(system, host, line) for host, line in failures],
            back_matter={"resources": resources} if resources else None,
        )
    }


def _item(system: System, host: HostReport, line: Line) -> Json:
    key = (host.host, line.control)
    since = [prop("failing-since", line.since.isoformat())] if line.since else []
    return {
        "uuid": system.lasting_id("plan-item", *key),
        "title": f"{system.title_of(line)}: {host.host}",
        "description": system.controls[line.control].why or line.reason or line.control,
        "props": [prop("severity", line.severity), prop("outcome", line.word), *since],
        "related-observations": [{"observation-uuid": system.run_id("observation", *key)}],
        "related-risks": [{"risk-uuid": system.lasting_id("risk", *key)}],
    }
