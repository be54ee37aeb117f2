"""On the lab: the vault has seen the newest run, and evidence that it never saw is named."""

from pathlib import Path

import pytest

from bastide.support.estate import EstateContext
from tests.command import bastide, bastide_json
from tests.lab_ssh import on

pytestmark = pytest.mark.lab


def test_the_vault_has_seen_the_newest_run_and_names_one_that_it_has_not(
    lab: EstateContext, tmp_path: Path
) -> None:
    written = bastide(
        *("audit", "report", "--estate", "lab", "--label", "after"),
        *("--format", "evidence", "--folder", str(tmp_path / "report")),
    )
    assert written.returncode == 0, written.stderr
    (evidence,) = (tmp_path / "report").rglob("*-evidence.zip")
    lines = on(lab, "central-vault", "cat /var/lib/bastide-witness/log.jsonl").splitlines(True)
    run = bastide_json("audit", "verify", str(evidence))["run"]["root"]

    log = tmp_path / "witness.jsonl"
    log.write_text("".join(lines))
    seen = bastide("audit", "verify", str(evidence), "--witness", str(log))
    assert seen.returncode == 0, seen.stdout + seen.stderr

    log.write_text("".join(line for line in lines if run not in line))
    unseen = bastide("audit", "verify", str(evidence), "--witness", str(log))
    assert unseen.returncode == 1, unseen.stdout
    # The second where it is the only one of the chain that the vault has seen.
    assert any(words in unseen.stdout for words in ("was never shown", "no run of this chain"))
