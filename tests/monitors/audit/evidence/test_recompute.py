"""An auditor judges the bundles once more, with nothing but the evidence file."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from monitors.audit.evidence import stored_zip
from monitors.audit.evidence.package import write_package
from monitors.audit.evidence.recompute import recompute
from monitors.audit.evidence.records import seal
from monitors.audit.evidence.signing import signing_key
from monitors.audit.evidence.verify import BrokenError, verify
from monitors.audit.judge.runner import judges_view
from monitors.audit.model.results import AuditRun, Outcome
from tests.monitors.audit.estates import TABLE
from tests.monitors.audit.evidence.forger import forge
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


def of_a_forger(run: AuditRun, state: Path) -> tuple[str, ...]:
    """Return what differs in the evidence of a run that a forger with the key sealed."""
    seal(run, state)
    return recompute(verify(write_package(run, state, {}))).differing


def test_a_host_without_a_bundle_proves_nothing(tmp_path: Path) -> None:
    run = audited(tmp_path)
    silent = run.hosts[0].model_copy(update={"bundle": None, "bundle_sha256": None})
    differing = of_a_forger(run.model_copy(update={"hosts": (silent, run.hosts[1])}), tmp_path)

    passed = {r.control for r in silent.results if r.outcome is Outcome.PASS}
    assert {f"{silent.host}: {control}" for control in passed} <= set(differing)


@pytest.mark.parametrize(
    "lie",
    [
        {"municipality": "kastrava"},
        {"roles": ()},
        {"problem": "it could not be asked"},
        {"collected": "2026-11-23T00:00:00Z"},
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


def test_an_outside_view_left_out_and_one_of_another_host_are_detected(tmp_path: Path) -> None:
    run = audited(tmp_path)
    first, second = run.hosts
    blind = second.model_copy(update={"outside": None, "outside_sha256": None})
    differing = of_a_forger(run.model_copy(update={"hosts": (first, blind)}), tmp_path)
    assert {name.split(": OUT-")[0] for name in differing} == {second.host}
    assert len(differing) == sum(map(judges_view, TABLE.controls))

    others = {"outside": first.outside, "outside_sha256": first.outside_sha256}
    swapped = run.model_copy(
        update={"hosts": (first, second.model_copy(update=others)), "label": "swapped"}
    )
    with pytest.raises(BrokenError, match="says that it is of 'kastrava-app'"):
        of_a_forger(swapped, tmp_path)


RESULTS, BUNDLE = "results/velgora-app.jsonl", "bundles/velgora-app.json.gz"
ANEW: list[dict[str, Any]] = [{"reroot": None}, {"resign": None}]
# What holds as it is signed, and is no evidence all the same: steps, and what is said.
UNREADABLE: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a result less": ([{"drop_line": {"name": RESULTS, "line": -1}}], f"{RESULTS}: "),
    "a result more": ([{"double_line": {"name": RESULTS, "line": -1}}], f"{RESULTS}: "),
    "results in another order": (
        [
            {"double_line": {"name": RESULTS, "line": 1}},
            {"drop_line": {"name": RESULTS, "line": 1}},
        ],
        f"{RESULTS}: ",
    ),
    "no results at all": ([{"drop_line": {"name": RESULTS, "line": 1}}] * 3, f"{RESULTS}: "),
    "an outcome of another version": (
        [{"set_fields": {"name": RESULTS, "line": 5, "fields": {"outcome": "maybe"}}}],
        f"{RESULTS}: of another version",
    ),
    "a field of another version": (
        [{"set_fields": {"name": RESULTS, "line": 0, "fields": {"mood": "fine"}}}],
        f"{RESULTS}: of another version",
    ),
    "a run of another version": (
        [{"set_fields": {"name": "run.json", "line": 0, "fields": {"mood": "fine"}}}],
        "run.json: of another version",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_sealed_and_no_evidence_is_broken(tmp_path: Path, name: str) -> None:
    steps, said = UNREADABLE[name]
    whole = evidence(tmp_path)
    file = tmp_path / "forged.zip"
    file.write_bytes(forge(whole.read_bytes(), signing_key(tmp_path / "evidence"), steps + ANEW))
    with pytest.raises(BrokenError) as error:
        recompute(verify(file))
    assert str(error.value).startswith(said)


def test_a_host_that_is_not_declared_is_broken(tmp_path: Path) -> None:
    run = audited(tmp_path)
    strange = run.hosts[0].model_copy(update={"host": "velgora-other"})
    run = run.model_copy(update={"hosts": (strange, run.hosts[1])})
    seal(run, tmp_path)
    with pytest.raises(BrokenError, match="does not declare this host"):
        recompute(verify(write_package(run, tmp_path, {})))


@pytest.mark.parametrize(
    ("bundle", "said"),
    [(b"\x1f\x8b", "bundles/velgora-app.json.gz: "), (None, "says that it is of 'kastrava-app'")],
)
def test_a_bundle_that_is_none_of_the_host_is_broken(
    tmp_path: Path, bundle: bytes | None, said: str
) -> None:
    whole = evidence(tmp_path)
    key = signing_key(tmp_path / "evidence")
    members = verify(whole).members
    packed = bundle or members["bundles/kastrava-app.json.gz"]
    digest = hashlib.sha256(packed).hexdigest()
    steps = [{"set_fields": {"name": RESULTS, "line": 0, "fields": {"bundle_sha256": digest}}}]
    changed = stored_zip.pack({**members, BUNDLE: packed})
    file = tmp_path / "forged.zip"
    file.write_bytes(forge(changed, key, steps + ANEW))
    with pytest.raises(BrokenError, match=said):
        recompute(verify(file))
