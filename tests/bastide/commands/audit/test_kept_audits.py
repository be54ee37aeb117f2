"""`bastide audit`: history, reports, evidence and replay from what is kept, no host asked."""

import json
from pathlib import Path

import pytest

from monitors.audit.evidence.signing import signing_key
from monitors.audit.evidence.verify import verify
from monitors.audit.model.own_controls import controls_of
from tests.command import bastide_here, bastide_json
from tests.monitors.audit.estates import TABLE, lab
from tests.monitors.audit.evidence.forger import forge
from tests.monitors.audit.evidence.sealed_runs import HOSTS, sealed


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a state home whose lab was audited twice, two days apart."""
    home = tmp_path_factory.mktemp("home")
    for case, days in (("fresh", 0), ("hardened", 2)):
        sealed(home / "lab", case, days)
    return home


def run(home: Path, *arguments: str) -> str:
    done = bastide_here("audit", *arguments, "--estate", "lab", BASTIDE_STATE_HOME=str(home))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_before_any_audit_there_is_nothing_to_report(tmp_path: Path) -> None:
    done = bastide_here("audit", "report", "--estate", "lab", BASTIDE_STATE_HOME=str(tmp_path))
    assert done.returncode == 3
    assert "run `bastide audit run`" in done.stderr


def test_a_damaged_run_is_reported_by_its_file(tmp_path: Path) -> None:
    sealed(tmp_path / "lab")
    file = next((tmp_path / "lab" / "audits").glob("*.json"))
    file.write_text("{}")

    done = bastide_here("audit", "show", "--estate", "lab", BASTIDE_STATE_HOME=str(tmp_path))

    assert done.returncode == 3
    assert file.name in done.stderr
    assert "Traceback" not in done.stderr


def test_evidence_of_one_municipality_is_refused(home: Path) -> None:
    arguments = ("report", "--format", "evidence", "--municipality", "velgora")
    done = bastide_here("audit", *arguments, "--estate", "lab", BASTIDE_STATE_HOME=str(home))
    assert done.returncode == 2
    assert "evidence is of a whole run" in done.stderr


def test_history_is_made_anew_from_the_audits_own_files(home: Path) -> None:
    known = json.loads(run(home, "history", "--rebuild", "--json"))

    assert {s["host"] for s in known["standings"]} == set(HOSTS)
    assert {r["host"] for r in known["repairs"]} == set(HOSTS)
    assert "mended" in run(home, "history")


def test_a_report_lies_beside_its_evidence_which_holds(home: Path) -> None:
    formats = [word for name in ("html", "csv", "evidence") for word in ("--format", name)]
    written = [Path(line) for line in run(home, "report", *formats).splitlines()]

    assert len({file.parent for file in written}) == 1
    verified = bastide_json("audit", "verify", str(written[-1]), "--recompute")
    assert verified["holds"]
    assert verified["reports"]["written"] == len(written) - 1
    assert verified["reports"]["differing"] == []
    assert verified["reports"]["same_program"]
    assert verified["recomputed"]["judged"] == len(HOSTS) * len(TABLE.controls)


def test_a_report_edited_by_the_holder_of_the_key_is_found(home: Path, tmp_path: Path) -> None:
    arguments = ("report", "--format", "html", "--format", "evidence", "--folder", str(tmp_path))
    whole = Path(run(home, *arguments).splitlines()[-1])
    name = next(n for n in verify(whole).members if n.endswith("-fleet.html"))
    edit = {"replace": {"name": name, "old": "<p", "new": "<p hidden"}}
    forged = tmp_path / "forged.zip"
    key = signing_key(home / "lab" / "evidence")
    forged.write_bytes(forge(whole.read_bytes(), key, [edit, {"resign": None}]))

    assert bastide_here("audit", "verify", str(forged)).returncode == 0
    done = bastide_here("audit", "verify", str(forged), "--recompute")
    assert done.returncode == 1
    assert f"1 differ\n              {name}" in done.stdout


def test_a_bundle_is_judged_again_by_the_rules_of_a_day(home: Path) -> None:
    bundle = next((home / "lab" / "bundles" / HOSTS[0]).glob("*.json.gz"))
    arguments = ("audit", "replay", str(bundle), "--estate", "lab")
    env = {"BASTIDE_STATE_HOME": str(home)}

    too_early = bastide_here(*arguments, "--as-of", "2020-01-01", **env)
    today, again = (bastide_here(*arguments, "--json", **env).stdout for _ in range(2))

    assert too_early.returncode == 3
    assert "no run had been sealed by 2020-01-01" in too_early.stderr
    assert today == again
    assert len(json.loads(today)["results"]) == len(controls_of(lab().own).controls)
