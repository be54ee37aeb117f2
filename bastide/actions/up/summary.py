"""The summary that `bastide up` ends with."""

from datetime import UTC, datetime

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from bastide.actions.audit_output import counts_of
from bastide.actions.up.results import StageResults, UpRun
from inventory.entries import hosts, services
from inventory.enums import ConnectionKind
from inventory.levels import coverage
from monitors.audit.host_files import newest_content
from monitors.continuity.plan_states import read_plan_states


def show(up: UpRun, results: StageResults, console: Console, seconds: float) -> None:
    """Print what is up, what was proved, and where to look."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows(up, results, seconds):
        table.add_row(name, text)
    title = f"{up.context.estate.title}: {headline(results)}"
    console.print(Panel(table, title=title, expand=False, padding=(1, 2)))


def headline(results: StageResults) -> str:
    """Return the run in a few words."""
    if not (results.changed_resources or results.changed_tasks):
        return "nothing changed"
    return f"{results.changed_resources} resources, {results.changed_tasks} tasks changed"


def rows(up: UpRun, results: StageResults, seconds: float) -> list[tuple[str, str]]:
    """Return the summary's lines as name and text."""
    return [
        row
        for row in (
            _hosts(results),
            ("levels", coverage(up.context.estate)),
            _devices(results),
            _controls(results),
            _snapshot(up),
            _drill(results),
            _alerts(results),
            _undo(up, results),
            ("took", f"{seconds:.0f} s"),
            *_addresses(up, results),
        )
        if row[1]
    ]


def _undo(up: UpRun, results: StageResults) -> tuple[str, str]:
    changed = bool(results.changed_tasks)
    return "undo", f"bastide playbook rollback {up.run}" if changed else ""


def _hosts(results: StageResults) -> tuple[str, str]:
    if not results.status:
        return "hosts", ""
    nodes = [target for target in results.status.targets if target.job == "node"]
    nodes_up = sum(1 for target in nodes if target.health == "up")
    total = len(results.status.targets)
    every = sum(1 for target in results.status.targets if target.health == "up")
    return "hosts", f"{nodes_up} of {len(nodes)} up; {every} of {total} Prometheus targets up"


def _devices(results: StageResults) -> tuple[str, str]:
    answered = sum(1 for result in results.polled if result.success)
    return "devices", f"{answered} of {len(results.polled)} answer over SNMPv3"


def _controls(results: StageResults) -> tuple[str, str]:
    if not results.after:
        return "controls", ""
    after = counts_of(results.after.hosts)
    before = counts_of(results.before.hosts) if results.before else dict.fromkeys(after, 0)
    return (
        "controls",
        f"{before['pass']} of {before['pass'] + before['fail']} passed before hardening, "
        f"{after['pass']} of {after['pass'] + after['fail']} after "
        f"({after['error']} could not be determined, {after['skip']} do not apply)",
    )


def _snapshot(up: UpRun) -> tuple[str, str]:
    plans = read_plan_states(up.context.state, up.context.estate, newest_content)
    now = datetime.now(UTC)
    ages = [age for plan in plans if (age := plan.age_seconds(now)) is not None]
    oldest = f"; the oldest is {max(ages) / 60:.0f} min old" if ages else ""
    return "snapshots", f"{len(ages)} of {len(plans)} plans have one{oldest}"


def _drill(results: StageResults) -> tuple[str, str]:
    proved = [drill for drill in results.drills if drill.ok and drill.rto_seconds]
    if not proved:
        return "drill", f"none of {len(results.drills)} proved a restore"
    slowest = max(proved, key=lambda drill: drill.rto_seconds or 0)
    return (
        "drill",
        f"{len(proved)} of {len(results.drills)} restores proved; the slowest, {slowest.host} "
        f"{slowest.plan}, took {slowest.rto_seconds:.1f} s: {sum(slowest.rows.values())} rows, "
        f"{slowest.files_verified} files",
    )


def _alerts(results: StageResults) -> tuple[str, str]:
    if not results.status:
        return "alerts", ""
    names = sorted({alert.name for alert in results.status.alerts})
    return "alerts", ", ".join(names) or "none but the Watchdog, which must always fire"


def _addresses(up: UpRun, results: StageResults) -> list[tuple[str, str]]:
    status = results.status
    config = up.context.state / "ssh" / "config"
    return [
        ("report", str(results.report.html) if results.report else ""),
        ("Prometheus", status.prometheus_url if status else ""),
        ("Alertmanager", status.alertmanager_url if status else ""),
        ("services", "\n".join(_services(up))),
        ("trust", f"{up.context.state / 'tls' / 'authority.crt'} (the estate's own authority)"),
        ("log in", f"ssh -F {config} {_first_host(up)}" if _first_host(up) else ""),
    ]


def _first_host(up: UpRun) -> str:
    """Return the first provisioned host that is logged in to; this very machine is not."""
    elsewhere = (h for h in hosts(up.context.estate) if h.host.connection is ConnectionKind.SSH)
    return next((h.name for h in elsewhere if h.name in up.context.outputs.hosts), "")


def _services(up: UpRun) -> list[str]:
    provisioned = up.context.outputs.hosts
    return [
        f"{entry.service.url} at {provisioned[entry.hosts[0]].address}, {entry.tenant.name}"
        for entry in services(up.context.estate)
        if entry.hosts[0] in provisioned
    ]
