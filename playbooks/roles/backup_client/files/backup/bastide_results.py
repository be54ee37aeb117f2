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


def check_when_due(path: Path, restic: Callable[..., str]) -> None:
    """Let restic look for what is missing from the repository, once a week; save what it says."""
    last = read_result(path)
    if last.get("ok") and 0 <= time.time() - seconds(last["at"]) < CHECK_EVERY_SECONDS:
        return
    result: dict[str, Any] = {"at": now(), "ok": True, "error": None}
    try:
        restic("check", "--no-lock", timeout=CHECK_TIMEOUT_SECONDS)
    except BackupError as error:
        result |= {"ok": False, "error": str(error)}
    write_whole(path, json.dumps(result, indent=1) + "\n", 0o600)
