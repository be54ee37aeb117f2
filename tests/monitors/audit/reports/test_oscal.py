"""OSCAL: compliance-trestle reads it, ids last, and nothing is made up."""

import json
from hashlib import sha256
from pathlib import Path
from posixpath import normpath
from typing import Any
from uuid import UUID

import pytest
from trestle.oscal.assessment_plan import AssessmentPlan
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.poam import PlanOfActionAndMilestones

from monitors.audit.evidence.package import write_package
from monitors.audit.evidence.verify import verify
from monitors.audit.model.controls import load_controls
from monitors.audit.reports.build import build
from monitors.audit.reports.compliance import Format, render
from monitors.audit.reports.model import Report
from monitors.audit.reports.oscal import assessment_plan, assessment_results, plan_of_action
from monitors.audit.reports.oscal.parts import System
from tests.monitors.audit.evidence.sealed_runs import sealed
from tests.monitors.audit.reports.sample_reports import (
    AFTER,
    ESTATE,
    FAIL,
    LAB,
    NOW,
    TABLE,
    accepted,
    audited,
    hostile_report,
    lost,
    report,
    run_of,
    with_own_control,
)

REPORTS = {
    "of everything": report(),
    "of hostile words": hostile_report(),
    "of nothing": build(LAB, None, AFTER.model_copy(update={"hosts": ()}), TABLE),
    "of hosts that are gone": build(
        LAB, None, AFTER.model_copy(update={"hosts": (lost("velgora-app", "no route"),)}), TABLE
    ),
    "of all well": build(LAB, None, run_of(), TABLE),
}


def systems(reported: Report) -> dict[str, System]:
    controls = {control.id: control for control in reported.controls}
    return {
        municipality.id: System(reported, municipality, controls)
        for municipality in reported.municipalities
    }


def results(municipality: str = "velgora", reported: Report | None = None) -> dict[str, Any]:
    document: dict[str, Any] = assessment_results(systems(reported or report())[municipality])
    one: dict[str, Any] = document["assessment-results"]["results"][0]
    return one


def plan(municipality: str = "velgora", reported: Report | None = None) -> dict[str, Any]:
    document = plan_of_action(systems(reported or report())[municipality])
    assert document is not None
    inner: dict[str, Any] = document["plan-of-action-and-milestones"]
    return inner


@pytest.mark.parametrize("reported", REPORTS.values(), ids=REPORTS)
def test_trestle_reads_every_document(reported: Report) -> None:
    for system in systems(reported).values():
        document = json.loads(json.dumps(assessment_results(system)))
        AssessmentResults.model_validate(document["assessment-results"])
        imported = json.loads(json.dumps(assessment_plan(system)))
        AssessmentPlan.model_validate(imported["assessment-plan"])
        milestones = plan_of_action(system)
        if milestones is not None:
            inner = json.loads(json.dumps(milestones))["plan-of-action-and-milestones"]
            PlanOfActionAndMilestones.model_validate(inner)


@pytest.mark.parametrize("reported", REPORTS.values(), ids=REPORTS)
def test_ids_are_unique_and_references_lead_somewhere(reported: Report) -> None:
    for system in systems(reported).values():
        documents = assessment_plan(system), assessment_results(system), plan_of_action(system)
        for document in filter(None, documents):
            defined = list(values(document, "uuid"))
            assert len(defined) == len(set(defined))
            assert all(UUID(one).version == 5 for one in defined)
            assert {one for ids in values(document, "party-uuids") for one in ids} <= set(defined)
            for name in ("subject-uuid", "observation-uuid", "risk-uuid", "component-uuid"):
                assert set(values(document, name)) <= set(defined)
            hrefs = {href[1:] for href in values(document, "href") if href.startswith("#")}
            assert hrefs <= set(defined)


def values(of: object, name: str) -> Any:
    if isinstance(of, dict):
        for key, value in of.items():
            if key == name:
                yield value
            yield from values(value, name)
    if isinstance(of, list):
        for value in of:
            yield from values(value, name)


def test_nothing_failing_is_no_plan() -> None:
    assert plan_of_action(systems(REPORTS["of all well"])["velgora"]) is None


def test_a_waiver_is_an_accepted_risk_with_its_deadline() -> None:
    risk = next(r for r in results()["risks"] if r["title"].startswith("SSH-02"))
    assert risk["status"] == "deviation-approved"
    assert risk["deadline"] == "2026-04-21T00:00:00Z"
    assert "management network" in risk["mitigating-factors"][0]["description"]


def test_an_expired_waiver_is_an_open_risk() -> None:
    ended = accepted(NOW.date(), expired=True)
    reported = build(LAB, None, run_of(audited("velgora-app", {"SSH-02": FAIL}, ended)), TABLE)
    risk = results("velgora", reported)["risks"][0]
    assert risk["status"] == "open"
    assert "deadline" not in risk


