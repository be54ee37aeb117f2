"""Whatever a dead or stopped run left half-done, the next run ends right."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from infra.engine.api import Operation
from tests.infra.engine.harness import ENGINES, Harness, make
from tests.waiting import wait_until


@pytest.fixture
def town(lonely_town: Harness) -> Harness:
    """A harness whose plugin is the run's own, and so must die with it."""
    return lonely_town


def die(process: subprocess.Popen[bytes]) -> None:
    """Kill a run the hard way, and see that its plugin dies with it."""
    children = _children(process.pid)
    assert children, "there is a plugin at least, and the program while it runs"
    process.kill()
    process.wait(30)
    gone = wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in children), 30)
    assert gone, "a child outlived the run"


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in listed for child in path.read_text().split()]


def kill_while(town: Harness, step: str, operation: Operation = Operation.UP) -> None:
    """Start a run, kill it in the middle of a step, and take the order back."""
    town.order(f"hold-{step}")
    process = town.background(operation)
    town.await_order(f"holding-{step}")
    die(process)
    town.recall(f"hold-{step}", f"holding-{step}")


def test_killed_while_creating_the_next_up_finishes_with_nothing_orphaned(town: Harness) -> None:
    town.wants(hall={"content": "1"}, gate={"content": "2", "source": "hall"})
    kill_while(town, "create-hall")
    pending = town.latest()["pending_operations"]
    # What the provider had done, just before it could say so.
    (town.root / "home" / "things").mkdir(exist_ok=True)
    (town.root / "home" / "things" / "hall@here").write_text("{}")

    outcome = town.up()

    assert [(one["type"], one["resource"]["urn"][-4:]) for one in pending] == [("creating", "hall")]
    assert outcome.ok
    assert "took over the lock of a run that died" in town.messages()
    assert "interrupted while creating it" in town.messages()
    assert town.things() == {"hall@here", "gate@here"}
    assert "pending_operations" not in town.latest()
    assert town.destroy().ok
    assert town.things() == set()


def test_killed_while_creating_destroy_leaves_nothing_behind(town: Harness) -> None:
    town.wants(hall={"content": "1"})
    kill_while(town, "create-hall")
    (town.root / "home" / "things").mkdir(exist_ok=True)
    (town.root / "home" / "things" / "hall@here").write_text("{}")

    assert town.destroy().ok

    assert town.things() == set()
    assert town.recorded() == []
    assert "pending_operations" not in town.latest()


def test_killed_while_creating_what_the_program_no_longer_wants_is_deleted(town: Harness) -> None:
    town.wants(hall={"content": "1"}, gate={"content": "2"})
    kill_while(town, "create-hall")
    town.wants(gate={"content": "2"})

    assert town.up().ok

    assert town.things() == {"gate@here"}
    assert "pending_operations" not in town.latest()


def test_killed_while_updating_the_resource_is_brought_up_to_date(town: Harness) -> None:
    town.has(hall={"content": "1"})
    town.wants(hall={"content": "2"})
    kill_while(town, "update-hall")
    # Half-way done; and the program has gone back to what the state knows.
    (town.root / "home" / "things" / "hall@here").write_text('{"content": "2", "place": "here"}')
    town.wants(hall={"content": "1"})

    assert town.up().changes == {"same": 1, "update": 1}

    assert '"content": "1"' in (town.root / "home" / "things" / "hall@here").read_text()


def test_killed_while_deleting_what_is_wanted_again_is_created_again(town: Harness) -> None:
    town.has(hall={"content": "1"})
    town.wants()
    kill_while(town, "delete-hall")
    (town.root / "home" / "things" / "hall@here").unlink()
    town.wants(hall={"content": "1"})

    assert town.up().changes == {"same": 1, "create": 1}
    assert town.things() == {"hall@here"}


def test_killed_while_replacing_both_copies_are_accounted_for(town: Harness) -> None:
    town.has(hall={"content": "1"})
    town.wants(hall={"content": "1", "place": "there"})
    kill_while(town, "delete-hall")
    assert town.things() == {"hall@here", "hall@there"}

    assert town.up().ok

    assert town.things() == {"hall@there"}
    assert [raw["id"] for raw in town.recorded() if "hall" in raw["urn"]] == ["hall@there"]


def test_killed_while_creating_a_successor_refresh_does_not_forget_it(town: Harness) -> None:
    town.has(hall={"content": "1"})
    town.wants(hall={"content": "1", "place": "there"})
    kill_while(town, "create-hall")
    (town.root / "home" / "things" / "hall@there").write_text("{}")
    town.wants()

    assert town.refresh().ok
    assert [one["type"] for one in town.latest()["pending_operations"]] == ["creating"]
    assert town.up().ok
    assert town.things() == set()


@pytest.mark.usefixtures("official_cli")
@pytest.mark.parametrize(
    ("engine", "number"),
    [("embedded", signal.SIGTERM), *((name, signal.SIGINT) for name in sorted(ENGINES))],
)
def test_asked_to_stop_it_waits_for_the_running_step_and_starts_no_other(
    engine: str, number: signal.Signals, tmp_path: Path
) -> None:
    town = make(tmp_path, engine=engine)
    town.wants(hall={"content": "1"}, gate={"content": "2", "source": "hall"})
    town.order("hold-create-hall")
    process = town.background()
    town.await_order("holding-create-hall")

    process.send_signal(number)
    time.sleep(0.5)  # for the engine to have heard it
    town.recall("hold-create-hall")

    assert process.wait(30) == 1
    assert town.things() == {"hall@here"}
    assert town.resources()["hall"]["id"] == "hall@here"
    assert "pending_operations" not in town.latest()
    assert list(town.project.backend.glob(".pulumi/locks/**/*.json")) == []
    assert town.up().changes == {"same": 2, "create": 1}


# What the walk's run does: five calls of the provider, each with a boundary before and after it.
BEFORE = {
    "hall": {"content": "1"},
    "gate": {"content": "2", "source": "hall"},
    "lamp": {"content": "3"},
}
AFTER = {
    "hall": {"content": "1", "place": "there"},
    "gate": {"content": "2", "source": "hall"},
    "well": {"content": "4"},
}
BOUNDARIES = range(1, 11)
# Every one costs five seconds of a core: `make soak` walks them all.
WALKED = BOUNDARIES if os.environ.get("BASTIDE_SOAK") else (2,)


@pytest.mark.parametrize("boundary", WALKED)
def test_killed_at_any_boundary_of_a_step_the_next_run_ends_right(
    boundary: int, town: Harness
) -> None:
    town.has(**BEFORE)
    town.wants(**AFTER)
    town.order(f"kill-{boundary}")

    assert town.background().wait(60) == -signal.SIGKILL
    town.recall(f"kill-{boundary}")

    assert town.up().ok, town.messages()
    assert town.things() == {"hall@there", "gate@here", "well@here"}
    assert "pending_operations" not in town.latest()
    assert [raw for raw in town.recorded() if raw.get("delete")] == []
    assert town.up().changes == {"same": 4}
    assert town.destroy().ok
    assert town.things() == set()


def test_the_walk_has_all_boundaries(town: Harness) -> None:
    town.has(**BEFORE)
    town.wants(**AFTER)
    town.order(f"kill-{BOUNDARIES[-1] + 1}")

    assert town.background().wait(60) == 0
    assert len(town.log()) == len(BOUNDARIES) // 2
