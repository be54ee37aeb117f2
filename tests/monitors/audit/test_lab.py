"""On a running lab host: unmodified pytest and the bundle give the same outcomes."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET  # our own pytest wrote it
from collections.abc import Iterator
from pathlib import Path

import pytest

from bastide.support.estate import EstateContext
from monitors.audit.model.results import HostAudit, Outcome
from monitors.audit.run import run_audit
from monitors.collection.bundle import MAX_PACKED_BYTES
from tests.monitors.audit.estates import TABLE
from tests.monitors.audit.lab_host import HOST, LabHost, lab_host

CHECKS = Path(__file__).resolve().parents[3] / "monitors/audit/checks"
pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def host(lab: EstateContext) -> Iterator[LabHost]:
    with lab_host(lab) as reached:
        yield reached


def own_state(lab: EstateContext, folder: Path) -> Path:
    """Return a state folder with the lab's keys, so that a test's audit stays the test's."""
    state = folder / "state"
    state.mkdir()
    for name in ("ssh", "outputs.json"):
        (state / name).symlink_to(lab.state / name)
    return state


def audited(lab: EstateContext, folder: Path) -> HostAudit:
    return run_audit(lab.estate, own_state(lab, folder), hosts=[HOST]).hosts[0]


def with_plain_pytest(host: LabHost, folder: Path) -> dict[str, tuple[Outcome, str]]:
    """Run the checks with unmodified pytest over ssh; return outcomes by check function."""
    report = folder / "junit.xml"
    options = (f"--hosts=ssh://{HOST}", f"--ssh-config={host.as_root}", f"--junitxml={report}")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CHECKS), *options],
        env={**os.environ, "BASTIDE_ESTATE": str(host.lab.folder)},
        capture_output=True,
        check=False,
    )
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314
    return {case.attrib["name"].partition("[")[0]: judged(case) for case in cases}


def judged(case: ET.Element) -> tuple[Outcome, str]:
    """Return pytest's outcome in our words, with its reason.

    An assertion of the check itself is a failure; testinfra's own (a command had to succeed) and
    any other exception mean that the control could not be determined.
    """
    for child in case:
        said = child.get("message", "")
        if child.tag == "skipped":
            return Outcome.SKIP, said
        if child.tag in ("failure", "error"):
            of_check = said.startswith(("AssertionError", "assert"))
            unmet = of_check and "Unexpected exit code" not in said
            return Outcome.FAIL if unmet else Outcome.ERROR, said
    return Outcome.PASS, ""


def test_unmodified_pytest_and_the_bundle_give_the_same_outcomes(
    host: LabHost, tmp_path: Path
) -> None:
    bundled = {result.control: result for result in audited(host.lab, tmp_path).results}
    plain = with_plain_pytest(host, tmp_path)

    asked_inside = [c for c in TABLE.controls if not c.check.startswith("test_outside.")]
    assert len(asked_inside) < len(TABLE.controls)
    differing = {
        control.id: f"pytest: {there}; bundle: {(here.outcome, here.reason)}"
        for control in asked_inside
        if (there := plain[control.check.partition(".")[2]])[0]
        is not (here := bundled[control.id]).outcome
    }

    assert differing == {}


def test_the_hardened_host_has_no_control_that_could_not_be_determined(
    lab: EstateContext, tmp_path: Path
) -> None:
    audit = audited(lab, tmp_path)

    assert audit.problem == ""
    assert [r.reason for r in audit.results if r.outcome is Outcome.ERROR] == []


def test_every_bundle_of_the_lab_is_far_below_the_limit_and_lacks_nothing(
    lab: EstateContext, tmp_path: Path
) -> None:
    state = own_state(lab, tmp_path)

    run = run_audit(lab.estate, state)

    sizes = {path.parent.name: path.stat().st_size for path in state.rglob("bundles/*/*.json.gz")}
    assert set(sizes) == {host.host for host in run.hosts}
    assert max(sizes.values()) < MAX_PACKED_BYTES / 2, sizes
    reasons = [result.reason for host in run.hosts for result in host.results]
    assert not [reason for reason in reasons if "more than the collector keeps" in reason]