def test_no_deadline_is_made_up() -> None:
    open_risks = [r for r in plan()["risks"] if r["status"] == "open"]
    assert len(open_risks) == 2
    assert not any("deadline" in risk for risk in open_risks)


def test_a_finding_is_satisfied_only_when_proved_everywhere() -> None:
    velgora = {f["target"]["target-id"]: f["target"]["status"] for f in results()["findings"]}
    kastrava = {
        f["target"]["target-id"]: f["target"]["status"] for f in results("kastrava")["findings"]
    }
    assert velgora["LOG-01"] == {"state": "satisfied", "reason": "pass"}
    assert velgora["SSH-01"] == {"state": "not-satisfied", "reason": "fail"}
    assert kastrava["LOG-01"] == {"state": "not-satisfied", "reason": "other"}
    assert "KRN-01" not in velgora


def test_unconfirmed_references_say_so() -> None:
    finding = next(f for f in results()["findings"] if f["target"]["target-id"] == "SSH-01")
    references = [p for p in finding["props"] if p["name"] == "reference"]
    assert [(p["class"], p["value"], p.get("remarks")) for p in references] == [
        ("cis_debian_12", "5.1.20", "unconfirmed match"),
        ("cis_debian_12", "5.1.9", None),
        ("nis2_21_2", "i", None),
    ]


def test_the_controls_of_the_estate_are_told_apart() -> None:
    system = systems(with_own_control(report(), "SSH-01"))["velgora"]
    [result] = assessment_results(system)["assessment-results"]["results"]
    origins = {
        finding["target"]["target-id"]: prop["value"]
        for finding in result["findings"]
        for prop in finding["props"]
        if prop["name"] == "origin"
    }
    assert origins["SSH-01"] == "estate"
    assert origins["LOG-01"] == "bastide"


def test_evidence_is_a_member_of_the_evidence_file_with_its_hash(tmp_path: Path) -> None:
    run, _ = sealed(tmp_path)
    reported = build(LAB, None, run, load_controls())
    files = {file.name: file.content for file in render(reported, [Format.OSCAL])}
    members = verify(write_package(run, tmp_path, files)).members
    linked = 0
    for name in files:
        for resource in values(json.loads(files[name]), "rlinks"):
            for link in resource:
                member = members[normpath(f"reports/{link['href']}")]
                for one in link.get("hashes", ()):
                    assert one["value"] == sha256(member).hexdigest()
                    linked += 1
    assert linked >= len(run.hosts)


def test_the_plan_that_results_import_lies_beside_them() -> None:
    system = systems(report())["velgora"]
    document = assessment_results(system)["assessment-results"]
    plans = [
        link["href"]
        for resource in document["back-matter"]["resources"]
        if f"#{resource['uuid']}" == document["import-ap"]["href"]
        for link in resource["rlinks"]
    ]
    names = [file.name for file in render(report(), [Format.OSCAL])]
    assert plans == [f"{report().stamp}-velgora-assessment-plan.json"]
    assert set(plans) <= set(names)


def test_who_assesses_and_whose_hosts_they_are_stands_in_every_document() -> None:
    system = systems(report())["velgora"]
    for document in (assessment_plan, assessment_results, plan_of_action):
        [inner] = (document(system) or {}).values()
        metadata = inner["metadata"]
        names = {party["uuid"]: party["name"] for party in metadata["parties"]}
        responsible = {
            one["role-id"]: [names[uuid] for uuid in one["party-uuids"]]
            for one in metadata["responsible-parties"]
        }
        assert responsible == {"assessor": [report().title], "system-owner": ["Velgora"]}
        assert {role["id"] for role in metadata["roles"]} == set(responsible)


def test_a_waiver_gives_the_plan_a_milestone_on_its_last_day() -> None:
    risk = next(r for r in plan()["risks"] if r["title"].startswith("SSH-02"))
    [task] = [task for one in risk["remediations"] for task in one.get("tasks", ())]
    assert task["type"] == "milestone"
    assert task["timing"] == {"on-date": {"date": risk["deadline"]}}
    others = [r for r in plan()["risks"] if not r["title"].startswith("SSH-02")]
    assert not list(values(others, "tasks"))


def test_items_and_risks_keep_their_ids_from_run_to_run() -> None:
    later = AFTER.model_copy(update={"started": NOW.replace(year=2027), "label": "later"})
    again = plan("velgora", build(ESTATE, None, later, TABLE))

    for part in ("poam-items", "risks"):
        assert [i["uuid"] for i in plan()[part]] == [i["uuid"] for i in again[part]]
    assert plan()["uuid"] != again["uuid"]
    assert plan()["observations"][0]["uuid"] != again["observations"][0]["uuid"]
