"""`bastide lab`: says why there is nothing to list."""

from pathlib import Path

from tests.command import bastide_here, bastide_json


def test_an_estate_without_a_lab_says_where_its_hosts_come_from() -> None:
    done = bastide_here("lab", "list", "--estate", "pilot")
    assert done.returncode == 2
    assert "estate pilot has no lab machines: its hosts come from provider existing" in done.stderr


def test_a_lab_that_is_not_up_says_which_command_makes_it(tmp_path: Path) -> None:
    done = bastide_here("lab", "list", "--estate", "lab", BASTIDE_STATE_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "no machine has been made yet: `bastide up` makes them" in done.stderr
    assert bastide_json("lab", "list", "--estate", "lab", BASTIDE_STATE_HOME=str(tmp_path)) == {}


def test_a_machine_that_is_not_there_cannot_be_stopped_or_started(tmp_path: Path) -> None:
    for word in ("stop", "start"):
        done = bastide_here(
            "lab", word, "nobody", "--estate", "lab", BASTIDE_STATE_HOME=str(tmp_path)
        )
        assert done.returncode == 2
        assert "nobody" in done.stderr
