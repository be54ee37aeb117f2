"""The page that a person reads when the chain is done."""

from datetime import UTC, datetime

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from bastide.chain.run import Findings, Work
from monitors.continuity import status as backup_status


def show(work: Work, findings: Findings, console: Console, seconds: float) -> None:
    """Print what is up, what was proved, and where to look."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", justify="right")
    table.add_column()
    for name, text in rows(work, findings, seconds):
        table.add_row(name, text)
    title = f"{work.opened.estate.title}: {headline(findings)}"
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
    after = findings.after.counts()
    before = findings.before.counts() if findings.before else {}
    judged = after.get("pass", 0) + after.get("fail", 0)
    return (
        "controls",
        f"{before.get('pass', 0)} passed before hardening, {after.get('pass', 0)} of {judged} "
        f"after ({after.get('fail', 0)} fail, {after.get('error', 0)} could not be determined, "
        f"{after.get('skip', 0)} do not apply)",
    )


def _snapshot(work: Work) -> tuple[str, str]:
    found = backup_status.read(work.opened.state, work.opened.estate)
    times = [plan.last_snapshot for plan in found if plan.last_snapshot]
    if not times:
        return "snapshots", "none yet"
    oldest = datetime.now(UTC) - min(times)
    return (
        "snapshots",
        f"{len(times)} of {len(found)} plans have one; the oldest is "
        f"{oldest.total_seconds() / 60:.0f} min old",
    )


def _drill(findings: Findings) -> tuple[str, str]:
    if not findings.drills:
        return "drill", ""
    slowest = max(findings.drills, key=lambda drill: drill.rto_seconds)
    return (
        "drill",
        f"{len(findings.drills)} restored; slowest {slowest.host} {slowest.plan} in "
        f"{slowest.rto_seconds:.1f} s, {slowest.files_verified} files and "
        f"{sum(slowest.rows.values())} rows proved",
    )


def _alerts(findings: Findings) -> tuple[str, str]:
    if not findings.status:
        return "alerts", ""
    names = sorted({alert.name for alert in findings.status.alerts})
    return "alerts", ", ".join(names) or "none but the Watchdog, which must always fire"


def _places(work: Work, findings: Findings) -> list[tuple[str, str]]:
    status = findings.status
    return [
        ("report", str(findings.report.html) if findings.report else ""),
        ("Prometheus", status.prometheus_url if status else ""),
        ("Alertmanager", status.alertmanager_url if status else ""),
        *(("open", placed) for placed in _services(work)),
        ("log in", f"ssh -i {work.opened.state}/ssh/admin root@ADDRESS"),
    ]


def _services(work: Work) -> list[str]:
    towns = work.opened.estate.municipalities
    return [f"{service.url} ({town.name})" for town in towns for service in town.services]
