"""What a report says to do is what does it, for each kind of finding and level of a host."""

from pathlib import Path

import pytest

from inventory.enums import Level
from monitors.audit.model.results import Outcome
from monitors.audit.reports.model import ControlLine, HostReport, Line
from monitors.audit.reports.remedy import DONE_BY, LOOKED_INTO, SERVICE_ROLES, kind_of, remedies
from tests.monitors.audit.estates import TABLE
from tests.monitors.audit.reports.sample_reports import report

ROOT = Path(__file__).parents[4]


def told(level: Level | None, control: str, role: str | None, **changes: object) -> str:
    """Return the kind of remedy of a failing control on a host."""
    host, line, of = sample(level, control, role)
    return kind_of(host, line.model_copy(update=changes), of)


def sample(
    level: Level | None, control: str, role: str | None
) -> tuple[HostReport, Line, ControlLine]:
    host = report().municipalities[0].hosts[0].model_copy(update={"level": level})
    line = host.lines[0].model_copy(
        update={"control": control, "outcome": Outcome.FAIL, "waived": False}
    )
    of = report().controls[0].model_copy(update={"id": control, "role": role})
    return host, line, of


@pytest.mark.parametrize(
    ("level", "control", "role", "kind"),
    [
        (Level.AUDIT, "SSH-01", "ssh", "read"),
        (Level.AUDIT, "BKP-01", "backup_client", "read"),
        (Level.AUDIT, "NET-01", None, "read"),
        (Level.BASELINE, "SSH-01", "ssh", "role"),
        (Level.BASELINE, "WEB-01", "web", "service"),
        (Level.BASELINE, "BKP-01", "backup_client", "command"),
        (Level.FULL, "WEB-01", "web", "role"),
        (Level.FULL, "BKP-03", None, "command"),
        (Level.FULL, "INT-02", "integrity", "by_hand"),
        (Level.FULL, "NET-01", None, "by_hand"),
        (None, "SSH-01", "ssh", "role"),
    ],
)
def test_a_failure_is_mended_by_what_sets_it_there(
    level: Level | None, control: str, role: str | None, kind: str
) -> None:
    assert told(level, control, role) == kind


def test_what_is_accepted_or_unknown_has_no_command() -> None:
    assert told(Level.FULL, "SSH-01", "ssh", waived=True) == "accepted"
    assert told(Level.FULL, "SSH-01", "ssh", outcome=Outcome.ERROR) == "unknown"


def test_commands_name_each_host() -> None:
    host, line, of = sample(Level.FULL, "BKP-01", "backup_client")
    [remedy] = remedies([(host, line), (host.model_copy(update={"host": "b"}), line)], of)
    assert remedy.commands == (
        f"bastide backup run --host {host.host}",
        "bastide backup run --host b",
    )


def test_the_controls_and_roles_named_here_are_there() -> None:
    assert set(DONE_BY) | LOOKED_INTO <= {control.id for control in TABLE.controls}
    roles = {folder.name for folder in (ROOT / "playbooks" / "roles").iterdir()}
    assert roles >= SERVICE_ROLES
