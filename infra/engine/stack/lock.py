"""The stack's lock: a file per operation, as Pulumi's file backend has it.

A lock of this machine whose process is gone is taken over; any other is respected.
"""

import contextlib
import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.engine.api import EngineError
from infra.engine.stack.backend import StackFiles, timestamp
from inventory.files import write_whole
from inventory.paths import user_name

_CLOCK_SLACK_SECONDS = 5.0


@contextlib.contextmanager
def held(files: StackFiles, notice: Callable[[str], None]) -> Iterator[None]:
    """Hold the stack's lock; raises EngineError when another process holds it.

    `notice` gets a message for each stale lock that was taken over.
    """
    _refuse_others(files.locks, None, notice)
    own = files.locks / f"{uuid.uuid4()}.json"
    content = {
        "pid": os.getpid(),
        "username": user_name(),
        "hostname": socket.gethostname(),
        "timestamp": timestamp(),
    }
    write_whole(own, json.dumps(content))
    try:
        # Two that write at the same moment both see the other here, and both step back.
        _refuse_others(files.locks, own, notice)
        yield
    finally:
        own.unlink(missing_ok=True)


def _refuse_others(folder: Path, own: Path | None, notice: Callable[[str], None]) -> None:
    for path in sorted(folder.glob("*.json")):
        if path == own:
            continue
        lock = _read(path)
        holder = (
            f"{lock.get('username')}@{lock.get('hostname')}, process {lock.get('pid')}, "
            f"since {lock.get('timestamp')}"
        )
        if not _is_stale(lock):
            raise EngineError(
                f"the stack is locked by {holder} ({path}): wait until that run ends; "
                "if it is surely dead, delete that file"
            )
        path.unlink(missing_ok=True)
        notice(f"took over the lock of a run that died ({holder})")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = dict(json.loads(path.read_text(encoding="utf-8")))
        since = datetime.fromisoformat(str(content["timestamp"])).timestamp()
        return {**content, "pid": int(content["pid"]), "since": since}
    except FileNotFoundError:
        return {"hostname": socket.gethostname(), "pid": 0}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise EngineError(
            f"{path} is not a readable lock ({error!r}): if no run goes on, delete it by hand"
        ) from error


def _is_stale(lock: dict[str, Any]) -> bool:
    if lock.get("hostname") != socket.gethostname():
        return False
    started = _process_start(lock["pid"])
    if started is None:
        return True
    # The number may have been given to another process since; that one is younger than the lock.
    return bool(started > lock["since"] + _CLOCK_SLACK_SECONDS)


def _process_start(pid: int) -> float | None:
    """Return when a process started, in seconds since the epoch, or None when there is none."""
    if pid <= 0:
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    if fields[0] == "Z":
        return None
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - uptime + int(fields[19]) / os.sysconf("SC_CLK_TCK")
