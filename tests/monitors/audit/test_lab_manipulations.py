"""A hardened lab host, manipulated and put back: what must be noticed is, and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bastide.support.estate import EstateContext
from monitors.audit.judge.host_results import judge
from monitors.audit.model.results import Outcome
from tests.monitors.audit.estates import CASES, TABLE, declared
from tests.monitors.audit.lab_host import HOST, LabHost, lab_host
from tests.monitors.audit.record_case import collected
from tests.waiting import wait_until

pytestmark = pytest.mark.lab

KINDS = sorted((CASES / "manipulations").glob("*.yml"))


@pytest.fixture(scope="module")
def host(lab: EstateContext) -> Iterator[LabHost]:
    with lab_host(lab) as reached:
        yield reached


def outcomes() -> dict[str, tuple[Outcome, str]]:
    """What this working tree says of the host, by its own list of commands."""
    return {r.control: (r.outcome, r.reason) for r in judge(collected(HOST), TABLE, declared(HOST))}


def passed() -> set[str]:
    """Which controls pass now; what was restarted needs a while until it is as before."""
    return {c for c, (outcome, _) in outcomes().items() if outcome is Outcome.PASS}


def noticed(host: LabHost, manipulation: dict[str, Any], before: set[str]) -> dict[str, str]:
    """Return which controls no longer pass while the host is manipulated, and why."""
    done = host.root(manipulation["do"])
    try:
        assert done.returncode == 0, f"{manipulation['name']}: {done.stderr}"
        now = outcomes()
    finally:
        undone = host.root(manipulation["undo"])
    assert undone.returncode == 0, f"{manipulation['name']}: {undone.stderr}"
    return {c: now[c][1] for c in before if now[c][0] in (Outcome.FAIL, Outcome.ERROR)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda file: file.stem)
def test_every_manipulation_of_a_kind_is_noticed(host: LabHost, kind: Path) -> None:
    passing = passed()
    wrong = {}
    for manipulation in yaml.safe_load(kind.read_text())["manipulations"]:
        found = noticed(host, manipulation, passing)
        expected = set(manipulation["controls"])
        if not expected <= found.keys() or (kind.stem == "legitimate" and found.keys() - expected):
            wrong[manipulation["name"]] = found
    assert wrong == {}
    assert wait_until(lambda: passing <= passed(), seconds=180, every=5), passing - passed()
