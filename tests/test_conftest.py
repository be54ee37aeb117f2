"""The order in which tests run."""

from tests.conftest import LONGEST, TESTS


def test_every_file_that_is_begun_first_is_there() -> None:
    assert [file for file in LONGEST if not (TESTS / file).is_file()] == []
