"""bastide_explained: what accounts for a changed program, and what does not."""

import hashlib
import json
import os
import re
import time
from pathlib import Path
from types import ModuleType

import pytest
from run_records import record

from tests.playbooks.programs import program
from tests.playbooks.stubs import Stubs

EXPLAINED = program("bastide_explained")
LIVES = hashlib.sha256(b"lives").hexdigest()


class Dpkg:
    """What dpkg says, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.stubs = Stubs(folder)
        self.says(owners="", differs="")

    def says(self, owners: str, differs: str) -> None:
        self.stubs.put("dpkg-query", f"printf '{owners}'")
        self.stubs.put("dpkg", f"printf '{differs}'; exit 1")

    def asked(self) -> list[list[str]]:
        return [call.split() for call in self.stubs.calls("dpkg-query")]


@pytest.fixture
def dpkg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dpkg:
    dpkg = Dpkg(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{dpkg.stubs.folder}:/usr/bin:/bin")
    return dpkg


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dpkg: Dpkg) -> Path:
    """A watched folder of a host on which dpkg has just worked."""
    folder = tmp_path / "watched"
    folder.mkdir()
    for name in ("RUNS", "STATUS", "LOG"):
        monkeypatch.setattr(EXPLAINED, name, tmp_path / name.lower())
    monkeypatch.setattr(EXPLAINED, "WATCHED", (f"{folder}/",))
    (tmp_path / "status").touch()
    return folder


def left(path: Path, kind: str = "added") -> list[str]:
    explained: list[str] = EXPLAINED.Explained(time.time() - 60).left({str(path): kind})
    return explained


def test_a_folder_is_no_program_and_a_link_to_one_is(files: Path) -> None:
    (files / "folder").mkdir()
    (files / "link").symlink_to("folder")
    assert left(files / "folder") == []
    assert left(files / "link") == [str(files / "link")]


def test_beside_an_upgrade_only_links_of_alternatives_are_its_scripts(files: Path) -> None:
    for name, target in (("editor", "/etc/alternatives/editor"), ("mine", "/opt/alternatives/x")):
        (files / name).symlink_to(target)
    (files / "plain").touch()
    assert left(files / "editor") == []
    assert left(files / "mine") == [str(files / "mine")]
    assert left(files / "plain") == [str(files / "plain")]


def test_what_a_package_still_names_and_is_gone_is_told(files: Path, dpkg: Dpkg) -> None:
    dpkg.says(owners=f"tools: {files}/gone\\n", differs="")
    assert left(files / "gone", "removed") == [f"{files}/gone"]


def test_a_run_of_before_the_last_comparison_accounts_for_nothing(files: Path) -> None:
    tool, things = files / "tool", EXPLAINED.RUNS / "20261128T1" / "things.jsonl"
    tool.write_text("lives")
    things.parent.mkdir(parents=True)
    thing = {"name": str(tool), "after": f"file {LIVES}"}
    things.write_text(json.dumps(thing | {"kind": "unit"}))
    assert left(tool) == [str(tool)]
    things.write_text(json.dumps(thing | {"kind": "file"}))
    assert left(tool) == EXPLAINED.Explained(None).left({str(tool): "added"}) == []
    tool.write_text("another")
    assert left(tool) == EXPLAINED.Explained(None).left({str(tool): "added"}) == [str(tool)]
    tool.write_text("lives")
    os.utime(things, (0, time.time() - 3600))
    assert left(tool) == [str(tool)]


@pytest.mark.parametrize(
    ("kind", "state", "same"),
    [
        ("file", f"file 0755 0:0 {LIVES}", True),
        ("file", "file 0755 0:0 0", False),
        ("link", "link /bin/sh", True),
        ("link", "", False),
        ("gone", "absent", True),
        ("gone", "", False),
    ],
)
def test_by_its_content_where_it_has_one(tmp_path: Path, kind: str, state: str, same: bool) -> None:
    path = tmp_path / kind
    (tmp_path / "file").write_text("lives")
    (tmp_path / "link").symlink_to("file")
    assert EXPLAINED.is_as_recorded(path, state) is same


def test_owners_are_asked_for_by_both_names_and_500_at_once(dpkg: Dpkg) -> None:
    dpkg.says(owners="a, b: /bin/p0\\ndiversion by x from: /bin/p1\\nother: /bin/p2\\n", differs="")
    assert EXPLAINED.owners(["/usr/bin/p0", "/usr/bin/p1"]) == {"/usr/bin/p0": "a"}
    assert dpkg.asked() == [["--search", "/bin/p0", "/bin/p1", "/usr/bin/p0", "/usr/bin/p1"]]
    EXPLAINED.owners([f"/usr/bin/p{number}" for number in range(251)])
    assert [len(call) - 1 for call in dpkg.asked()[1:]] == [500, 2]


def test_what_is_missing_is_not_verified_and_has_no_other_content(dpkg: Dpkg) -> None:
    differs = "\\nmissing     /bin/env\\n??5?????? c /etc/env\\n??5??????   /bin/cat\\n"
    dpkg.says(
        owners="coreutils: /bin/env\\ncoreutils: /bin/cat\\ncoreutils: /bin/ls", differs=differs
    )
    paths = ["/usr/bin/env", "/usr/bin/cat", "/usr/bin/ls"]
    assert EXPLAINED.Explained(None).verified(paths) == {"/usr/bin/ls"}
    assert EXPLAINED.differing(paths) == EXPLAINED.differing() == ["/bin/cat"]


def test_what_dpkg_prints_need_not_be_text(dpkg: Dpkg) -> None:
    dpkg.says(owners="", differs="??5??????   /bin/\\377\\n")
    assert EXPLAINED.differing() == ["/bin/\ufffd"]


def test_dpkg_is_looked_at_four_times_in_its_quiet_time(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    EXPLAINED.LOG.touch()
    naps: list[float] = []
    clock = [1000.0]

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(EXPLAINED.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(EXPLAINED.time, "sleep", sleep)
    EXPLAINED.let_dpkg_end()
    assert naps == [30.0] * 30
    os.utime(EXPLAINED.LOG, (0, time.time() - 121))
    EXPLAINED.let_dpkg_end()
    assert len(naps) == 30


def test_it_reads_what_dpkg_and_runs_write() -> None:
    """Debian's own settings name the log; the package list stands where dpkg keeps it."""
    fresh: ModuleType = EXPLAINED
    assert record.ROOT == fresh.RUNS
    assert fresh.STATUS.is_file()
    settings = Path("/etc/dpkg/dpkg.cfg").read_text(encoding="utf-8")
    assert re.search(rf"^log {fresh.LOG}$", settings, re.MULTILINE)
