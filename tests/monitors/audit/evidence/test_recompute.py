"""An auditor judges the bundles once more, with nothing but the evidence file."""

from pathlib import Path
from typing import Any

import pytest

from monitors.audit.evidence.package import write_package
from monitors.audit.evidence.recompute import recompute
from monitors.audit.evidence.records import seal
from monitors.audit.evidence.verify import verify
from monitors.audit.judge.host_results import all_errors
from monitors.audit.judge.runner import judges_view
from monitors.audit.model.results import AuditRun, HostAudit, Outcome
from tests.monitors.audit.estates import TABLE, declared
from tests.monitors.audit.evidence.sealed_runs import HOSTS, audited, evidence


def test_a_true_run_is_recomputed_result_by_result(tmp_path: Path) -> None:
    recomputed = recompute(verify(evidence(tmp_path)))

    assert recomputed.judged == len(HOSTS) * len(TABLE.controls)
    assert (recomputed.differing, recomputed.unasked, recomputed.same_checks) == ((), (), True)


def test_a_result_that_was_wrong_when_it_was_sealed_is_detected(tmp_path: Path) -> None:
    """A forger with the key can seal a lie; the bundle gives it away."""
    run = audited(tmp_path, "fresh")
    host = run.hosts[1]
    wrong = next(n for n, result in enumerate(host.results) if result.outcome is Outcome.FAIL)
    better = host.results[wrong].model_copy(update={"outcome": Outcome.PASS, "reason": ""})
    results = (*host.results[:wrong], better, *host.results[wrong + 1 :])
    lying = host.model_copy(update={"results": results})
    forged = run.model_copy(update={"hosts": (run.hosts[0], lying)})
    seal(forged, tmp_path)

    recomputed = recompute(verify(write_package(forged, tmp_path, {})))

    assert recomputed.differing == (f"{host.host}: {better.control}",)


def silent_first(run: AuditRun) -> AuditRun:
    """Return a run whose first host could not be asked."""
    host = declared(run.hosts[0].host)
    silent = HostAudit(
        host=host.host,
        municipality=host.municipality,
        tier=host.tier,
        roles=host.roles,
        level=host.level,
        problem="no answer",
        results=all_errors(TABLE, host, "no answer"),
    )
    return run.model_copy(update={"hosts": (silent, *run.hosts[1:])})


def test_a_host_that_sent_no_bundle_is_named(tmp_path: Path) -> None:
    run = silent_first(audited(tmp_path))
    seal(run, tmp_path)

    recomputed = recompute(verify(write_package(run, tmp_path, {})))

    assert recomputed.unasked == (run.hosts[0].host,)
    assert recomputed.differing == ()
    assert recomputed.judged == len(TABLE.controls)


def of_a_forger(run: AuditRun, state: Path) -> tuple[str, ...]:
    """Return what differs in the evidence of a run that a forger with the key sealed."""
    seal(run, state)
    return recompute(verify(write_package(run, state, {}))).differing


def test_a_host_without_a_bundle_is_skipped_only_where_nothing_applies(tmp_path: Path) -> None:
    run = silent_first(audited(tmp_path))
    silent = run.hosts[0]
    applies = next(n for n, r in enumerate(silent.results) if r.outcome is Outcome.ERROR)
    passed_over = silent.results[applies].model_copy(update={"outcome": Outcome.SKIP})
    results = (*silent.results[:applies], passed_over, *silent.results[applies + 1 :])
    hosts = (silent.model_copy(update={"results": results}), run.hosts[1])
    differing = of_a_forger(run.model_copy(update={"hosts": hosts}), tmp_path)
    assert differing == (f"{silent.host}: {passed_over.control}",)


@pytest.mark.parametrize(
    "lie",
    [
        {"municipality": "kastrava"},
        {"roles": ()},
        {"collected": "2026-11-22T01:57:00Z"},
        {"commands_sha256": "00" * 32},
        {"level": "audit"},
    ],
)
def test_a_lie_about_a_host_is_detected(tmp_path: Path, lie: dict[str, Any]) -> None:
    run = audited(tmp_path)
    host = run.hosts[1]
    lying = type(host).model_validate({**host.model_dump(), **lie})
    assert of_a_forger(run.model_copy(update={"hosts": (run.hosts[0], lying)}), tmp_path) == (
        f"{host.host}: host",
    )


def test_an_outside_view_left_out_is_detected(tmp_path: Path) -> None:
    run = audited(tmp_path)
    first, second = run.hosts
    blind = second.model_copy(update={"outside": None, "outside_sha256": None})
    differing = of_a_forger(run.model_copy(update={"hosts": (first, blind)}), tmp_path)
    assert {name.split(": OUT-")[0] for name in differing} == {second.host}
    assert len(differing) == sum(map(judges_view, TABLE.controls))
