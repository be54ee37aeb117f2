"""isolate.yml does nothing unless each host is named and whoever runs it still gets in."""

import json
import re
import subprocess
from pathlib import Path

from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook

HOST = "velgora-app"
# The host is this machine, and yet somewhere else: where we come from is what the test says.
HERE = {"ansible_connection": "local", "isolation_is_here": False}
COLLECT = """
- hosts: velgora-app
  gather_facts: false
  vars: {ansible_shell_type: without_traces, ansible_remote_tmp: /dev/shm}
  tasks:
    - collect_evidence: {program: "FOLDER/program.py", folder: "FOLDER/incidents"}
      register: evidence
      ignore_errors: true
    - debug: {msg: "{{ evidence.msg | default(evidence.folder) }}"}
"""
ARCHIVE = """
import base64, io, sys, tarfile
output = io.BytesIO()
with tarfile.open(fileobj=output, mode="w:gz") as tar:
    entry = tarfile.TarInfo("collection.json")
    entry.size = 2
    tar.addfile(entry, io.BytesIO(b"[]"))
sys.stdout.write(base64.b64encode(output.getvalue()).decode())
"""


def isolate(
    *arguments: str, seen_from: str = "", **variables: object
) -> "subprocess.CompletedProcess[str]":
    given = json.dumps({**HERE, **variables})
    connection = {"SSH_CONNECTION": f"{seen_from} 40000 10.77.1.20 22"} if seen_from else {}
    return ansible_playbook("isolate.yml", "--check", "-e", given, *arguments, **connection)


def words(done: "subprocess.CompletedProcess[str]") -> str:
    return " ".join((done.stdout + done.stderr).split())


def test_what_was_not_named_itself_is_not_isolated(own_state: Path) -> None:
    for arguments in ((), ("--limit", "velgora"), ("--limit", "velgora-*")):
        done = isolate(*arguments)
        assert done.returncode == 2, arguments
        assert "expected --limit HOST" in words(done)
        tasks = re.findall(r"^TASK \[(.+)\]", done.stdout, re.MULTILINE)
        assert tasks == ["Refuse to isolate what was not named itself"]


def test_an_edge_is_isolated_only_when_its_site_is_meant_too(own_state: Path) -> None:
    done = isolate("--limit", "velgora-edge")
    assert done.returncode == 2
    assert "all of its site would be cut off" in words(done)
    meant = isolate("--limit", "velgora-edge", isolation_cuts_site=True)
    assert "all of its site would be cut off" not in words(meant)


def test_whoever_is_no_responder_is_refused_with_the_address_that_the_host_sees(
    own_state: Path,
) -> None:
    for seen_from in ("203.0.113.9", ""):
        done = isolate("--limit", HOST, seen_from=seen_from)
        assert done.returncode == 2
        assert f"sees us come from {seen_from or 'nowhere'}, which is not among" in words(done)
        assert "Collect the evidence" not in done.stdout


def test_in_check_mode_it_says_what_it_would_do_and_collects_nothing(own_state: Path) -> None:
    done = isolate("--limit", HOST, seen_from="10.77.254.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Cut the host off .*changed: \[velgora-app\]", words(done))
    assert not (own_state / "lab" / "incidents").exists()


def collect(folder: Path, program: str) -> str:
    (folder / "program.py").write_text(program)
    (folder / "play.yml").write_text(COLLECT.replace("FOLDER", str(folder)))
    done = ansible_playbook(folder / "play.yml", "-e", "ansible_connection=local")
    assert done.returncode == 0, done.stdout + done.stderr
    return words(done)


def test_what_the_program_sends_is_kept_under_host_and_run(tmp_path: Path, own_state: Path) -> None:
    collect(tmp_path, ARCHIVE)
    (manifest,) = (tmp_path / "incidents" / HOST).glob("*/manifest.json")
    values = json.loads(manifest.read_text())
    assert values["host"] == HOST
    assert values["run"] == manifest.parent.name
    assert (own_state / "lab" / "evidence" / "signing.key").exists()


def test_a_program_that_fails_leaves_no_evidence_and_says_why(
    tmp_path: Path, own_state: Path
) -> None:
    assert "ended with 1: OSError: no memory" in collect(tmp_path, "raise OSError('no memory')")
    assert "the host sent nothing" in collect(tmp_path, "")
    assert not (tmp_path / "incidents").exists()


def test_mitogen_runs_neither_of_both() -> None:
    for name in ("isolate.yml", "patch.yml"):
        text = (PLAYBOOKS / name).read_text()
        own = text.count("  hosts: ")
        assert text.count("strategy: ansible.builtin.linear") == own, name
