import pytest

from infra.errors import InfraError
from infra.lab.mirrors import select

MAIN = "Packages|Debian|bookworm|main|http://mirror.test/debian/"
SECURITY = "Packages|Debian|bookworm-security|main|http://mirror.test/debian-security/"
NOT_OURS = """\
Packages|Debian|trixie|main|http://mirror.test/debian/
Packages|Somebody|bookworm|main|http://tools.test/apt/
Packages|Debian|bookworm|non-free|http://mirror.test/debian/
Translations|Debian|bookworm|main|http://translations.test/debian/
"""


def test_a_machine_without_debian_12_is_refused_with_what_to_add() -> None:
    with pytest.raises(InfraError, match=r"bookworm, component main.*none of its suites.*sources"):
        select(NOT_OURS)


def test_other_origins_suites_and_components_are_left_out() -> None:
    sources = select(f"{NOT_OURS}{SECURITY}\n{MAIN}\n{MAIN}\n")
    assert [str(source) for source in sources] == [
        "deb http://mirror.test/debian bookworm main",
        "deb http://mirror.test/debian-security bookworm-security main",
    ]
