"""OSCAL: compliance-trestle reads it, ids last, and nothing is made up."""

import json
from typing import Any
from uuid import UUID

import pytest
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.poam import PlanOfActionAndMilestones

from monitors.audit.reports.build import build
from monitors.audit.reports.model import Report
from monitors.audit.reports.oscal import assessment_results, plan_of_action
from monitors.audit.reports.oscal.parts import System
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
        milestones = plan_of_action(system)
        if milestones is not None:
            inner = json.loads(json.dumps(milestones))["plan-of-action-and-milestones"]
            PlanOfActionAndMilestones.model_validate(inner)


@pytest.mark.parametrize("reported", REPORTS.values(), ids=REPORTS)
def test_ids_are_unique_and_references_lead_somewhere(reported: Report) -> None:
    for system in systems(reported).values():
        for document in filter(None, (assessment_results(system), plan_of_action(system))):
            defined = list(values(document, "uuid"))
            assert len(defined) == len(set(defined))
            assert all(UUID(one).version == 5 for one in defined)
            for name in ("subject-uuid", "observation-uuid", "risk-uuid"):
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


def test_evidence_is_a_file_with_its_hash() -> None:
    document: dict[str, Any] = assessment_results(systems(report())["velgora"])
    resources = document["assessment-results"]["back-matter"]["resources"]
    assert resources[1]["rlinks"] == [
        {
            "href": "bundles/velgora-edge/20260331.json.gz",
            "media-type": "application/gzip",
            "hashes": [{"algorithm": "SHA-256", "value": "ab" * 32}],
        }
    ]


def test_items_and_risks_keep_their_ids_from_run_to_run() -> None:
    later = AFTER.model_copy(update={"started": NOW.replace(year=2027), "label": "later"})
    again = plan("velgora", build(ESTATE, None, later, TABLE))

    for part in ("poam-items", "risks"):
        assert [i["uuid"] for i in plan()[part]] == [i["uuid"] for i in again[part]]
    assert plan()["uuid"] != again["uuid"]
    assert plan()["observations"][0]["uuid"] != again["observations"][0]["uuid"]
