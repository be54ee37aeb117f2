"""JUnit: others read it, and what a waiver accepts stops no pipeline."""

from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from monitors.audit.reports.junit import to_junit
from monitors.audit.reports.model import Report
from tests.monitors.audit.reports.sample_reports import (
    AFTER,
    hostile_report,
    report,
    with_own_control,
)


def suites(reported: Report, folder: Path) -> dict[str, TestSuite]:
    path = folder / "junit.xml"
    path.write_bytes(to_junit(reported))
    return {suite.name: suite for suite in JUnitXml.fromfile(str(path))}


def case(suite: TestSuite, control: str) -> TestCase:
    return next(test for test in suite if test.name.startswith(control))


def test_a_host_that_did_not_answer_has_errors_only(tmp_path: Path) -> None:
    suite = suites(report(), tmp_path)["aynzuhur-server"]
    assert (suite.tests, suite.errors, suite.failures) == (5, 5, 0)


def test_outcomes_are_mapped(tmp_path: Path) -> None:
    by_host = suites(report(), tmp_path)
    failed = case(by_host["velgora-edge"], "SSH-01").result[0]
    unknown = case(by_host["kastrava-app"], "LOG-01").result[0]
    skipped = case(by_host["central-ops"], "KRN-01").result[0]

    assert (type(failed), failed.message) == (Failure, "SSH-01 is wrong")
    assert "$ sshd -T" in failed.text
    assert (type(unknown), unknown.message) == (Error, "no answer")
    assert (type(skipped), skipped.message) == (Skipped, "the kernel is not its own")
    assert case(by_host["central-ops"], "SSH-01").result == []


def test_a_waived_failure_is_skipped_and_names_its_waiver(tmp_path: Path) -> None:
    waived = case(suites(report(), tmp_path)["velgora-app"], "SSH-02")
    properties = {p.get("name"): p.get("value") for p in waived._elem.iter("property")}

    assert isinstance(waived.result[0], Skipped)
    assert waived.result[0].message == "waived until 2026-04-20: SSH-02 is wrong"
    assert properties["outcome"] == "fail"
    assert properties["waiver.approver"] == "Samar Haddad"


def test_the_controls_of_the_estate_are_told_apart(tmp_path: Path) -> None:
    suite = suites(with_own_control(report(), "SSH-02"), tmp_path)["velgora-app"]

    assert origin(case(suite, "SSH-02")) == "estate"
    assert origin(case(suite, "SSH-01")) == "bastide"


def origin(of: TestCase) -> str:
    [value] = [p.get("value") for p in of._elem.iter("property") if p.get("name") == "origin"]
    return str(value)


def test_counts_are_those_of_the_cases(tmp_path: Path) -> None:
    by_host = suites(report(), tmp_path)
    whole = JUnitXml.fromfile(str(tmp_path / "junit.xml"))

    assert set(by_host) == {host.host for host in AFTER.hosts}
    for kind, count in ((Failure, "failures"), (Error, "errors"), (Skipped, "skipped")):
        for suite in by_host.values():
            cases = [r for test in suite for r in test.result if isinstance(r, kind)]
            assert len(cases) == getattr(suite, count)
        assert getattr(whole, count) == sum(getattr(suite, count) for suite in by_host.values())


def test_a_suite_names_its_evidence(tmp_path: Path) -> None:
    suite = suites(report(), tmp_path)["velgora-app"]
    properties = {p.get("name"): p.get("value") for p in suite._elem.find("properties")}
    assert properties["bundle_sha256"] == "ab" * 32
    assert properties["municipality"] == "velgora"


def test_hostile_words_are_still_xml(tmp_path: Path) -> None:
    suite = suites(hostile_report(), tmp_path)["velgora-app"]
    message = case(suite, "SSH-01").result[0].message
    assert "<script>alert(1)</script>" in message
    assert r"\u0000" in message
    assert r"\ufffe" in message
