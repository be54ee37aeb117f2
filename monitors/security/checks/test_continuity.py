"""Backups as the target that keeps them answers, not as the job that makes them claims."""
# ruff: noqa: S101

import json
from datetime import datetime
from typing import Any

import pytest

from monitors.security.backends import Host, UndeterminedError
from monitors.security.declared import Declared

STATUS = "/usr/local/sbin/bastide-backup status"
MAX_AGE_HOURS = 26.0


def test_bkp_01_fresh_backups(host: Host, declared: Declared) -> None:
    """Every declared backup plan has a snapshot from the last 26 hours."""
    status = host.run(STATUS)
    if not declared.backups:
        pytest.skip("the inventory declares no backup for this host")
    assert status.rc == 0, f"bastide-backup says: {status.stderr.strip()[:200]}"
    said = json.loads(status.stdout)
    now = datetime.fromisoformat(said["at"])
    plans = {plan["plan"]: plan for plan in said["plans"]}
    late = [text for name in declared.backups if (text := _late(name, plans.get(name), now))]
    assert not late, f"no snapshot within {MAX_AGE_HOURS:.0f} h: {', '.join(late)}"


def _late(name: str, plan: dict[str, Any] | None, now: datetime) -> str | None:
    """Return what is wrong with a plan's newest snapshot; None when it is fresh."""
    if plan is None:
        return f"{name}: the host does not know this plan"
    if plan["error"]:
        raise UndeterminedError(f"{name}: the target could not be asked: {plan['error']}")
    if not plan["snapshot"]:
        return f"{name}: there is none"
    hours = (now - datetime.fromisoformat(plan["snapshot"]["time"])).total_seconds() / 3600
    return f"{name}: the newest is {hours:.1f} h old" if hours > MAX_AGE_HOURS else None
