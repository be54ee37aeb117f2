"""Providers that fail where few expect it: the run says so, and the next one ends right."""

import subprocess
from pathlib import Path

import pytest

from infra.engine.api import EngineError, Operation
from tests.infra.engine.harness import Harness, make

BEFORE = {"hall": {"content": "1"}, "gate": {"content": "2", "source": "hall"}}
AFTER = {"hall": {"content": "3"}, "gate": {"content": "2", "source": "hall"}}


def settled(town: Harness) -> None:
    """See that nothing is left half-done."""
    assert "pending_operations" not in town.latest()
    assert [raw for raw in town.recorded() if raw.get("delete")] == []


@pytest.mark.parametrize("order", ["configure-toy", "check-hall", "diff-hall", "update-hall"])
def test_one_that_fails_leaves_all_as_it_was(town: Harness, order: str) -> None:
    town.has(**BEFORE)
    town.wants(**AFTER)
    town.order(f"fail-{order}")

    failed = town.up()

    assert not failed.ok
    assert f"ordered to fail {order.replace('-', ' of ')}" in town.messages()
    assert town.things() == {"hall@here", "gate@here"}
    assert town.resources()["hall"]["inputs"]["content"] == "1"
    settled(town)
    town.recall(f"fail-{order}")
    assert town.up().ok, town.messages()
    assert town.resources()["hall"]["inputs"]["content"] == "3"


@pytest.mark.parametrize("order", ["configure-toy", "check-hall", "create-hall"])
def test_one_that_fails_at_first_makes_nothing_of_it(town: Harness, order: str) -> None:
    town.wants(**BEFORE, well={"content": "4"})
    town.order(f"fail-{order}")

    assert not town.up().ok

    assert town.things() <= {"well@here"}
    settled(town)
    town.recall(f"fail-{order}")
    assert town.up().ok, town.messages()
    assert town.things() == {"hall@here", "gate@here", "well@here"}


def test_one_that_cannot_be_read_is_kept_as_it_was(town: Harness) -> None:
    town.has(**BEFORE)
    town.order("fail-read-hall")

    assert not town.refresh().ok

    assert "ordered to fail read of hall" in town.messages()
    assert {"hall", "gate"} <= set(town.resources())
    settled(town)
    town.recall("fail-read-hall")
    assert town.refresh().ok


def test_an_update_that_ends_half_way_keeps_its_errors_until_the_next(town: Harness) -> None:
    town.has(**BEFORE)
    town.wants(**AFTER)
    town.order("half-update-hall")

    assert not town.up().ok

    hall = town.resources()["hall"]
    assert hall["initErrors"] == ["it does not answer"]
    assert hall["outputs"]["content"] == "3"
    settled(town)
    town.recall("half-update-hall")
    assert town.up().changes["update"] == 1
    assert "initErrors" not in town.resources()["hall"]


def test_half_made_it_is_deleted_by_destroy(town: Harness) -> None:
    town.wants(**BEFORE)
    town.order("half-create-hall")
    assert not town.up().ok

    assert town.destroy().ok, town.messages()

    assert town.things() == set()
    assert town.recorded() == []


def test_a_half_made_successor_and_the_replaced_one_are_both_accounted_for(
    town: Harness,
) -> None:
    town.has(hall={"content": "1"})
    town.wants(hall={"content": "1", "place": "there"})
    town.order("half-create-hall")

    assert not town.up().ok

    if not town.official:  # it goes on with deletions: docs/engines.md
        assert town.things() == {"hall@here", "hall@there"}
    town.recall("half-create-hall")
    assert town.up().ok, town.messages()
    assert town.things() == {"hall@there"}
    settled(town)


@pytest.mark.parametrize("step", ["configure-toy", "check-hall", "diff-hall", "update-hall"])
def test_one_that_dies_in_a_step_is_named_and_the_next_run_goes_on(
    tmp_path: Path, engine: str, step: str
) -> None:
    town = make(tmp_path, engine=engine)
    town.has(**BEFORE)
    town.wants(**AFTER)
    town.order(f"die-{step}")

    failed = town.up()

    assert not failed.ok
    assert "toy" in town.messages()
    assert "Traceback" not in "".join(one.message for one in failed.failures[:1])
    town.recall(f"die-{step}")
    if town.official and step == "update-hall":
        town.refresh()  # it asks for that
    assert town.up().ok, town.messages()
    assert town.resources()["hall"]["inputs"]["content"] == "3"
    settled(town)


def test_one_that_dies_while_it_deletes_the_next_run_deletes_the_rest(tmp_path: Path) -> None:
    town = make(tmp_path)
    town.has(**BEFORE)
    town.order("die-delete-gate")

    assert not town.destroy().ok

    town.recall("die-delete-gate")
    assert town.destroy().ok, town.messages()
    assert town.things() == set()
    assert town.recorded() == []


NO_PLUGINS = {
    "not a program": "#!/nowhere/python\n",
    "ends at once": "#!/bin/sh\necho broken by hand >&2\nexit 4\n",
    "says no port": "#!/bin/sh\necho hello\nexec sleep 60\n",
    "closes its output": "#!/bin/sh\nexec >&-\nexec sleep 60\n",
    "says a port where nobody is": "#!/bin/sh\necho 9\nexec sleep 60\n",
}


@pytest.mark.parametrize("case", NO_PLUGINS)
def test_what_is_no_plugin_is_named(tmp_path: Path, case: str) -> None:
    town = make(tmp_path)
    town.wants(**BEFORE)
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "pulumi-resource-toy"
    program.write_text(NO_PLUGINS[case])
    program.chmod(0o755)
    path = town.project.environment["PATH"]
    town.project.environment["PATH"] = f"{folder}:{path}"  # type: ignore[index]

    failed = town.up()

    assert not failed.ok
    assert "toy" in failed.failures[0].message, failed.failures
    assert "Traceback" not in failed.failures[0].message
    assert town.things() == set()
    if case == "ends at once":
        assert "broken by hand" in town.messages()


def test_two_runs_at_once_one_waits_for_nobody_and_spoils_nothing(tmp_path: Path) -> None:
    town = make(tmp_path)
    town.wants(**BEFORE)
    town.order("hold-create-hall")
    first = town.background()
    town.await_order("holding-create-hall")

    for operation in (Operation.UP, Operation.REFRESH, Operation.DESTROY):
        with pytest.raises(EngineError, match=f"locked by .*process {first.pid}"):
            town.run(operation)
    town.recall("hold-create-hall")

    assert first.wait(60) == 0
    assert town.preview().changes == {"same": 3}


def test_many_runs_at_once_leave_one_state(tmp_path: Path) -> None:
    town = make(tmp_path)
    town.wants(**BEFORE)
    runs: list[subprocess.Popen[bytes]] = [town.background() for _ in range(4)]

    codes = [run.wait(120) for run in runs]

    assert set(codes) <= {0, 1}
    if 0 not in codes:  # all of them stepped back
        assert town.up().ok
    assert town.things() == {"hall@here", "gate@here"}
    assert town.preview().changes == {"same": 3}
    assert list(town.project.backend.glob(".pulumi/locks/**/*.json")) == []
