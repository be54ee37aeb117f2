"""`bastide snmp profile`: wrong names and files, and the way from a recording to a profile."""

import subprocess
from pathlib import Path

import pytest

from tests.command import bastide_here

CASES = Path(__file__).resolve().parents[3] / "monitors" / "snmp" / "drafting" / "cases"
COOLER = str(CASES / "cooler.snmprec")


def profile(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return bastide_here("snmp", "profile", *arguments, BASTIDE_ESTATE="lab")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["new", COOLER, "--name", "Odd One"], 2, "expected a-z, 0-9 and _"),
        (["new", "nowhere.snmprec", "--name", "odd"], 2, "nowhere.snmprec"),
        (["check", "nowhere.yaml"], 2, "nowhere.yaml"),
    ],
)
def test_wrong_use_says_what_is_expected(arguments: list[str], status: int, message: str) -> None:
    done = profile(*arguments)
    assert done.returncode == status
    assert message in done.stderr


def test_a_recording_that_profiles_read_whole_gives_no_draft(tmp_path: Path) -> None:
    recording = tmp_path / "known.snmprec"
    recording.write_text("1.3.6.1.2.1.1.5.0|4|switch\n", encoding="utf-8")
    done = profile("new", str(recording), "--name", "known")
    assert done.returncode == 1
    assert "nothing to draft" in done.stderr


def test_a_draft_is_well_and_a_mistake_in_it_has_line_and_word(tmp_path: Path) -> None:
    drafted = profile("new", COOLER, "--name", "cooler", "--mib", str(CASES / "COOLER-MIB.txt"))
    assert drafted.returncode == 0
    path = tmp_path / "cooler.yaml"
    path.write_text(drafted.stdout, encoding="utf-8")
    checked = profile("check", str(path))
    assert checked.returncode == 0, checked.stderr
    path.write_text(drafted.stdout.replace("index: [index]", "indx: [index]"), encoding="utf-8")
    wrong = profile("check", str(path))
    line = 1 + drafted.stdout.splitlines().index("    index: [index]")
    assert wrong.returncode == 2
    assert f"{path}:{line}: tables[0].indx: unknown key" in wrong.stderr
    assert "did you mean `index`?" in wrong.stderr
