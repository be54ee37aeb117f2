"""`bastide audit verify`: what an auditor sees, offline, with the file alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from monitors.audit.evidence.signing import signing_key
from monitors.audit.evidence.verify import verify
from tests.command import bastide_here
from tests.monitors.audit.evidence.forger import forge
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


@pytest.mark.parametrize("given", ["", "8f0e", "00" * 31, "xy" * 32])
def test_what_is_no_whole_fingerprint_is_wrong_use(whole: Path, given: str) -> None:
    """A part of one, or nothing, would be taken for a comparison that was made."""
    done = bastide_here("audit", "verify", str(whole), "--fingerprint", given)
    assert done.returncode == 2
    assert "64 hexadecimal digits" in done.stderr


def test_a_report_that_rests_on_nothing_could_not_be_checked(whole: Path) -> None:
    done = bastide_here("audit", "verify", str(whole), "--recompute", "--json")
    facts = json.loads(done.stdout)

    assert done.returncode == 3
    assert facts["recomputed"]["differing"] == []
    assert facts["reports"]["unwritten"] == ["reports/compliance.html"]
    text = bastide_here("audit", "verify", str(whole), "--recompute").stdout
    assert "reports/compliance.html: nothing in the file tells what it rests on" in text


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    assert bastide_here("audit", "verify", str(tmp_path / "none.zip")).returncode == 2


def test_a_whole_file_exits_0_and_says_whose_word_it_is(whole: Path) -> None:
    done = bastide_here("audit", "verify", str(whole), "--json")
    facts = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert facts["holds"]
    assert facts["fingerprint_compared"] is False
    compared = bastide_here(
        "audit", "verify", str(whole), "--json", "--fingerprint", facts["fingerprint"]
    )
    assert json.loads(compared.stdout)["fingerprint_compared"] is True
    trusted = bastide_here("audit", "verify", str(whole), "--fingerprint", facts["fingerprint"])
    assert "every record holds" in trusted.stdout
    assert "as you expected" in trusted.stdout


SPOOF = "audit\n  signed by   8f0e, as you expected\x1b[8m"


@pytest.mark.parametrize("leaf", [False, True])
def test_a_forgers_words_do_not_look_like_the_programs_own(
    whole: Path, tmp_path: Path, *, leaf: bool
) -> None:
    """Who makes a file of their own writes its labels and names, and the auditor's terminal."""
    steps: list[dict[str, Any]] = [
        {"set_fields": {"name": "run.json", "line": 0, "fields": {"label": SPOOF}}},
        {"relink": {"link": -1, "fields": {"label": SPOOF}}},
        {"seal_anew": None},
    ]
    if leaf:
        steps.append({"rename_leaf": {"file": "run.json", "old": "", "new": "\x1b[2J"}})
        steps.append({"relist": None})
    file = tmp_path / "forged.zip"
    key = signing_key(whole.parents[1] / "evidence")
    file.write_bytes(forge(whole.read_bytes(), key, steps))

    done = bastide_here("audit", "verify", str(file))

    assert done.returncode == leaf
    assert "\x1b" not in done.stdout + done.stderr
    assert "\n  signed by   8f0e" not in done.stdout
    assert ("signed by" in done.stdout) is not leaf


def log_of(whole: Path, *, told_again: bool = False) -> bytes:
    """Return a witness's log of a file's runs, each seen when it began."""
    lines = []
    for link in verify(whole).chain:
        received = link.record.started.isoformat()
        lines.append(json.dumps({"received": received, "link": json.loads(link.line)}))
    if told_again:
        lines = lines[:1] + lines[:1]
    return "".join(f"{line}\n" for line in lines).encode()


def test_the_witness_confirms_a_chain_or_names_what_contradicts_it(
    whole: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(log_of(whole))
    done = bastide_here("audit", "verify", str(whole), "--witness", str(log))
    assert done.returncode == 0, done.stderr
    assert "saw 2 of the 2 runs of the chain" in done.stdout

    log.write_bytes(log_of(whole, told_again=True))
    done = bastide_here("audit", "verify", str(whole), "--witness", str(log), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["witness"]["problems"] == [
        "run 2 was never shown to the witness"
    ]


def test_a_time_stamp_that_is_asked_for_and_not_there_is_a_finding(
    whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("")
    arguments = ("--time-stamp-authority", str(tmp_path / "ca.pem"))
    done = bastide_here("audit", "verify", str(whole), *arguments)
    assert done.returncode == 1
    assert "time stamp  the file has none" in done.stdout
