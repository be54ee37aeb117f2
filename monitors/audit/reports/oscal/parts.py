"""What both OSCAL documents of a municipality are made of (NIST OSCAL 1.2.1, JSON).

A municipality is one system in OSCAL's sense, a host one of its inventory items, a control an
objective.
Ids are UUIDs of version 5: those of hosts, risks and plan items stay the same from run to run.
OSCAL refuses empty arrays, so `filled` leaves them out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from monitors.audit.evidence.records import bundle_file
from monitors.audit.model.results import Accepted, Outcome
from monitors.audit.reports.model import (
    ControlLine,
    HostReport,
    Line,
    MunicipalityReport,
    Report,
    Seal,
    Source,
)
from monitors.audit.reports.remedy import kind_of
from monitors.text import one_line

OSCAL_VERSION = "1.2.1"
# Ours; never change them, all ids of earlier documents hang on the first.
NAMESPACE = UUID("3b7c2b86-6f0e-5c57-9d1a-6c9a4f3f0d11")
ASSESSOR, OWNER = "assessor", "system-owner"
PROPERTIES = "urn:bastide:oscal"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class System:
    """A municipality within a report, as both documents see it."""

    report: Report
    municipality: MunicipalityReport
    controls: dict[str, ControlLine]

    def lasting_id(self, *parts: str) -> str:
        """Return the id of something that outlives a run."""
        return _id(self.report.estate, self.municipality.id, *parts)

    def run_id(self, *parts: str) -> str:
        """Return the id of something of this run under these controls and waivers."""
        run = self.report.after_run
        return _id(
            *(self.report.estate, self.municipality.id, self.report.stamp, run.label),
            *(run.controls_sha256, run.waivers_sha256, *parts),
        )

    def file(self, document: str) -> str:
        """Return the name of one of the municipality's documents, which lie beside each other."""
        return f"{self.report.stamp}-{self.municipality.file}-{document}.json"

    def lines(self) -> Iterator[tuple[HostReport, Line]]:
        """Yield every result of the municipality with its host."""
        return ((host, line) for host in self.municipality.hosts for line in host.lines)

    def title_of(self, line: Line) -> str:
        """Return a control's id and title, in one line."""
        return one_line(f"{line.control} {self.controls[line.control].title}")


def _id(*parts: str) -> str:
    return str(uuid5(NAMESPACE, "\x1f".join(parts)))


def filled(**values: Any) -> Json:
    """Return an object without what is empty; underscores in names become hyphens."""
    return {name.replace("_", "-"): value for name, value in values.items() if value}


def moment(at: datetime) -> str:
    """Return a time as OSCAL writes it: UTC, ISO 8601."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def end_of(day: date) -> str:
    """Return the moment at which a last day is over."""
    return moment(datetime.combine(day + timedelta(days=1), time(), UTC))


def prop(name: str, value: str, **more: str) -> Json:
    """Return a property of ours."""
    return {"name": name, "ns": PROPERTIES, "value": one_line(value) or "-", **more}


def metadata(system: System, title: str) -> Json:
    """Return a document's metadata, dated by the run: who assesses, and whose system it is."""
    parties = {
        ASSESSOR: (system.report.title, "assessor-party"),
        OWNER: (system.municipality.name, "owner-party"),
    }
    ids = {role: system.lasting_id(key) for role, (_, key) in parties.items()}
    return {
        "title": one_line(title),
        "last-modified": moment(system.report.after_run.started),
        "version": system.report.stamp,
        "oscal-version": OSCAL_VERSION,
        "props": [
            prop("controls-sha256", system.report.after_run.controls_sha256),
            prop("waivers-sha256", system.report.after_run.waivers_sha256),
            *_seal(system.report.seal),
        ],
        "roles": [
            {"id": ASSESSOR, "title": "Assessor: the team that runs the audits"},
            {"id": OWNER, "title": "Owner of the audited hosts"},
        ],
        "parties": [
            {"uuid": ids[role], "type": "organization", "name": one_line(name)}
            for role, (name, _) in parties.items()
        ],
        "responsible-parties": [
            {"role-id": role, "party-uuids": [one]} for role, one in ids.items()
        ],
    }


def _seal(seal: Seal | None) -> list[Json]:
    if seal is None:
        return []
    return [
        prop("run-number", str(seal.number)),
        prop("run-sha256", seal.sha256),
        prop("key-fingerprint", seal.fingerprint.replace(" ", "")),
    ]


def assessment_assets(system: System) -> Json:
    """Return what assesses: the program that collects and judges, on the team's own machine."""
    tool = system.run_id("tool")
    return {
        "components": [
            {
                "uuid": tool,
                "type": "software",
                "title": "Bastide",
                "description": "Collects over SSH what hosts answer, and judges it.",
                "props": [prop("version", system.report.version)],
                "status": {"state": "operational"},
            }
        ],
        "assessment-platforms": [
            {
                "uuid": system.run_id("platform"),
                "title": "The auditing machine",
                "uses-components": [{"component-uuid": tool}],
            }
        ],
    }


