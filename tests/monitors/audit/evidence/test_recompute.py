"""An auditor judges the bundles once more, with nothing but the evidence file."""

from pathlib import Path

from monitors.audit.evidence.package import write_package
from monitors.audit.evidence.recompute import recompute
from monitors.audit.evidence.records import seal
from monitors.audit.evidence.verify import verify
from monitors.audit.model.results import Outcome
from tests.monitors.audit.estates import TABLE
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


def test_a_host_that_sent_no_bundle_is_named(tmp_path: Path) -> None:
    run = audited(tmp_path)
    silent = run.hosts[0].model_copy(update={"bundle": None, "bundle_sha256": None})
    run = run.model_copy(update={"hosts": (silent, run.hosts[1])})
    seal(run, tmp_path)

    recomputed = recompute(verify(write_package(run, tmp_path, {})))

    assert recomputed.unasked == (silent.host,)
    assert recomputed.judged == len(TABLE.controls)
