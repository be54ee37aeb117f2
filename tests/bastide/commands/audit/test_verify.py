"""`bastide audit verify`: what an auditor sees, offline, with the file alone."""

import json
from pathlib import Path

import pytest

from tests.command import bastide_here
from tests.monitors.audit.evidence.sealed_runs import evidence


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evidence(tmp_path_factory.mktemp("state"))


def test_a_broken_file_exits_1_and_names_the_record(whole: Path, tmp_path: Path) -> None:
    raw = whole.read_bytes()
    at = raw.index(b'"control":"SSH-02"')
    file = tmp_path / "broken.zip"
    file.write_bytes(raw[:at] + b'"control":"SSH-03"' + raw[at + 18 :])

    done = bastide_here("audit", "verify", str(file))
    for_programs = bastide_here("audit", "verify", str(file), "--json")

    assert done.returncode == 1
    assert "first broken record: results/kastrava-app.jsonl (SSH-02)" in done.stderr
    assert json.loads(for_programs.stdout)["holds"] is False
    assert for_programs.returncode == 1


def test_a_file_signed_by_another_key_exits_1(whole: Path) -> None:
    done = bastide_here("audit", "verify", str(whole), "--fingerprint", "00" * 32)
    assert done.returncode == 1
    assert "signed by another key" in done.stderr


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    assert bastide_here("audit", "verify", str(tmp_path / "none.zip")).returncode == 2


def test_a_whole_file_exits_0_and_says_whose_word_it_is(whole: Path) -> None:
    done = bastide_here("audit", "verify", str(whole), "--recompute", "--json")
    facts = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert facts["holds"]
    assert facts["recomputed"]["differing"] == []
    trusted = bastide_here("audit", "verify", str(whole), "--fingerprint", facts["fingerprint"])
    assert "every record holds" in trusted.stdout
    assert "as you expected" in trusted.stdout