def reviewed_controls(system: System) -> Json:
    """Return the controls that apply to some host of the municipality."""
    ids = {line.control: None for _, line in system.lines() if line.outcome is not Outcome.SKIP}
    selection: Json = {"include-controls": [{"control-id": control} for control in ids]}
    return {"control-selections": [selection if ids else {"include-all": {}}]}


def inventory_items(system: System) -> list[Json]:
    """Return the hosts; the others refer to them as subjects."""
    return [
        {
            "uuid": system.lasting_id("host", host.host),
            "description": host.host,
            "props": [
                prop("host", host.host),
                *(prop("role", role) for role in host.roles),
                *(prop("level", level) for level in (host.level,) if level),
            ],
        }
        for host in system.municipality.hosts
    ]


def observation(system: System, host: HostReport, line: Line) -> Json:
    """Return what was observed of one control on one host; what does not apply was only read up."""
    source = host.source
    return filled(
        uuid=system.run_id("observation", host.host, line.control),
        description=line.reason or f"{line.control} holds on {host.host}.",
        props=[prop("outcome", line.word), prop("severity", line.severity)],
        methods=["EXAMINE" if line.outcome is Outcome.SKIP else "TEST"],
        subjects=[{"subject-uuid": system.lasting_id("host", host.host), "type": "inventory-item"}],
        relevant_evidence=[_evidence(system, host, line, source)] if source else [],
        collected=moment(source.collected if source else system.report.after_run.started),
    )


def _evidence(system: System, host: HostReport, line: Line, source: Source) -> Json:
    commands = [
        prop("output-sha256", evidence.sha256, remarks=evidence.command)
        for evidence in line.evidence
    ]
    return filled(
        href=f"#{system.run_id('bundle', host.host)}",
        description=f"Answers of {host.host} in {source.bundle}",
        props=[prop("sha256", source.sha256), *commands],
    )


def bundles(system: System) -> list[Json]:
    """Return the bundles as resources with their hashes, by their places in the evidence file.

    These documents are in its folder `reports`.
    """
    return [
        {
            "uuid": system.run_id("bundle", host.host),
            "title": f"Evidence of {host.host}",
            "rlinks": [
                {
                    "href": quote(f"../{bundle_file(host.host)}"),
                    "media-type": "application/gzip",
                    "hashes": [{"algorithm": "SHA-256", "value": host.source.sha256}],
                }
            ],
        }
        for host in system.municipality.hosts
        if host.source
    ]


def risk(system: System, host: HostReport, line: Line) -> Json:
    """Return the risk of a failure: accepted with its deadline under a waiver, open otherwise.

    No deadline is made up: an open risk has none, because an estate sets none.
    """
    control, waiver = system.controls[line.control], line.waiver if line.waived else None
    key = (host.host, line.control)
    return filled(
        uuid=system.lasting_id("risk", *key),
        title=f"{system.title_of(line)}: not met on {host.host}",
        description=line.reason or line.control,
        statement=control.why or control.title or line.control,
        props=[prop("severity", line.severity), *_waiver_props(line)],
        status="deviation-approved" if waiver else "open",
        mitigating_factors=[
            {"uuid": system.lasting_id("measure", *key), "description": waiver.measure}
        ]
        if waiver
        else [],
        deadline=end_of(waiver.expires) if waiver else None,
        remediations=[
            *([_role(system, key, control)] if _is_set_by_role(host, line, control) else []),
            *([_end_of_waiver(system, key, line.waiver)] if line.waiver else []),
        ],
        related_observations=[{"observation-uuid": system.run_id("observation", *key)}],
    )


def _waiver_props(line: Line) -> list[Json]:
    if line.waiver is None:
        return []
    names = ("scope", "owner", "approver", "reason")
    properties = [prop(f"waiver-{name}", getattr(line.waiver, name)) for name in names]
    return [*properties, prop("waiver-expires", line.waiver.expires.isoformat())]


def _is_set_by_role(host: HostReport, line: Line, control: ControlLine) -> bool:
    unwaived = line.model_copy(update={"waived": False})
    return kind_of(host, unwaived, control) == "role"


def _role(system: System, key: tuple[str, str], control: ControlLine) -> Json:
    return {
        "uuid": system.lasting_id("remediation", *key),
        "lifecycle": "recommendation",
        "title": f"Ansible role {control.role}",
        "description": f"The task with the tag {control.tag} of the role {control.role} sets it.",
    }


def _end_of_waiver(system: System, key: tuple[str, str], waiver: Accepted) -> Json:
    """Return what was promised with a waiver: that the deviation ends by its last day."""
    return {
        "uuid": system.lasting_id("end-of-waiver", *key),
        "lifecycle": "planned",
        "title": "End of the accepted deviation",
        "description": f"{waiver.owner} works on its end; {waiver.approver} accepted the risk.",
        "tasks": [
            {
                "uuid": system.lasting_id("milestone", *key),
                "type": "milestone",
                "title": f"{key[1]} is met on {key[0]}, or the deviation was granted again",
                "timing": {"on-date": {"date": end_of(waiver.expires)}},
            }
        ],
    }


def failing(system: System) -> Iterator[tuple[HostReport, Line]]:
    """Yield what fails, waived or not."""
    return ((host, line) for host, line in system.lines() if line.outcome is Outcome.FAIL)
