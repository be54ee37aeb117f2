"""Which findings stop, and which a waiver accepts."""

from datetime import timedelta
from pathlib import Path

import pytest

from infra.policies.judge import judge, unknown_waivers
from infra.policies.model import Finding, Removal
from infra.policies.table import POLICIES
from inventory.model.estate import Estate
from tests.infra.policies.estates import DAY, LAB, waived

DOCS = Path(__file__).parents[3] / "docs" / "policies.md"
REMOVAL = (Removal("bastide:libvirt:Machine", "velgora-app", replaced=False),)


def judged(estate: Estate) -> Finding:
    (finding,) = judge(estate, REMOVAL, DAY)
    return finding


def test_a_mandatory_policy_without_a_waiver_stops() -> None:
    assert judged(LAB).policy.id == "INF-05"
    assert judged(LAB).stops


@pytest.mark.parametrize("scope", ["velgora-app", "velgora", "estate"])
def test_a_waiver_for_the_host_its_town_or_all_accepts_it(scope: str) -> None:
    finding = judged(waived(LAB, scope=scope))
    assert not finding.stops
    assert finding.waiver is not None


@pytest.mark.parametrize(
    "estate",
    [
        waived(LAB, scope="kastrava"),
        waived(LAB, policy="INF-04"),
        waived(LAB, granted=DAY + timedelta(days=1)),
        waived(LAB, granted=DAY - timedelta(days=9), expires=DAY - timedelta(days=1)),
    ],
    ids=["of another town", "of another policy", "that begins tomorrow", "that ended yesterday"],
)
def test_a_waiver_does_not(estate: Estate) -> None:
    assert judged(estate).stops


def test_a_waiver_counts_on_its_last_day() -> None:
    assert not judged(waived(LAB, expires=DAY)).stops


def test_an_advisory_policy_never_stops() -> None:
    removal = (Removal("bastide:lab:Machine", "velgora-app", replaced=False),)
    (finding,) = judge(LAB, removal, DAY)
    assert (finding.policy.id, finding.stops) == ("INF-06", False)


def test_ids_are_unique_and_a_waiver_of_another_is_named() -> None:
    ids = [policy.id for policy in POLICIES]
    assert len(set(ids)) == len(ids)
    assert unknown_waivers(waived(LAB)) == ()
    assert [w.policy for w in unknown_waivers(waived(LAB, policy="INF-99"))] == ["INF-99"]


def test_the_docs_have_a_row_for_each_policy_with_its_strength() -> None:
    rows = [line.split(" | ") for line in DOCS.read_text().splitlines() if line.startswith("| INF")]
    told = {cells[0].removeprefix("| "): cells[-1].removesuffix(" |") for cells in rows}
    assert told == {policy.id: policy.strength.value for policy in POLICIES}
