"""What an estate's folder brings of its own."""

from pathlib import Path

import pytest

from inventory.load import load_estate
from inventory.own import Own, carried_files, own_files
from inventory.problems import InventoryError
from tests.own_estate import RIVER, copied


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("controls/flood.yaml", r"\*\.yml or test_\*\.py"),
        ("controls/helpers.py", r"\*\.yml or test_\*\.py"),
        ("profiles/gauge2.yml", r"\*\.yaml"),
        ("rules/flood.yaml", r"\*\.yml"),
        ("playbooks/sirens.yaml", r"\*\.yml"),
    ],
)
def test_a_file_that_nothing_would_read_is_refused(
    tmp_path: Path, file: str, expected: str
) -> None:
    folder = copied(tmp_path)
    (folder / file).write_text("")
    with pytest.raises(InventoryError, match=expected) as error:
        load_estate(folder)
    (problem,) = error.value.problems
    assert (problem.file, problem.line, problem.path) == (folder / file, 0, "")


def test_what_editors_python_and_people_leave_is_passed_over(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    before = own_files(folder)
    for name in (
        *("controls/.flood.yml.swp", "rules/flood.yml~", "rules/old.yml~"),
        *("profiles/README.yaml", "profiles/LICENSE", "roles/README.md", "runbooks/.old.md"),
    ):
        (folder / name).write_text("")
    for name in ("controls/__pycache__", "roles/__pycache__", "profiles/old", "rules/kept.yml"):
        (folder / name).mkdir(exist_ok=True)
    assert load_estate(folder).own == own_files(folder) == before


def test_what_an_estate_brings_is_sorted_by_what_it_is() -> None:
    assert own_files(RIVER) == Own(
        folder=RIVER,
        roles=(RIVER / "roles/gauge",),
        playbooks=(RIVER / "playbooks/configure.yml", RIVER / "playbooks/sirens.yml"),
        controls=(RIVER / "controls/flood.yml",),
        checks=(RIVER / "controls/test_flood.py",),
        profiles=(RIVER / "profiles/gauge.yaml",),
        rules=(RIVER / "rules/flood.yml",),
        rule_tests=(RIVER / "rules/flood_test.yml",),
        runbooks=(
            RIVER / "runbooks/alerts/RiverHigh.md",
            RIVER / "runbooks/procedures/carry-upstairs.md",
        ),
    )
    assert own_files(RIVER).runbook_folder == RIVER / "runbooks"


def test_an_estate_without_such_folders_brings_nothing(tmp_path: Path) -> None:
    assert own_files(tmp_path) == Own(folder=tmp_path)


def test_the_operations_host_is_given_what_it_judges_by_and_no_content_of_roles() -> None:
    names = {path.relative_to(RIVER).as_posix() for path in carried_files(own_files(RIVER))}
    assert names == {
        "controls/flood.yml",
        "controls/test_flood.py",
        "profiles/gauge.yaml",
        "roles/gauge/meta/argument_specs.yml",
        "rules/flood.yml",
        "rules/flood_test.yml",
        "runbooks/alerts/RiverHigh.md",
        "runbooks/procedures/carry-upstairs.md",
    }
