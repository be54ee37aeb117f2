"""The records of a run and their leaves: each named, in one order, read back as written."""

import hashlib
import json
from pathlib import Path

import pytest

from inventory.model.waivers import Waiver
from monitors.audit.evidence.inputs import keep_inputs
from monitors.audit.evidence.package import write_package
from monitors.audit.evidence.records import (
    EvidenceError,
    Leaf,
    leaves_file,
    parse_leaves,
    prune_leaves,
    records,
    render_leaves,
    root_of,
    seal,
    sha256_of_files,
)
from monitors.audit.evidence.verify import verify
from monitors.audit.model.canonical import canonical, sha256_of
from monitors.audit.model.results import AuditRun
from tests.monitors.audit.estates import TABLE, declared
from tests.monitors.audit.evidence.sealed_runs import HOSTS, audited, sealed

DIGEST = "ab" * 32
WAIVER = Waiver.model_validate(
    {
        "control": "SSH-02",
        "scope": "velgora",
        "reason": "The vendor's remote help desk cannot use keys yet.",
        "owner": "Tarik Zuhr",
        "approver": "Mira Dolenc",
        "measure": "Logins from outside the management networks are dropped.",
        "granted": "2026-01-01",
        "expires": "2026-12-31",
    }
)


@pytest.mark.parametrize(
    "line",
    [
        "",
        DIGEST,
        f"{DIGEST}  run.json",
        f"{DIGEST} run.json name",
        f"{DIGEST[1:]}  run.json  ",
        f"{DIGEST}0  run.json  ",
        f"{DIGEST[:-1]}x  run.json  ",
        f"{DIGEST.upper()}  run.json  ",
    ],
)
def test_a_line_that_is_no_leaf_is_named_by_its_number(line: str) -> None:
    raw = f"{DIGEST}  run.json  \n{line}\n".encode()
    with pytest.raises(EvidenceError, match=r"leaves\.txt, line 2: not a leaf"):
        parse_leaves(raw)


def test_bytes_that_are_no_text_are_no_leaf_and_no_crash() -> None:
    with pytest.raises(EvidenceError, match="line 1"):
        parse_leaves(b"\xff\xfe\n")


def test_what_another_version_kept_is_evidence_as_it_was_kept(tmp_path: Path) -> None:
    """A version that declares more of a host would write, and hash, something else."""
    run = audited(tmp_path)
    file = tmp_path / "evidence" / "declared" / f"{run.declared_sha256}.json"
    kept = [
        {key: value for key, value in one.items() if key != "neighbours"}
        for one in json.loads(file.read_bytes())
    ]
    digest = sha256_of(kept)
    file.with_name(f"{digest}.json").write_bytes(canonical(kept))
    earlier = run.model_copy(update={"declared_sha256": digest})
    seal(earlier, tmp_path)
    assert verify(write_package(earlier, tmp_path, {})).records


def test_leaves_are_read_as_they_were_written() -> None:
    leaves = (
        Leaf(DIGEST, "run.json", ""),
        Leaf("cd" * 32, "waivers.jsonl", "SSH-02 for  two words"),
    )
    assert render_leaves(leaves).decode() == (
        f"{DIGEST}  run.json  \n{'cd' * 32}  waivers.jsonl  SSH-02 for  two words\n"
    )
    assert parse_leaves(render_leaves(leaves)) == leaves


def test_a_leaf_is_named_by_its_file_and_its_name_if_it_has_one() -> None:
    assert Leaf(DIGEST, "run.json", "").title == "run.json"
    assert Leaf(DIGEST, "controls.jsonl", "SSH-02").title == "controls.jsonl (SSH-02)"


def test_the_root_depends_on_each_leaf_and_their_order() -> None:
    one, two = Leaf(DIGEST, "a", ""), Leaf("cd" * 32, "b", "")
    assert len({root_of(leaves) for leaves in ([one], [two], [one, two], [two, one])}) == 4
    assert root_of([one]) == DIGEST


def waived(state: Path) -> AuditRun:
    run = audited(state)
    inputs = keep_inputs(state, TABLE, (WAIVER,), [declared(host) for host in HOSTS])
    return run.model_copy(update=dict(inputs))


