"""integrity: what has changed is told once; a failure of AIDE is never told as no change."""

import hashlib
import json
import os
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.stubs import Stubs, run_main

REPORT = {
    "number_of_entries": {"total": 2000},
    "added": {"/usr/bin/new": "f"},
    "removed": {},
    "changed": {"/etc/passwd": "f", "/bin/ls": "f"},
}


class Host:
    """A host whose AIDE and dpkg are the test's."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.module: ModuleType = program("integrity")
        self.stubs, self._patch = Stubs(folder / "bin"), patch
        self.state, self.metrics = folder / "state", folder / "metrics" / "integrity.prom"
        self.state.mkdir()
        patch.setenv("PATH", f"{self.stubs.folder}:/usr/bin:/bin")
        self.explained = program("bastide_explained")
        patch.setattr(self.explained, "RUNS", folder / "runs")
        patch.setattr(self.explained, "STATUS", folder / "status")
        patch.setattr(self.explained, "LOG", folder / "dpkg.log")
        self.stubs.put("dpkg-query", "exit 1")
        self.aide(REPORT)
        self.dpkg("")

    def aide(self, report: dict[str, Any], status: int = 0) -> None:
        (self.stubs.folder / "report").write_text(json.dumps(report))
        fresh = self.state / "aide.db.new"
        self.stubs.put("aide", f"date >{fresh}; cat {self.stubs.folder}/report; exit {status}")

    def dpkg(self, printed: str) -> None:
        (self.stubs.folder / "verified").write_text(printed)
        # dpkg ends with 1 when something differs.
        self.stubs.put("dpkg", f"cat {self.stubs.folder}/verified; exit 1")

    def run(self) -> dict[str, Any]:
        run_main(self.module, self._patch, self.state, self.metrics)
        result: dict[str, Any] = json.loads((self.state / "integrity.json").read_text())
        return result


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo bad option >&2; exit 17", "aide --init failed with 17: bad option"),
        ("echo no database; exit 8", "aide --init failed with 8: no database"),
        ("printf '\\377' >&2; exit 14", r"aide --init failed with 14: \xff"),
        ("head -c 900 /dev/zero | tr '\\0' x >&2; exit 14", f"with 14: {'x' * 400}"),
    ],
)
def test_a_failure_of_aide_is_a_failure_and_leaves_no_result(
    script: str, said: str, host: Host
) -> None:
    host.stubs.put("aide", script)
    with pytest.raises(SystemExit) as ended:
        host.run()
    assert str(ended.value).endswith(said)
    assert list(host.state.iterdir()) == []


def test_differences_are_no_failure(host: Host) -> None:
    host.aide(REPORT, status=7)
    assert host.run()["changed"] == 2


def test_the_first_run_has_nothing_to_compare_with_and_keeps_its_state(host: Host) -> None:
    assert host.run()["since"] is None
    assert host.stubs.calls("aide") == ["--config=/etc/bastide/aide.conf --init"]
    assert (host.state / "aide.db").exists()
    assert not (host.state / "aide.db.new").exists()


def test_the_next_run_compares_with_what_the_last_one_kept(host: Host) -> None:
    host.run()
    os.utime(host.state / "aide.db", (1_000_000, 1_000_000))
    assert host.run()["since"] == 1_000_000
    assert host.stubs.calls("aide")[1] == "--config=/etc/bastide/aide.conf --update"
    # A change is told once: today's state is the next run's reference.
    assert (host.state / "aide.db").stat().st_mtime > 1_000_000


def test_changes_are_counted_by_kind_and_listed_together(host: Host) -> None:
    result = host.run()
    assert (result["added"], result["removed"], result["changed"]) == (1, 0, 2)
    assert result["paths"] == ["/bin/ls", "/etc/passwd", "/usr/bin/new"]
    assert result["files"] == 2000


def test_a_kind_that_aide_leaves_out_is_none_and_a_long_list_is_cut(host: Host) -> None:
    many = {f"/etc/{number:03}": "f" for number in range(60)}
    host.aide({"number_of_entries": {"total": 1}, "added": many})
    result = host.run()
    assert (result["added"], result["removed"], result["changed"]) == (60, 0, 0)
    assert result["paths"] == sorted(many)[:50]


@pytest.mark.parametrize("folder", ["/bin", "/sbin", "/lib", "/usr/bin", "/usr/sbin", "/usr/lib"])
def test_a_program_that_is_not_its_packages_is_told_every_time(folder: str, host: Host) -> None:
    host.dpkg(f"??5??????   {folder}/tool\n")
    host.stubs.put("dpkg-query", f"echo 'tools: {folder}/tool'")
    assert [host.run()["foreign"] for _ in range(2)] == [[f"{folder}/tool"]] * 2
    # All packages once a day, between only those of what differed.
    assert host.stubs.calls("dpkg") == ["--verify", "--verify tools"]


@pytest.mark.parametrize(("hours", "asked"), [(19.9, "--verify tools"), (20.1, "--verify")])
def test_all_packages_are_verified_again_after_twenty_hours_however_often_it_ran(
    hours: float, asked: str, host: Host
) -> None:
    host.dpkg("??5??????   /bin/tool\n")
    host.stubs.put("dpkg-query", "echo 'tools: /bin/tool'")
    for _ in range(3):
        kept = host.run()
    kept["verified"] -= hours * 3600
    (host.state / "integrity.json").write_text(json.dumps(kept))
    host.run()
    assert host.stubs.calls("dpkg") == ["--verify", *["--verify tools"] * 2, asked]


def test_settings_that_changed_are_not_asked_of_packages(host: Host) -> None:
    host.aide({"number_of_entries": {"total": 2}, "changed": {"/etc/passwd": "f"}})
    for _ in range(2):
        host.run()
    assert host.stubs.calls("dpkg") == ["--verify"]
    assert host.stubs.calls("dpkg-query") == []


def test_a_result_that_is_no_result_counts_as_none(host: Host) -> None:
    (host.state / "integrity.json").write_text("[]")
    assert host.run()["since"] is None


def test_settings_owners_and_what_is_missing_are_no_foreign_programs(host: Host) -> None:
    host.dpkg(
        "??5?????? c /etc/ssh/sshd_config\n"
        "??5??????   /opt/tool\n"
        "?M???????   /usr/bin/mode\n"
        "missing     /usr/bin/gone\n"
        "??5?????? c /usr/lib/tool/tool.conf\n"
        "??5??????   /usr/bin/second\n"
        "??5??????   /usr/bin/first\n"
    )
    assert host.run()["foreign"] == [
        "/usr/bin/first",
        "/usr/bin/second",
        "/usr/lib/tool/tool.conf",
    ]


def test_the_result_is_for_root_and_the_counts_for_everyone(host: Host) -> None:
    host.metrics.parent.mkdir()
    result = host.run()
    assert (host.state / "integrity.json").stat().st_mode & 0o777 == 0o600
    assert host.metrics.stat().st_mode & 0o777 == 0o644
    samples = [line for line in host.metrics.read_text().splitlines() if line[0] != "#"]
    assert samples == [
        'bastide_integrity_changes{kind="added"} 1',
        'bastide_integrity_changes{kind="removed"} 0',
        'bastide_integrity_changes{kind="changed"} 2',
        'bastide_integrity_unexplained{kind="added",path="/usr/bin/new"} 1',
    ]
    assert host.metrics.read_text().endswith("\n")
    assert list(host.metrics.parent.iterdir()) == [host.metrics]
    assert 0 <= result["seconds"] < 60
    assert result["at"] > 1_700_000_000


def test_a_host_without_node_exporter_gets_no_metrics(host: Host) -> None:
    host.run()
    assert not host.metrics.parent.exists()


def changed(host: Host, **kinds: str) -> dict[str, Any]:
    """What a second comparison tells of a path by kind, an hour after the first."""
    if not (host.state / "aide.db").exists():
        host.aide({"number_of_entries": {"total": 2000}})
        host.run()
    report = {kind: {path: "f"} for kind, path in kinds.items()}
    host.aide({"number_of_entries": {"total": 2000}, **report}, status=4)
    result: dict[str, Any] = host.run()["unexplained"]
    return result


def upgraded(host: Host, packages: str = "exit 1", differs: str = "") -> None:
    """dpkg has worked, and knows of packages."""
    host.explained.STATUS.touch()
    host.stubs.put("dpkg-query", packages)
    host.dpkg(differs)


@pytest.mark.parametrize(
    "path",
    [
        "/usr/bin/tool",
        "/usr/sbin/tool",
        "/boot/vmlinuz",
        "/usr/lib/systemd/systemd",
        "/usr/local/bin/x",
    ],
)
@pytest.mark.parametrize("kind", ["added", "removed", "changed"])
def test_what_nothing_accounts_for_is_told(host: Host, path: str, kind: str) -> None:
    assert {p: entry["kind"] for p, entry in changed(host, **{kind: path}).items()} == {path: kind}


@pytest.mark.parametrize("path", ["/etc/passwd", "/boot/grub/grubenv", "/usr/bin", "/usr/share/x"])
def test_settings_folders_and_what_starts_write_are_no_programs(host: Host, path: str) -> None:
    assert changed(host, changed=path) == {}


def test_a_folder_that_is_gone_with_what_was_in_it_is_not_told_beside_it(host: Host) -> None:
    changed(host)
    folder = "/usr/local/lib/gone"
    report = {"removed": {folder: "d", f"{folder}/tool": "f", f"{folder}2": "f"}}
    host.aide({"number_of_entries": {"total": 2000}, **report}, status=4)
    assert set(host.run()["unexplained"]) == {f"{folder}/tool", f"{folder}2"}


def test_what_a_package_brought_is_explained_and_what_differs_from_it_is_not(host: Host) -> None:
    changed(host)
    upgraded(host, "echo 'coreutils:amd64, other: /bin/env'")
    assert changed(host, changed="/usr/bin/env") == {}
    assert host.stubs.calls("dpkg")[-1] == "--verify coreutils:amd64"
    upgraded(host, "echo 'coreutils: /bin/env'", "??5??????   /bin/env\n")
    assert set(changed(host, changed="/usr/bin/env")) == {"/usr/bin/env"}


def test_beside_an_upgrade_a_program_of_no_package_is_told(host: Host) -> None:
    changed(host)
    upgraded(host)
    assert set(changed(host, added="/usr/sbin/planted")) == {"/usr/sbin/planted"}
    # Start files are made by scripts of packages, and old programs go.
    upgraded(host)
    found = changed(host, changed="/boot/initrd.img", removed="/usr/bin/old")
    assert set(found) == {"/usr/sbin/planted"}


def test_what_looks_well_to_its_package_and_changed_without_dpkg_has_another_mode(
    host: Host,
) -> None:
    host.stubs.put("dpkg-query", "echo 'bash: /bin/bash'")
    changed(host)
    assert set(changed(host, changed="/usr/bin/bash")) == {"/usr/bin/bash"}


def test_what_a_run_has_made_is_explained_by_its_content(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program_file, record = tmp_path / "tool", tmp_path / "runs" / "20261128T1" / "things.jsonl"
    monkeypatch.setattr(host.explained, "WATCHED", (str(program_file),))
    changed(host)
    program_file.write_text("ours")
    digest = hashlib.sha256(b"ours").hexdigest()
    thing = {"kind": "file", "name": str(program_file), "after": f"file 0755 0:0 {digest}"}
    record.parent.mkdir(parents=True)
    record.write_text(f"{json.dumps(thing)}\n{{damaged")
    assert changed(host, added=str(program_file)) == {}
    program_file.write_text("not ours")
    assert set(changed(host, changed=str(program_file))) == {str(program_file)}


def test_what_the_estate_expects_is_not_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(host)
    host.aide({"number_of_entries": {"total": 1}, "changed": {"/usr/local/vendor/x": "f"}})
    run_main(host.module, monkeypatch, host.state, host.metrics, "/usr/local/vendor/")
    assert json.loads((host.state / "integrity.json").read_text())["unexplained"] == {}


def test_it_is_told_for_a_day_or_until_it_is_put_right(host: Host) -> None:
    changed(host)
    told = changed(host, added="/usr/local/bin/planted", changed="/usr/bin/tool")
    assert set(told) == {"/usr/local/bin/planted", "/usr/bin/tool"}
    assert set(changed(host)) == set(told)
    # Removed, and given back by its package.
    host.stubs.put("dpkg-query", "echo 'tools: /bin/ls'")
    assert set(changed(host, removed="/usr/local/bin/planted")) == {"/usr/bin/tool"}
    for hours, kept_on in ((23.99, {"/usr/bin/tool"}), (0.0125, set())):
        kept = json.loads((host.state / "integrity.json").read_text())
        kept["unexplained"]["/usr/bin/tool"]["at"] -= hours * 3600
        (host.state / "integrity.json").write_text(json.dumps(kept))
        assert set(changed(host)) == kept_on


def test_a_program_that_is_its_packages_again_is_not_told_any_more(host: Host) -> None:
    changed(host)
    assert set(changed(host, changed="/usr/bin/env")) == {"/usr/bin/env"}
    host.stubs.put("dpkg-query", "echo 'coreutils: /usr/bin/env'")
    assert changed(host) == {}


def test_a_hostile_name_is_one_label(host: Host) -> None:
    host.metrics.parent.mkdir()
    changed(host)
    changed(host, added='/usr/bin/a"} 1\nx \u202e\\')
    (line,) = (n for n in host.metrics.read_text().splitlines() if "unexplained{" in n)
    assert line == (
        'bastide_integrity_unexplained{kind="added",path="/usr/bin/a\\"} 1\\\\nx \\\\u202e\\\\"} 1'
    )


@pytest.mark.parametrize(("quiet", "patience"), [(0.5, 60.0), (600.0, 0.0)])
def test_dpkg_is_let_end_but_not_waited_for_without_end(
    host: Host, monkeypatch: pytest.MonkeyPatch, quiet: float, patience: float
) -> None:
    monkeypatch.setattr(host.explained, "QUIET_SECONDS", quiet)
    monkeypatch.setattr(host.explained, "PATIENCE_SECONDS", patience)
    host.run()
    host.explained.LOG.touch()
    host.run()
    still_writes = host.explained.was_changed(host.explained.LOG, time.time() - quiet)
    assert still_writes is (patience == 0)


def test_the_first_run_has_nothing_to_wait_for(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host.module, "let_dpkg_end", lambda: pytest.fail("it waited for dpkg"))
    host.run()
