"""Backups as the host itself reports them."""
# ruff: noqa: S101

import json

import pytest

from monitors.security.backends import Host
from monitors.security.declared import Declared

MAX_AGE_SECONDS = 26 * 3600


def test_bkp_01_fresh_backups(host: Host, declared: Declared) -> None:
    """Every declared backup plan has a success within the last 26 hours."""
    status = host.run("/usr/local/sbin/bastide-backup status")
    now = int(host.run("date +%s").stdout or 0)
    if not declared.backups:
        pytest.skip("the inventory declares no backup for this host")
    assert status.rc != 127, "bastide-backup is not installed"
    plans = {plan["id"]: plan for plan in json.loads(status.stdout)["plans"]}
    ages = {
        name: now - int(plans.get(name, {}).get("last_success") or 0) for name in declared.backups
    }
    late = [f"{name}: {_words(age)}" for name, age in ages.items() if age > MAX_AGE_SECONDS]
    assert not late, f"no backup within 26 h: {', '.join(late)}"


def _words(age: int) -> str:
    return f"last one {age / 3600:.0f} h ago" if age < 10 * 365 * 86400 else "never"
