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
    assert str(folder / file) in str(error.value)


def test_what_editors_python_and_people_leave_is_passed_over(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for name in ("controls/.flood.yml.swp", "rules/flood.yml~", "profiles/README.md"):
        (folder / name).write_text("")
    (folder / "controls/__pycache__").mkdir()
    assert load_estate(folder).own == own_files(folder)
    assert len(own_files(folder).controls) == 1


def test_an_estate_without_such_folders_brings_nothing(tmp_path: Path) -> None:
    assert own_files(tmp_path) == Own(folder=tmp_path)


def test_rules_are_told_from_their_tests() -> None:
    own = own_files(RIVER)
    assert [path.name for path in own.rules] == ["flood.yml"]
    assert [path.name for path in own.rule_tests] == ["flood_test.yml"]


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
