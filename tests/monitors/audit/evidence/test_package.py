"""The evidence file: made of sealed runs only, equal inputs give equal bytes."""

import json
import zipfile
from pathlib import Path

import pytest

from monitors.audit.evidence.chain import load_chain
from monitors.audit.evidence.package import package
from monitors.audit.evidence.records import EvidenceError, records, seal
from monitors.audit.model.results import Outcome
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
