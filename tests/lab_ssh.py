"""Commands on hosts of the running lab, as its administrator."""

import subprocess

from bastide.support.estate import EstateContext

LONGEST_SECONDS = 120


def on(
    lab: EstateContext, host: str, command: str, stdin: str = "", seconds: float = LONGEST_SECONDS
) -> str:
    """Run a command on a lab host as root and return what it prints; it must succeed."""
    done = subprocess.run(
        ["ssh", "-F", lab.state / "ssh/config", "-oBatchMode=yes", host, command],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
