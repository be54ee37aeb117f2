"""Audit runs in shorthand: a letter a control says how it was found."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from monitors.audit.model.controls import Severity
from monitors.audit.model.results import Accepted, AuditRun, HostAudit, Outcome, Result

START = datetime(2026, 3, 1, 3, tzinfo=UTC)
CONTROLS = ("SSH-01", "SSH-02", "FW-01", "TLS-01")
SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
LETTERS = {
    "p": Outcome.PASS,
    "f": Outcome.FAIL,
    "w": Outcome.FAIL,
    "e": Outcome.ERROR,
    "s": Outcome.SKIP,
}
ACCEPTED = Accepted(
    scope="estate",
    reason="The vendor's help desk has no keys yet.",
    owner="Tarik Zuhr",
    approver="Mira Dolenc",
    measure="Logins from elsewhere are dropped.",
    expires=date(2026, 12, 31),
    expired=False,
)


def day(number: float) -> datetime:
    """Return the time of a day's audit."""
    return START + timedelta(days=number)


def run(
    number: float, hosts: Mapping[str, str], *, whole: bool = True, label: str = "audit"
) -> AuditRun:
    """Return a day's run; `{"velgora-app": "pf"}` passes SSH-01 and fails SSH-02 there."""
    return AuditRun(
        estate="lab",
        label=label,
        started=day(number),
        seconds=1.0,
        controls_sha256="a" * 64,
        waivers_sha256="b" * 64,
        declared_sha256="c" * 64,
        checks_sha256="d" * 64,
        whole=whole,
        hosts=tuple(_host(name, letters) for name, letters in sorted(hosts.items())),
    )


def _host(name: str, letters: str) -> HostAudit:
    results = tuple(
        Result(
            control=control,
            severity=severity,
            outcome=LETTERS[letter],
            waiver=ACCEPTED if letter == "w" else None,
        )
        for control, severity, letter in zip(CONTROLS, SEVERITIES, letters, strict=False)
        if letter != "-"
    )
    place = name.partition("-")[0]
    return HostAudit(host=name, municipality=place, tier=None, roles=(), results=results)
