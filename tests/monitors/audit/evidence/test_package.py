"""The evidence file: made of sealed runs only, equal inputs give equal bytes."""

import json
import zipfile
from pathlib import Path

import pytest

from monitors.audit.archive.stamps import stamp
from monitors.audit.evidence.chain import load_chain
from monitors.audit.evidence.package import package, write_package
from monitors.audit.evidence.records import EvidenceError, leaves_file, records, seal
from monitors.audit.evidence.verify import verify
from monitors.audit.model.results import AuditRun, Outcome, Result
from tests.monitors.audit.estates import TABLE
from tests.monitors.audit.evidence.sealed_runs import HOSTS, REPORTS, audited, evidence, sealed


def test_a_run_that_was_never_sealed_gives_no_evidence(tmp_path: Path) -> None:
    run = audited(tmp_path)
    with pytest.raises(EvidenceError, match="never sealed"):
        package(run, tmp_path, {})


def test_results_changed_since_they_were_sealed_give_none_and_are_named(tmp_path: Path) -> None:
    run, _ = sealed(tmp_path, "fresh")
    host = run.hosts[0]
    better = host.results[3].model_copy(update={"outcome": Outcome.PASS, "reason": ""})
    results = (*host.results[:3], better, *host.results[4:])
    forged = run.model_copy(
        update={"hosts": (host.model_copy(update={"results": results}), *run.hosts[1:])}
    )
    with pytest.raises(EvidenceError, match=rf"{host.host}.jsonl \({better.control}\) was changed"):
        package(forged, tmp_path, {})


def test_a_bundle_changed_on_disk_gives_none_and_is_named(tmp_path: Path) -> None:
    run, _ = sealed(tmp_path)
    file = tmp_path / str(run.hosts[1].bundle)
    file.write_bytes(file.read_bytes() + b"\x00")
    with pytest.raises(EvidenceError, match=r"bundles/velgora-app.json.gz was changed"):
        package(run, tmp_path, {})


def test_a_bundle_that_is_gone_gives_none_and_is_named(tmp_path: Path) -> None:
    run, _ = sealed(tmp_path)
    (tmp_path / str(run.hosts[1].bundle)).unlink()
    with pytest.raises(EvidenceError, match="No such file"):
        package(run, tmp_path, {})


def with_results_of_the_last_host(run: AuditRun, results: tuple[Result, ...]) -> AuditRun:
    *others, last = run.hosts
    changes = {"results": results, "bundle": None, "outside": None}
    return run.model_copy(update={"hosts": (*others, last.model_copy(update=changes))})


def test_a_record_left_out_or_added_gives_none(tmp_path: Path) -> None:
    whole = audited(tmp_path)
    results = whole.hosts[-1].results
    run = with_results_of_the_last_host(whole, results)
    seal(run, tmp_path)
    for changed in (results[:-1], (*results, results[-1])):
        with pytest.raises(EvidenceError, match="sealed, added or left out"):
            package(with_results_of_the_last_host(run, changed), tmp_path, {})


def test_without_the_leaves_a_changed_run_is_refused_all_the_same(tmp_path: Path) -> None:
    run, _ = sealed(tmp_path)
    leaves_file(tmp_path, run).unlink()
    changed = with_results_of_the_last_host(run, ())
    with pytest.raises(EvidenceError, match="would tell which record"):
        package(changed, tmp_path, {})


def test_evidence_of_an_earlier_run_says_nothing_of_later_ones(tmp_path: Path) -> None:
    first, _ = sealed(tmp_path, "fresh")
    sealed(tmp_path, days=1)
    assert verify(write_package(first, tmp_path, {})).runs == 1


def test_it_lies_with_the_reports_or_where_it_is_wanted(tmp_path: Path) -> None:
    run, _ = sealed(tmp_path)
    usual, elsewhere = (write_package(run, tmp_path, {}, to) for to in (None, tmp_path / "out"))
    assert usual == tmp_path / "reports" / f"{stamp(run.started)}-evidence.zip"
    assert elsewhere == tmp_path / "out" / usual.name
    assert elsewhere.read_bytes() == usual.read_bytes()


def test_every_result_is_a_record(tmp_path: Path) -> None:
    run, link = sealed(tmp_path)
    all_records = list(records(run, tmp_path))

    assert link.record.leaves == len(all_records)
    per_host = 2 + len(TABLE.controls)
    assert sum(r.file.startswith(("results/", "bundles/")) for r in all_records) == 2 * per_host


def test_equal_runs_give_equal_bytes(tmp_path: Path) -> None:
    run, link = sealed(tmp_path)
    assert package(run, tmp_path, REPORTS) == package(run, tmp_path, REPORTS)
    assert seal(run, tmp_path).record.root == link.record.root


def test_any_unzip_and_any_json_reader_can_open_it(tmp_path: Path) -> None:
    file = evidence(tmp_path)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        lines = archive.read(f"results/{HOSTS[0]}.jsonl").splitlines()

    assert {"README.txt", "chain.jsonl", "leaves.txt", "manifest.json", "run.json"} < set(names)
    assert json.loads(lines[0])["host"] == HOSTS[0]
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(load_chain(tmp_path)) == 2
