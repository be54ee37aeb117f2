"""Audits made by hand over the shipped lab: five controls, every outcome, nothing measured."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from inventory.entries import hosts
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.maintenance_windows import MaintenanceWindow, Once
from inventory.model.waivers import Waiver
from inventory.paths import SHIPPED_ESTATES
from monitors.audit.history.model import ControlStatus, History, Repair, TrendPoint
from monitors.audit.model.controls import ControlTable, Severity
from monitors.audit.model.results import Accepted, AuditRun, Evidence, HostAudit, Outcome, Result
from monitors.audit.reports.build import build
from monitors.audit.reports.model import Report

FAIL, ERROR, PASS, SKIP = Outcome.FAIL, Outcome.ERROR, Outcome.PASS, Outcome.SKIP
EARLIER = datetime(2026, 3, 1, 4, 30, 0, 125000, tzinfo=UTC)
NOW = EARLIER + timedelta(days=30)
LAB = load_estate(SHIPPED_ESTATES / "lab")
NAMES = tuple(entry.name for entry in hosts(LAB))
TABLE = ControlTable.model_validate(
    {
        "controls": [
            {
                "id": "SSH-01",
                "title": "Root logs in with a key only",
                "why": "A guessed password would hand over the host.",
                "severity": "critical",
                "references": {"cis_debian_12": ["5.1.20~", "5.1.9"], "nis2_21_2": ["i"]},
                "task": "ssh",
                "check": "test_ssh.test_ssh_01_root",
            },
            {
                "id": "SSH-02",
                "title": "Keys only",
                "why": "Passwords are tried by the million.",
                "severity": "high",
                "references": {"cis_debian_12": ["5.1.20"], "anssi_bp_028": ["R33"]},
                "task": "ssh",
                "check": "test_ssh.test_ssh_02_keys",
            },
            {
                "id": "NET-01",
                "title": "What listens is declared",
                "why": "Nobody watches what nobody declared.",
                "severity": "medium",
                "references": {"iso_27001_2022": ["A.8.20"], "cir_2024_2690": ["6.7~"]},
                "task": "by_hand",
                "check": "test_network.test_net_01_declared",
            },
            {
                "id": "LOG-01",
                "title": "Logs outlive a restart",
                "why": "They tell what happened.",
                "severity": "low",
                "references": {"cis_controls_v8": ["8.1~"]},
                "task": "logging",
                "check": "test_logging.test_log_01_kept",
            },
            {
                "id": "KRN-01",
                "title": "Addresses are random",
                "why": "Attackers must not know where code lies.",
                "severity": "medium",
                "references": {"cis_debian_12": ["1.5.1"]},
                "task": "hardening",
                "check": "test_kernel.test_krn_01_random",
            },
        ]
    }
)
IDS = tuple(control.id for control in TABLE.controls)


def accepted(expires: date, *, expired: bool = False) -> Accepted:
    return Accepted(
        scope="velgora",
        reason="The register still needs it.",
        owner="Ana Petrovic",
        approver="Samar Haddad",
        measure="Only the management network reaches it.",
        expires=expires,
        expired=expired,
    )


def waiver(expires: date, control: str = "SSH-02", scope: str = "velgora") -> Waiver:
    return Waiver(
        **accepted(expires).model_dump(exclude={"expired", "scope"}),
        control=control,
        scope=scope,
        granted=expires - timedelta(days=100),
    )


def with_waivers(*waivers: Waiver) -> Estate:
    return LAB.model_copy(update={"waivers": waivers})


def window(scope: str, start: datetime, hours: float, why: str = "New disks") -> MaintenanceWindow:
    end = start + timedelta(hours=hours)
    once = Once(start=f"{start:%Y-%m-%d %H:%M}", end=f"{end:%Y-%m-%d %H:%M}")
    return MaintenanceWindow(scope=scope, why=why, who="Ana Petrovic", timezone="UTC", once=once)


def with_windows(*windows: MaintenanceWindow) -> Estate:
    return LAB.model_copy(update={"windows": windows})


def result(control: str, outcome: Outcome, under: Accepted | None = None) -> Result:
    reasons = {FAIL: f"{control} is wrong", ERROR: "no answer", SKIP: "the kernel is not its own"}
    return Result(
        control=control,
        severity=TABLE[control].severity if control in IDS else Severity.LOW,
        outcome=outcome,
        reason=reasons.get(outcome, ""),
        evidence=(Evidence(command="sshd -T", rc=0, sha256="12" * 32, excerpt="port 22"),),
        waiver=under,
    )


def audited(name: str, outcomes: Mapping[str, Outcome], under: Accepted | None = None) -> HostAudit:
    """Return a host on which all passes and KRN-01 does not apply, but for `outcomes`."""
    entry = next(entry for entry in hosts(LAB) if entry.name == name)
    each = {**dict.fromkeys(IDS, PASS), "KRN-01": SKIP, **outcomes}
    return HostAudit(
        host=name,
        municipality=entry.tenant.id,
        tier=entry.tenant.tier,
        roles=entry.host.roles,
        collected=NOW,
        bundle=f"bundles/{name}/20260331.json.gz",
        bundle_sha256="ab" * 32,
        collector=3,
        clock_offset_seconds=-0.5,
        seconds=0.75,
        results=tuple(result(c, o, under if o is FAIL else None) for c, o in each.items()),
    )


def lost(name: str, problem: str) -> HostAudit:
    """Return a host that did not answer."""
    host = audited(name, dict.fromkeys(IDS, ERROR))
    return host.model_copy(
        update={
            "problem": problem,
            "collected": None,
            "bundle": None,
            "bundle_sha256": None,
            "clock_offset_seconds": None,
            "results": tuple(r.model_copy(update={"evidence": ()}) for r in host.results),
        }
    )


def run_of(*changed: HostAudit, label: str = "after", started: datetime = NOW) -> AuditRun:
    """Return a run over the whole lab in which all is well but on the hosts that are given."""
    by_name = {host.host: host for host in changed}
    return AuditRun(
        estate="lab",
        label=label,
        started=started,
        seconds=12.5,
        controls_sha256=TABLE.sha256,
        waivers_sha256="cd" * 32,
        declared_sha256="ef" * 32,
        checks_sha256="01" * 32,
        hosts=tuple(by_name.get(name) or audited(name, {}) for name in NAMES),
    )


BEFORE = run_of(
    *(audited(name, {"SSH-01": FAIL, "LOG-01": FAIL}) for name in NAMES),
    label="before",
    started=EARLIER,
)
IN_FORCE = accepted(NOW.date() + timedelta(days=20))
AFTER = run_of(
    audited("velgora-app", {"SSH-02": FAIL}, IN_FORCE),
    audited("velgora-edge", {"SSH-01": FAIL, "NET-01": FAIL}),
    audited("kastrava-app", {"NET-01": FAIL, "LOG-01": ERROR}),
    lost("aynzuhur-server", "aynzuhur-server: no route to 10.77.3.10"),
)
ESTATE = with_waivers(waiver(IN_FORCE.expires)).model_copy(
    update={"windows": (window("aynzuhur-server", NOW - timedelta(hours=1), 3),)}
)


def history() -> History:
    """Return what a store would know: thirty days of scores, one old failure, one repair."""
    places = (None, "central", "velgora", "kastrava", "aynzuhur")
    return History(
        trend=tuple(
            TrendPoint(
                at=EARLIER + timedelta(days=day),
                municipality=tenant,
                proved=None if day == 7 else 0.5 + day / 100,
                accepted=0.55 + day / 100,
                coverage=1.0,
                controls_sha256="old" if day < 20 else "new",
            )
            for tenant in places
            for day in range(30)
        ),
        statuses=(
            standing("velgora-edge", "SSH-01", EARLIER),
            standing("kastrava-app", "NET-01", NOW - timedelta(hours=30)),
        ),
        repairs=tuple(
            Repair(
                host="central-ops",
                municipality="central",
                control="SSH-01",
                severity=Severity.CRITICAL,
                failed=EARLIER,
                mended=EARLIER + timedelta(days=days),
            )
            for days in (1, 4, 40)
        ),
    )


def standing(host: str, control: str, first_failed: datetime) -> ControlStatus:
    return ControlStatus(
        host=host,
        municipality=host.partition("-")[0],
        control=control,
        severity=TABLE[control].severity,
        outcome=FAIL,
        first_failed=first_failed,
        last_good=first_failed - timedelta(days=1),
        last_checked=NOW,
    )


def report() -> Report:
    """Return a report with something of everything."""
    return build(ESTATE, BEFORE, AFTER, TABLE, history())


HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> {{ 7*7 }} {owner} ]]> &amp; "
    "\u202e\x1b[31m\x00\ufffe\u2028 `rm` =cmd|' /C calc'!A0"
)


def with_own_control(reported: Report, control: str) -> Report:
    """Return the report as if a control were one that the estate brings itself."""
    controls = tuple(
        line.model_copy(update={"own": line.id == control}) for line in reported.controls
    )
    return reported.model_copy(update={"controls": controls})


def hostile_report() -> Report:
    """Return a report in which whatever a host or a person can write is an attack."""
    words = IN_FORCE.model_copy(
        update=dict.fromkeys(("reason", "owner", "approver", "measure"), HOSTILE)
    )
    host = audited("velgora-app", dict.fromkeys(IDS, FAIL), words)
    bad = host.model_copy(
        update={
            "bundle": HOSTILE,
            "results": tuple(
                r.model_copy(update={"reason": HOSTILE, "evidence": _hostile(r)})
                for r in host.results
            ),
        }
    )
    estate = with_waivers(
        waiver(IN_FORCE.expires).model_copy(
            update=dict.fromkeys(("reason", "owner", "approver", "measure"), HOSTILE)
        )
    ).model_copy(update={"title": HOSTILE, "windows": (_hostile_window(),)})
    after = run_of(bad, lost("velgora-edge", HOSTILE), label=HOSTILE)
    return build(estate, BEFORE, after, TABLE)


def _hostile_window() -> MaintenanceWindow:
    asked = window("velgora", NOW - timedelta(hours=1), 3)
    return asked.model_copy(update={"why": HOSTILE, "who": HOSTILE})


def _hostile(one: Result) -> tuple[Evidence, ...]:
    return tuple(
        e.model_copy(update={"command": HOSTILE, "excerpt": f"=1+1\n{HOSTILE}"})
        for e in one.evidence
    )
