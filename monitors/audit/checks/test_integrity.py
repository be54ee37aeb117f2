"""What changed among programs and settings, from the result of the host's own daily comparison."""
# ruff: noqa: S101

from monitors.audit.collect.backends import Host
from monitors.audit.facts.system import kept_result

COMPARED = "/var/lib/bastide-facts/integrity.json"
MAX_AGE_HOURS = 48.0
# What the role's own set holds on the smallest host, by far; fewer: somebody narrowed the set.
MIN_FILES = 500
SHOWN = 5


def test_int_01_recent_comparison(host: Host) -> None:
    """The comparison is of the last two days and looked at the whole set."""
    compared, _ = kept_result(host, COMPARED, MAX_AGE_HOURS)
    files = int(compared["files"])
    assert files >= MIN_FILES, f"only {files} files were compared, expected {MIN_FILES} or more"


def test_int_02_programs_of_packages(host: Host) -> None:
    """No program or library of a package has another content than the package gave it."""
    compared, _ = kept_result(host, COMPARED, MAX_AGE_HOURS)
    foreign: list[str] = compared["foreign"]
    more = f" and {len(foreign) - SHOWN} more" if len(foreign) > SHOWN else ""
    assert not foreign, f"differ from their packages: {', '.join(foreign[:SHOWN])}{more}"
