"""Results that backup runs save for later ones and for audits: small JSON files."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bastide_manifest import BackupError, seconds
from bastide_metrics import write_whole

CHECK_EVERY_SECONDS = 7 * 86400
CHECK_TIMEOUT_SECONDS = 4 * 3600.0
# Each weekly check reads the next quarter of the data: in a month, all of it.
SHARES = 4


def now() -> str:
    """Return the time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_result(path: Path) -> dict[str, Any]:
    """Return a JSON object that was saved, or nothing when there is none."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return result if isinstance(result, dict) else {}


def check_when_due(path: Path, restic: Callable[..., str]) -> dict[str, Any]:
    """Let restic check the repository and read a share of its data, once a week; save the result.

    The shares take turns; one with damage stays due. Returns the newest result, `{}` before any.
    """
    last = read_result(path)
    if last.get("ok") and 0 <= time.time() - seconds(last["at"]) < CHECK_EVERY_SECONDS:
        return last
    done = last.get("share", 0)
    share = done % SHARES + 1 if last.get("ok") or not done else done
    result: dict[str, Any] = {"at": now(), "ok": True, "error": None, "share": share}
    read = dict(last.get("read", {}))
    try:
        # What is missing first: reading it would be tried again and again, for each piece.
        restic("check", "--no-lock", timeout=CHECK_TIMEOUT_SECONDS)
        subset = f"--read-data-subset={share}/{SHARES}"
        restic("check", "--no-lock", subset, timeout=CHECK_TIMEOUT_SECONDS)
        read[str(share)] = result["at"]
    except BackupError as error:
        result |= {"ok": False, "error": str(error)}
    result["read"] = read
    write_whole(path, json.dumps(result, indent=1) + "\n", 0o600)
    return result
