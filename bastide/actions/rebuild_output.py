"""The plan for rebuilding everything: as tables, as JSON, and as a runbook on paper."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click

from bastide.actions.pages import page
from bastide.support.durations import long_or_short
from bastide.support.estate import EstateContext
from bastide.support.output import Row, print_table, row
from inventory.entries import hosts, tenants
from inventory.enums import Role
from inventory.rebuild_order import Stage
from monitors.continuity.rebuild import HostRecovery, PlanRecovery, WaveRecovery

TITLES: dict[Stage, str] = {
    Stage.NETWORK: "Network: the ways in",
    Stage.KEYS: "Copies, keys and monitoring",
    Stage.NAMES: "Names",
    Stage.DATABASES: "Databases, and what runs beside them",
    Stage.APPLICATIONS: "Applications and files",
}
DONE: dict[Stage, str] = {
    Stage.NETWORK: "central and every site reach each other (ping the gateways)",
    Stage.KEYS: "every vault answers, and the password of one plan lists its snapshots",
    Stage.NAMES: "hosts find each other by name",
    Stage.DATABASES: "every restore said that rows and files are those of its manifest",
    Stage.APPLICATIONS: "each service opens in a browser, and somebody who works with it agrees",
}
NOT_MEASURED = "not measured"


def show(waves: Sequence[WaveRecovery]) -> None:
    """Print the waves, host by host, and how long what was measured takes."""
    for wave in waves:
        title = f"{wave.wave.number}. {TITLES[wave.wave.stage]}: {lasts(wave)}"
        headings = ("host", "class", "RTO", "data", "machine", "copies on", "behind")
        print_table(headings, map(_host_row, wave.hosts), title=title)
    click.echo(total(waves))


def _host_row(host: HostRecovery) -> Row:
    return row(
        host.entry.name,
        host.promise.continuity.value,
        f"{host.promise.rto_hours:g} h",
        data(host),
        "in the data's time" if host.machine_measured else NOT_MEASURED,
        ", ".join(sorted({name for plan in host.plans for name in plan.targets})) or "no copies",
        ", ".join(host.entry.parents),
        bad=host.seconds is None,
    )


def data(host: HostRecovery) -> str:
    """Return how long the data of a host takes, in words."""
    if not host.plans:
        return "none to restore"
    return NOT_MEASURED if host.seconds is None else long_or_short(host.seconds)


def lasts(wave: WaveRecovery) -> str:
    """Return how long a wave takes, what of it nobody has measured, and how far that was off."""
    if wave.missed_by is None:
        return in_words([wave])
    return f"{in_words([wave])}; its last drills missed their estimate by {wave.missed_by:+.0%}"


def total(waves: Sequence[WaveRecovery]) -> str:
    """Return how long all waves take at least."""
    return f"All waves: {in_words(waves)}"


def in_words(waves: Sequence[WaveRecovery]) -> str:
    """Return how long the data and the machines of waves take, as far as it was measured."""
    hosts = [host for wave in waves for host in wave.hosts]
    unmeasured = sum(wave.unmeasured for wave in waves)
    known = long_or_short(sum(wave.seconds for wave in waves))
    kept = sum(bool(host.plans) for host in hosts)
    if not kept:
        of_data = "none"
    elif unmeasured == kept:
        of_data = NOT_MEASURED
    else:
        of_data = f"at least {known} ({unmeasured} {NOT_MEASURED})" if unmeasured else known
    missing = sum(wave.machines_unmeasured for wave in waves)
    of_machines = f"{missing} {NOT_MEASURED}" if missing else "within that"
    return f"data {of_data}, machines {of_machines}"


def values(waves: Sequence[WaveRecovery], at_once: int) -> dict[str, Any]:
    """Return the plan as plain JSON values; times in UTC, durations in seconds."""
    return {
        "restores_at_once": at_once,
        "seconds": sum(wave.seconds for wave in waves),
        "hosts_not_measured": sum(wave.unmeasured for wave in waves),
        "machines_not_measured": sum(wave.machines_unmeasured for wave in waves),
        "waves": [
            {
                "number": wave.wave.number,
                "stage": wave.wave.stage.name.lower(),
                "seconds": wave.seconds,
                "hours": round(wave.seconds / 3600, 3),
                "estimate_error_ratio": wave.missed_by,
                "hosts": [_host_values(host) for host in wave.hosts],
            }
            for wave in waves
        ],
    }


def _host_values(host: HostRecovery) -> dict[str, Any]:
    return {
        "municipality": host.entry.tenant.id,
        "host": host.entry.name,
        "address": str(host.entry.host.address),
        "continuity": host.promise.continuity.value,
        "rpo_seconds": round(host.promise.rpo_hours * 3600),
        "rto_seconds": round(host.promise.rto_hours * 3600),
        "behind": list(host.entry.parents),
        "services": [service.name for service in host.services],
        "seconds": host.seconds,
        "machine_measured": host.machine_measured,
        "plans": [_plan_values(plan) for plan in host.plans],
    }


def _plan_values(plan: PlanRecovery) -> dict[str, Any]:
    return {
        "plan": plan.plan,
        "target": plan.target,
        "second_target": plan.second_target,
        "seconds": plan.seconds,
        "measured_at": plan.measured_at.isoformat() if plan.measured_at else None,
        "last_snapshot": plan.snapshot.isoformat() if plan.snapshot else None,
        "size_bytes": plan.octets,
    }


def html(context: EstateContext, waves: Sequence[WaveRecovery], at_once: int, now: datetime) -> str:
    """Return the plan as one page that is worked through on paper, with everything down."""
    shown = {wave_host.entry.tenant.id for wave in waves for wave_host in wave.hosts}
    return page(
        "rebuild.html.j2",
        context=context,
        waves=waves,
        at_once=at_once,
        now=now,
        titles=TITLES,
        done=DONE,
        lasts_of=lasts,
        data_of=data,
        total=total(waves),
        tenants=[tenant for tenant in tenants(context.estate) if tenant.id in shown],
        vaults=[entry for entry in hosts(context.estate) if Role.VAULT in entry.host.roles],
        passwords=dict(_passwords(context)),
    )


def _passwords(context: EstateContext) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield where the password of each plan is found: the reference, never the value."""
    for entry in hosts(context.estate):
        for plan in entry.host.backups:
            yield (entry.name, plan.id), plan.password
