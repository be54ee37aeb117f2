"""`bastide host impact`: what is wrong about its options is said before anybody logs in."""

import pytest

from tests.command import bastide_here


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--write",), "--write is for --accept NAME"),
        (("--accept", "Ana", "--level", "audit"), "audit changes nothing; expected baseline"),
        (("--accept", " "), "expected the name of who accepts it"),
        (("--accept", "Ana"), "no such host in the inventory"),
    ],
)
def test_wrong_use_is_refused_first(options: tuple[str, ...], message: str) -> None:
    done = bastide_here("host", "impact", "nowhere-app", "--estate", "pilot", *options)
    assert done.returncode == 2
    assert message in done.stderr
