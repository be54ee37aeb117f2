"""What roles copy to hosts is what git has, and nothing that a tool left beside it."""

import subprocess

from tests.playbooks.ansible import PLAYBOOKS

COPIED = (":(glob)roles/*/files/**", ":(glob)roles/*/templates/**")


def test_no_tools_leavings_are_copied_to_hosts() -> None:
    ignored = subprocess.run(
        ["git", "ls-files", "-oi", "--exclude-standard", "--", *COPIED],
        cwd=PLAYBOOKS,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert ignored == [], "remove these: they would be copied to every host of the role"
