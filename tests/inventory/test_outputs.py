"""The outputs of provisioning, as the other packages read them."""

from pathlib import Path

import pytest

from inventory.outputs import OutputsError, load_outputs, outputs_path


def test_what_another_version_wrote_on_top_is_passed_over(tmp_path: Path) -> None:
    outputs_path(tmp_path).write_text('{"estate": "lab", "repositories": {"apt": "http://x"}}')

    assert load_outputs(tmp_path).estate == "lab"


def test_outputs_that_are_not_there_or_damaged_name_the_command_that_writes_them(
    tmp_path: Path,
) -> None:
    with pytest.raises(OutputsError, match="bastide infra up"):
        load_outputs(tmp_path)
    outputs_path(tmp_path).write_text('{"estate": 7}')
    with pytest.raises(OutputsError, match=r"1 problems, the first at \('estate',\)"):
        load_outputs(tmp_path)
