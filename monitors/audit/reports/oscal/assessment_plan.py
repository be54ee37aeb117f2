"""OSCAL assessment plan of a municipality: what is tested on which hosts, and by whom."""

from monitors.audit.reports.oscal.parts import (
    Json,
    System,
    assessment_assets,
    inventory_items,
    metadata,
    reviewed_controls,
)


def assessment_plan(system: System) -> Json:
    """Return the document that the assessment results import."""
    name = system.municipality.name
    return {
        "assessment-plan": {
            "uuid": system.run_id("plan-document"),
            "metadata": metadata(system, f"Assessment plan of {name}"),
            "import-ssp": {"href": f"#{system.run_id('estate')}"},
            "local-definitions": {"activities": [_activity(system)]},
            "reviewed-controls": reviewed_controls(system),
            "assessment-subjects": [
                {
                    "type": "inventory-item",
                    "description": "The hosts that the inventory declares: "
                    + (", ".join(item["description"] for item in inventory_items(system)) or "none")
                    + ".",
                    "include-all": {},
                }
            ],
            "assessment-assets": assessment_assets(system),
            "back-matter": {"resources": [_estate(system)]},
        }
    }


def _activity(system: System) -> Json:
    return {
        "uuid": system.run_id("activity"),
        "title": "Audit over SSH",
        "description": "Every host runs a fixed list of commands and sends what they print; each "
        "control is judged from that by a program.",
    }


def _estate(system: System) -> Json:
    """Return what stands for a system security plan: the control table, by its hash."""
    return {
        "uuid": system.run_id("estate"),
        "title": "Bastide's control table and the estate's inventory",
        "description": "What is required of every host, and which hosts there are. The RFC 8785 "
        f"JSON of the table has the SHA-256 {system.report.after_run.controls_sha256}; it and the "
        "declared hosts are controls.jsonl and declared.jsonl in the evidence file.",
    }
