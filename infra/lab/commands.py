"""Runs the system's programs: ip, nft, nsenter and others; nothing else in the lab does."""

import json
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from infra.errors import InfraError, Problem

TIMEOUT_SECONDS = 60
LAST_LINES = 5


class ProgramError(InfraError):
    """A program ended badly; `code` is its exit status and `stderr` its error output."""

    def __init__(self, argv: Sequence[str], code: int, stderr: str) -> None:
        """Keep what was run and the end of its error output."""
        output = " / ".join(stderr.strip().splitlines()[-LAST_LINES:]) or "nothing on stderr"
        advice = f"run it by hand to see more: {' '.join(argv)}"
        super().__init__((Problem(argv[0], "exit status 0", f"{code} ({output})", advice),))
        self.code = code
        self.stderr = stderr


def run(*argv: str, stdin: str | None = None, timeout: float = TIMEOUT_SECONDS) -> str:
    """Run a program and return its standard output; ProgramError when it fails or is missing."""
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
    except FileNotFoundError:
        raise ProgramError(argv, 127, f"{argv[0]} is not on PATH") from None
    except subprocess.TimeoutExpired:
        raise ProgramError(argv, 124, f"no end after {timeout:g} s") from None
    if done.returncode != 0:
        raise ProgramError(argv, done.returncode, done.stderr)
    return done.stdout


def ip(*argv: str, netns: str | None = None) -> None:
    """Run `ip`, in a named network namespace when one is given."""
    run("ip", *(("-n", netns) if netns else ()), *argv)


def ip_json(*argv: str, netns: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of `ip -json`; an empty list when it prints nothing."""
    text = run("ip", "-json", *(("-n", netns) if netns else ()), *argv)
    rows: list[dict[str, Any]] = json.loads(text or "[]")
    return [row for row in rows if row]


@cache
def user_namespaces() -> bool:
    """Tell whether the kernel allows user namespaces here; a chroot may not make any."""
    try:
        run("unshare", "--user", "true")
    except ProgramError:
        return False
    return True


def nft(rules: str) -> None:
    """Load nftables rules as one transaction: all of them or none."""
    run("nft", "-f", "-", stdin=rules)


def in_netns(netns: str, *argv: str, stdin: str | None = None) -> str:
    """Run a program in a named network namespace, in the caller's own mounts."""
    return run("nsenter", f"--net={netns_path(netns)}", *argv, stdin=stdin)


def netns_path(netns: str) -> Path:
    """Return where iproute2 keeps a named network namespace."""
    return Path("/run/netns") / netns
