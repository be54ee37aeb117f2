"""The page that a person reads when the chain is done."""

from datetime import UTC, datetime

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from bastide.actions.audit_output import counts_of
from bastide.actions.up.results import Findings, Work
from inventory.entries import services
from monitors.audit.host_files import newest_content
from monitors.continuity.plan_states import read_plan_states


def show(work: Work, findings: Findings, console: Console, seconds: float) -> None:
    """Print what is up, what was proved, and where to look."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows(work, findings, seconds):
        table.add_row(name, text)
    title = f"{work.context.estate.title}: {headline(findings)}"
    console.print(Panel(table, title=title, expand=False, padding=(1, 2)))


def headline(findings: Findings) -> str:
    """Return the run in a few words."""
    if not (findings.changed_resources or findings.changed_tasks):
        return "nothing changed"
    return f"{findings.changed_resources} resources, {findings.changed_tasks} tasks changed"


def rows(work: Work, findings: Findings, seconds: float) -> list[tuple[str, str]]:
    """Return the summary's lines as name and text."""
    return [
        row
        for row in (
            _hosts(findings),
            _devices(findings),
            _controls(findings),
            _snapshot(work),
            _drill(findings),
            _alerts(findings),
            ("took", f"{seconds:.0f} s"),
            *_places(work, findings),
        )
        if row[1]
    ]


def _hosts(findings: Findings) -> tuple[str, str]:
    if not findings.status:
        return "hosts", ""
    nodes = [target for target in findings.status.targets if target.job == "node"]
    up = sum(1 for target in nodes if target.health == "up")
    total = len(findings.status.targets)
    every = sum(1 for target in findings.status.targets if target.health == "up")
    return "hosts", f"{up} of {len(nodes)} up; {every} of {total} Prometheus targets up"


def _devices(findings: Findings) -> tuple[str, str]:
    answered = sum(1 for result in findings.polled if result.success)
    return "devices", f"{answered} of {len(findings.polled)} answer over SNMPv3"


def _controls(findings: Findings) -> tuple[str, str]:
    if not findings.after:
        return "controls", ""
    after = counts_of(findings.after)
    before = counts_of(findings.before) if findings.before else dict.fromkeys(after, 0)
    return (
        "controls",
        f"{before['pass']} of {before['pass'] + before['fail']} passed before hardening, "
        f"{after['pass']} of {after['pass'] + after['fail']} after "
        f"({after['error']} could not be determined, {after['skip']} do not apply)",
    )


def _snapshot(work: Work) -> tuple[str, str]:
    plans = read_plan_states(work.context.state, work.context.estate, newest_content)
    now = datetime.now(UTC)
    ages = [age for plan in plans if (age := plan.age_seconds(now)) is not None]
    oldest = f"; the oldest is {max(ages) / 60:.0f} min old" if ages else ""
    return "snapshots", f"{len(ages)} of {len(plans)} plans have one{oldest}"


def _drill(findings: Findings) -> tuple[str, str]:
    proved = [drill for drill in findings.drills if drill.ok and drill.rto_seconds]
    if not proved:
        return "drill", f"none of {len(findings.drills)} proved a restore"
    slowest = max(proved, key=lambda drill: drill.rto_seconds or 0)
    return (
        "drill",
        f"{len(proved)} of {len(findings.drills)} restores proved; the slowest, {slowest.host} "
        f"{slowest.plan}, took {slowest.rto_seconds:.1f} s: {sum(slowest.rows.values())} rows, "
        f"{slowest.files_verified} files",
    )


def _alerts(findings: Findings) -> tuple[str, str]:
    if not findings.status:
        return "alerts", ""
    names = sorted({alert.name for alert in findings.status.alerts})
    return "alerts", ", ".join(names) or "none but the Watchdog, which must always fire"


def _places(work: Work, findings: Findings) -> list[tuple[str, str]]:
    status = findings.status
    config = work.context.state / "ssh" / "config"
    return [
        ("report", str(findings.report.html) if findings.report else ""),
        ("Prometheus", status.prometheus_url if status else ""),
        ("Alertmanager", status.alertmanager_url if status else ""),
        ("services", "\n".join(_services(work))),
        ("trust", f"{work.context.state / 'tls' / 'authority.crt'} (the estate's own authority)"),
        ("log in", f"ssh -F {config} {next(iter(work.context.outputs.hosts), 'HOST')}"),
    ]


def _services(work: Work) -> list[str]:
    known = work.context.outputs.hosts
    return [
        f"{entry.service.url} at {known[entry.hosts[0]].address}, {entry.tenant.name}"
        for entry in services(work.context.estate)
        if entry.hosts[0] in known
    ]
