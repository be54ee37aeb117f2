"""A process that a test started does not outlive a test that failed."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import AnyStr


@contextmanager
def running(process: "subprocess.Popen[AnyStr]") -> "Iterator[subprocess.Popen[AnyStr]]":
    """Wait for a process at the block's end, as Popen does; kill it first if the block failed."""
    with process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise
