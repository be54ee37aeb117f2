"""What the operations host is handed: values only under no_log, problems in the open."""

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from tests.playbooks.ansible import PLAYBOOKS, ROLES

VALUE = "community of the switch"
PROGRAM = Path(sys.executable).parent / "ansible-playbook"
PLUGIN = runpy.run_path(str(PLAYBOOKS / "filter_plugins" / "secrets.py"))
FILTERS: dict[str, Callable[[str, str], str]] = PLUGIN["FilterModule"]().filters()
NOT_SET = "env:BASTIDE_NOT_SET"


def test_a_reference_that_leads_nowhere_is_an_error_to_one_filter_and_a_text_to_the_other() -> None:
    problem = FILTERS["secret_problem"](NOT_SET, "/state")
    assert "BASTIDE_NOT_SET is not set" in problem
    with pytest.raises(AnsibleFilterError) as error:
        FILTERS["secret"](NOT_SET, "/state")
    assert problem in str(error.value)


def test_of_a_reference_that_leads_to_a_secret_only_one_filter_gives_it(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets" / "own").write_text(VALUE)
    assert FILTERS["secret"]("generated:own", str(tmp_path)) == VALUE
    assert FILTERS["secret_problem"]("generated:own", str(tmp_path)) == ""


def role_tasks() -> list[dict[str, Any]]:
    """The role's own two tasks: the first looks at the references, the second writes values."""
    tasks = yaml.safe_load((ROLES / "monitoring" / "tasks" / "main.yml").read_text())
    return [task for task in tasks if task.get("loop") == "{{ bastide_poller_handed }}"]


def play(folder: Path, reference: str) -> list[dict[str, object]]:
    """Those tasks, run on this machine into a folder."""
    own = role_tasks()
    for task in own:
        if "ansible.builtin.copy" in task:
            task["ansible.builtin.copy"] |= {"owner": os.geteuid(), "group": os.getegid()}
    variables = {
        "bastide_poller_handed": [{"reference": reference, "to": "handed"}],
        "bastide_state": str(folder),
        "monitoring_state": str(folder),
        "ansible_python_interpreter": sys.executable,
    }
    return [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": own}]


def run(folder: Path, reference: str) -> subprocess.CompletedProcess[str]:
    (folder / "play.yml").write_text(yaml.safe_dump(play(folder, reference)))
    return subprocess.run(
        [str(PROGRAM), "-vvv", "--diff", "-i", "localhost,", "-c", "local", "play.yml"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_FILTER_PLUGINS": str(PLAYBOOKS / "filter_plugins"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "BASTIDE_TEST_COMMUNITY": VALUE,
        },
    )


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("env:BASTIDE_NOT_SET", "variable BASTIDE_NOT_SET is not set"),
        ("vault:/nowhere/v.yml#key", "cannot read /nowhere/v.yml"),
    ],
)
def test_what_cannot_be_handed_over_is_reported_before_anything_is_hidden(
    reference: str, problem: str, tmp_path: Path
) -> None:
    looks, writes = role_tasks()
    result = run(tmp_path, reference)
    assert result.returncode != 0
    assert problem in result.stdout
    assert not looks.get("no_log")
    assert f"{looks['name']}]" in result.stdout
    assert f"{writes['name']}]" not in result.stdout, "it is hidden, so it must not be the first"
    assert not (tmp_path / "handed").exists()


def test_a_value_is_handed_over_and_printed_nowhere(tmp_path: Path) -> None:
    result = run(tmp_path, "env:BASTIDE_TEST_COMMUNITY")
    assert role_tasks()[1]["no_log"]
    assert result.returncode == 0, result.stdout
    assert (tmp_path / "handed").read_text() == VALUE
    assert (tmp_path / "handed").stat().st_mode & 0o777 == 0o400
    assert VALUE not in result.stdout + result.stderr
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "handed"]
    assert not [path for path in kept if VALUE in path.read_text(errors="replace")]