def test_records_are_the_run_its_inputs_then_each_host_with_its_bundle(tmp_path: Path) -> None:
    ids = [control.id for control in TABLE.controls]
    per_host = [
        place
        for host in HOSTS
        for place in (
            (f"results/{host}.jsonl", "host"),
            *((f"results/{host}.jsonl", control) for control in ids),
            (f"bundles/{host}.json.gz", ""),
            (f"outside/{host}.json", ""),
        )
    ]
    assert [(record.file, record.name) for record in records(waived(tmp_path), tmp_path)] == [
        ("run.json", ""),
        *(("controls.jsonl", control) for control in ids),
        ("waivers.jsonl", "SSH-02 for velgora"),
        *(("declared.jsonl", host) for host in HOSTS),
        *per_host,
    ]


def test_a_record_holds_what_its_name_says_and_nothing_twice(tmp_path: Path) -> None:
    run = waived(tmp_path)
    content = {(record.file, record.name): record.content for record in records(run, tmp_path)}
    head = json.loads(content["run.json", ""])
    host = json.loads(content[f"results/{HOSTS[0]}.jsonl", "host"])
    assert head["hosts"] == list(HOSTS)
    assert host["host"] == HOSTS[0]
    assert "results" not in host
    waiver = json.loads(content["waivers.jsonl", "SSH-02 for velgora"])
    assert waiver["approver"] == WAIVER.approver
    assert json.loads(content["controls.jsonl", "SSH-01"])["id"] == "SSH-01"
    kept = (tmp_path / str(run.hosts[0].bundle)).read_bytes()
    assert content[f"bundles/{HOSTS[0]}.json.gz", ""] == kept


def test_a_host_that_sent_no_bundle_has_no_record_of_one(tmp_path: Path) -> None:
    run = audited(tmp_path)
    silent = run.hosts[0].model_copy(update={"bundle": None})
    run = run.model_copy(update={"hosts": (silent, *run.hosts[1:])})
    files = {record.file for record in records(run, tmp_path)}
    assert {name for name in files if name.startswith("bundles/")} == {
        f"bundles/{HOSTS[1]}.json.gz"
    }


def test_a_bundle_that_is_gone_is_named(tmp_path: Path) -> None:
    run = audited(tmp_path)
    file = tmp_path / str(run.hosts[1].bundle)
    file.unlink()
    with pytest.raises(EvidenceError, match=f"{file}: No such file"):
        list(records(run, tmp_path))


def test_sealing_keeps_the_leaves_for_the_owner_only_and_signs_what_the_run_was(
    tmp_path: Path,
) -> None:
    run, link = sealed(tmp_path)
    file = leaves_file(tmp_path, run)
    leaves = parse_leaves(file.read_bytes())
    assert file.parent == tmp_path / "evidence" / "leaves"
    assert file.name.endswith(f"-{run.label}.txt")
    assert file.stat().st_mode & 0o777 == 0o600
    assert (link.record.root, link.record.leaves) == (root_of(leaves), len(leaves))
    assert (link.record.estate, link.record.label) == (run.estate, run.label)
    assert link.record.started == run.started
    assert link.record.inputs.controls_sha256 == run.controls_sha256
    assert link.record.inputs.checks_sha256 == run.checks_sha256


def test_leaves_go_with_the_results_of_their_run_and_no_earlier(tmp_path: Path) -> None:
    kept, gone = audited(tmp_path, "fresh"), audited(tmp_path, days=1)
    for run in (kept, gone):
        seal(run, tmp_path)
    name = leaves_file(tmp_path, gone).with_suffix(".json").name
    (tmp_path / "audits" / name).unlink()
    prune_leaves(tmp_path)
    assert leaves_file(tmp_path, kept).exists()
    assert not leaves_file(tmp_path, gone).exists()


def test_the_hash_of_a_member_is_that_of_sha256sum() -> None:
    assert sha256_of_files({"a": b"text"}) == {"a": hashlib.sha256(b"text").hexdigest()}
