"""Backups as the target that keeps them answers, not as the job that makes them claims."""
# ruff: noqa: S101

import json
from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address, ip_interface
from typing import Any

import pytest

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.promises import declared_promise
from monitors.audit.facts.system import kept_result
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared, PlanPromise

# What the targets answered last; a timer asks them every hour, and so does every backup.
STATUS = "/var/lib/bastide/backup/status.json"
STATUS_HOURS = 3.0
DRILLS = "cat /var/lib/bastide/backup/*.drill.json 2>/dev/null"
NETWORKS = "ip -j address show"
# By the time of their change here: restored files keep the date that they had.
LEFT = (
    "test ! -e /var/lib/bastide/drill || find /var/lib/bastide/drill -mindepth 1 -cmin +60; "
    "echo looked"
)
DAY = 86400
CLOCK_TOLERANCE_HOURS = 0.1


def test_bkp_01_fresh_backups(host: Host, declared: Declared) -> None:
    """Every declared backup plan has a snapshot that is no older than may be lost."""
    plans, now = _plans(host, declared)
    late = [
        _late(name, plans.get(name), now, _promise(declared, name).rpo_hours)
        for name in declared.backups
    ]
    problems = ", ".join(filter(None, late))
    assert not problems, f"no snapshot in time: {problems}"


def test_bkp_02_another_network(host: Host, declared: Declared) -> None:
    """The target of every plan is in none of the networks that the host itself is in."""
    own = host.run(NETWORKS).stdout
    plans, _ = _plans(host, declared)
    networks = [
        ip_interface(f"{info['local']}/{info['prefixlen']}").network
        for link in json.loads(own)
        for info in link["addr_info"]
    ]
    beside = [
        f"{name} on {plan['target']}"
        for name in declared.backups
        if (plan := _asked(name, plans.get(name)))
        and any(ip_address(plan["target_address"]) in network for network in networks)
    ]
    assert not beside, f"kept in the host's own network: {', '.join(beside)}"


def test_bkp_03_restore_tested(host: Host, declared: Declared) -> None:
    """A snapshot that the target holds was restored, compared and measured in the plan's period."""
    drills = _documents(host.run(DRILLS).stdout)
    plans, now = _plans(host, declared)
    wrong = [
        f"{name}: {text}"
        for name in declared.backups
        for text in _untested(
            [drill for drill in drills if drill["plan"] == name],
            _asked(name, plans.get(name)),
            now,
            _promise(declared, name),
        )
    ]
    assert not wrong, "; ".join(wrong)


def test_bkp_04_repository_checked(host: Host, declared: Declared, limits: Limits) -> None:
    """restic has found every repository whole of late."""
    plans, now = _plans(host, declared)
    wrong = []
    for name in declared.backups:
        check = _asked(name, plans.get(name))["check"]
        if not check:
            wrong.append(f"{name}: never checked")
        elif not check["ok"]:
            wrong.append(f"{name}: {check['error']}")
        elif (days := (now - _time(check["at"])) / DAY) > limits["days"]:
            wrong.append(f"{name}: checked {days:.0f} days ago")
    assert not wrong, "; ".join(wrong)


def test_bkp_05_nothing_left(host: Host) -> None:
    """Nothing but the lock lies where drills restore, an hour after the last one."""
    *left, looked = host.run(LEFT).stdout.splitlines()
    remains = [path for path in left if path.rsplit("/", 1)[1] != "lock"]
    if looked != "looked":
        raise UndeterminedError(f"find said: {looked}")
    assert not remains, f"{len(remains)} files of a drill are left, {remains[0]} among them"


def _plans(host: Host, declared: Declared) -> tuple[dict[str, dict[str, Any]], float]:
    """Return what the targets said of each plan, and the time; skip a host without plans."""
    try:
        status, now = kept_result(host, STATUS, STATUS_HOURS)
    finally:
        if not declared.backups:
            pytest.skip("the inventory declares no backup for this host")
    return {plan["plan"]: plan for plan in status["plans"]}, now


def _promise(declared: Declared, name: str) -> PlanPromise:
    return declared_promise(declared, f"{declared.host}/{name}")


def _asked(name: str, plan: dict[str, Any] | None) -> dict[str, Any]:
    """Return a plan that the host knows and its target has answered for."""
    assert plan is not None, f"{name}: the host does not know this plan"
    if plan["error"]:
        raise UndeterminedError(f"{name}: the target could not be asked: {plan['error']}")
    return plan


def _late(name: str, plan: dict[str, Any] | None, now: float, limit: float) -> str | None:
    """Return what is wrong with a plan's newest snapshot; None when it is fresh."""
    snapshot = _asked(name, plan)["snapshot"]
    if not snapshot:
        return f"{name}: there is none"
    hours = (now - _time(snapshot["time"])) / 3600
    if hours < -CLOCK_TOLERANCE_HOURS:
        return f"{name}: the newest is dated {-hours:.1f} h in the future"
    late = hours > limit
    return f"{name}: the newest is {hours:.1f} h old, {limit:g} h may be lost" if late else None


def _untested(
    drills: list[dict[str, Any]], plan: dict[str, Any], now: float, promise: PlanPromise
) -> Iterator[str]:
    """Yield why a plan's drills do not count: any in its period, each copy in a whole turn."""
    several = len(promise.targets) > 1
    newest = {
        drill.get("target") or promise.targets[0]: drill
        for drill in sorted(drills, key=lambda drill: _time(drill["finished"]))
    }
    counted = []
    for target in promise.targets:
        drill = newest.get(target)
        if text := _unproved(drill, plan):
            yield f"{text} (the copy on {target})" if several else text
        elif drill:
            counted.append((now - _time(drill["finished"])) / DAY)
            if several and counted[-1] > promise.drill_days * len(promise.targets):
                yield f"restored last {counted[-1]:.0f} days ago from {target}"
    if counted and min(counted) > promise.drill_days:
        yield f"restored last {min(counted):.0f} days ago, to be every {promise.drill_days}"


def _unproved(drill: dict[str, Any] | None, plan: dict[str, Any]) -> str | None:
    """Return what a copy's last drill did not prove; None when it did."""
    if drill is None:
        return "never restored"
    if not drill["ok"]:
        return f"the restore failed: {drill['error']}"
    lost = drill["rpo_seconds"]
    if not (drill["rto_seconds"] or 0) > 0 or lost is None or lost < 0:
        return "the restore was not measured"
    ids = (plan["snapshot"] or {}).get("ids", [])
    if drill["snapshot"] not in ids:
        return f"the target holds no snapshot {drill['snapshot']} that was restored"
    return None


def _documents(text: str) -> list[dict[str, Any]]:
    """Return JSON documents that follow each other."""
    documents, decoder, rest = [], json.JSONDecoder(), text.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        documents.append(document)
        rest = rest[end:].lstrip()
    return documents


def _time(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
