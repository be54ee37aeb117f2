"""Settings of the outer machine's kernel that a lab needs; put back when the last lab goes."""

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from infra.lab.layout import RUNTIME
from inventory.files import write_whole

SYSCTL = Path("/proc/sys")
EARLIER = RUNTIME / "sysctl"

NEEDED: Mapping[str, int] = {
    # The lab's way out, through this machine.
    "net/ipv4/ip_forward": 1,
    # Each systemd holds about seven, and Debian's 128 are shared by all of root's: at some
    # twenty machines services fail to start, with no word on why.
    "fs/inotify/max_user_instances": 1024,
}


def apply() -> None:
    """Raise what is lower than needed, after its earlier value is written down."""
    for name, needed in NEEDED.items():
        earlier = (SYSCTL / name).read_text().strip()
        if int(earlier) < needed:
            if not (EARLIER / name).exists():
                write_whole(EARLIER / name, earlier)
            (SYSCTL / name).write_text(str(needed))


def restore() -> None:
    """Put the earlier values back, unless another lab still needs ours."""
    if any(RUNTIME.glob("*/lab.json")):
        return
    for name in NEEDED:
        with contextlib.suppress(FileNotFoundError):
            (SYSCTL / name).write_text((EARLIER / name).read_text())
    shutil.rmtree(EARLIER, ignore_errors=True)
    with contextlib.suppress(OSError):  # not there, or not empty
        RUNTIME.rmdir()
