"""The control table: what is required, why, where it comes from and what proves it.

One file a topic in `controls/`, one row a control. `limits` stand here alone: the title names
them in braces, the check takes them as its argument, a test holds what roles set to them.
`check` is the pytest function in checks/ that proves the row, `task` the role whose task (tagged
with the id in lower case) sets it, or `by_hand` where no program should decide. Empty `tiers` and
`roles` mean all.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from inventory.enums import Level, Role, Tier
from inventory.frozen import Frozen
from monitors.audit.model.canonical import sha256_of

BY_HAND = "by_hand"
NOTHING_INSTALLED = (
    "judged by what Bastide installs from level baseline on; this host is at level audit"
)
TABLE = Path(__file__).parents[1] / "controls"

ControlId = Annotated[str, Field(pattern=r"^[A-Z]+-[0-9]{2}$")]
Reference = Annotated[
    str,
    Field(
        pattern=r"^([A-Z]{2,5}[.][0-9]+|[A-Za-z]?[.]?[0-9a-z]+)([.-][0-9]+)*~?$",
        description="`~`: uncertain match",
    ),
]
References = tuple[Reference, ...]
# What a check compares with, by name; the unit is in the name.
Limits = Mapping[str, int]


class Severity(StrEnum):
    """How much an attacker gains, or a citizen loses, when the control fails."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


WEIGHT: dict[Severity, int] = {
    Severity.LOW: 1,
    Severity.MEDIUM: 3,
    Severity.HIGH: 6,
    Severity.CRITICAL: 10,
}


class FrameworkReferences(Frozen):
    """Where other catalogues ask for the same; an id with `~` is an unconfirmed match.

    CIS Debian Linux 12 Benchmark v1.1.0, CIS Controls v8, ANSSI-BP-028 v2.0, ISO/IEC 27001:2022
    Annex A, NIS2 Article 21(2) letters, the annex of Implementing Regulation (EU) 2024/2690 and BSI
    Grundschutz++. Identifiers only: their texts are under licences of their own.
    The ISO and NIS2 references are this project's own mapping throughout.
    """

    cis_debian_12: References = ()
    cis_controls_v8: References = ()
    anssi_bp_028: References = ()
    iso_27001_2022: References = ()
    nis2_21_2: References = ()
    cir_2024_2690: References = ()
    bsi_grundschutz_pp: References = Field(
        default=(),
        exclude_if=lambda references: not references,
        description="identifiers of BSI Grundschutz++, such as ARCH.2.1; no mapping ships yet",
    )


class Control(Frozen):
    """One hardening requirement."""

    id: ControlId
    title: str = Field(max_length=90, description="with its limits filled in")
    finding: str = Field(
        default="",
        max_length=90,
        exclude_if=lambda finding: not finding,
        description="what is there when it fails, as an alert says it; critical ones have it",
    )
    limits: dict[str, int] = Field(
        default={}, description="what the check compares with; the title, the check, roles read it"
    )
    why: str = Field(pattern=r"\.$", description="one sentence, in our own words")
    severity: Severity
    tiers: tuple[Tier, ...] = Field(default=(), description="empty: all, the central site too")
    roles: tuple[Role, ...] = Field(default=(), description="hosts with one of these; empty: all")
    baseline: str | None = Field(
        default=None,
        pattern=r"^MB-[0-9]{2}$",
        description="the row of the municipal baseline that it proves, or proves a part of",
    )
    references: FrameworkReferences
    installed: bool = Field(
        default=False,
        description="what is judged comes from Bastide's roles, so that hosts at level audit, on "
        "which nothing is installed, are skipped",
    )
    task: str = Field(description="the role with a task tagged with the id in lower case")
    check: str = Field(pattern=r"^test_[a-z]+\.test_[a-z]+_[0-9]{2}_[a-z0-9_]+$")
    own: bool = Field(
        default=False,
        exclude_if=lambda own: not own,
        description="the estate's own, not one that ships with Bastide",
    )

    @property
    def is_by_hand(self) -> bool:
        """Whether a person has to decide how to mend it."""
        return self.task == BY_HAND

    @property
    def module(self) -> str:
        """The name of the file with its check, without `.py`."""
        return self.check.partition(".")[0]

    @property
    def tag(self) -> str:
        """The tag of the Ansible task that sets it."""
        return self.id.lower()

    def applies(
        self, roles: tuple[Role, ...], tier: Tier | None, level: Level = Level.FULL
    ) -> str | None:
        """Return None when a host is in scope, else the reason why it is not."""
        if self.roles and not set(self.roles) & set(roles):
            return f"applies to hosts with the role {' or '.join(self.roles)}"
        if self.tiers and tier not in self.tiers:
            return f"applies to municipalities of tier {' or '.join(self.tiers)}"
        if self.installed and level is Level.AUDIT:
            return NOTHING_INSTALLED
        return None


class ControlTable(Frozen):
    """All controls, ids unique."""

    controls: tuple[Control, ...] = Field(min_length=1)

    @property
    def sha256(self) -> str:
        """The hash of what the table says, whatever its files look like."""
        return sha256_of(self.model_dump(mode="json"))

    def __getitem__(self, control_id: str) -> Control:
        """Return a control by id; KeyError when there is none."""
        return {control.id: control for control in self.controls}[control_id]


class ControlTableError(Exception):
    """The table is not one."""


@cache
def load_controls(folder: Path = TABLE) -> ControlTable:
    """Read every topic of a folder; ControlTableError names the first wrong place."""
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise ControlTableError(f"{folder}: no control table: it holds no .yml file")
    controls = tuple(control for file in files for control in _topic(file))
    ids = [control.id for control in controls]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise ControlTableError(f"{folder}: defined more than once: {', '.join(twice)}")
    return ControlTable(controls=controls)


def _topic(file: Path) -> tuple[Control, ...]:
    try:
        table = ControlTable.model_validate(yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader))
        return tuple(titled(control) for control in table.controls)
    except (ValueError, TypeError, LookupError, yaml.YAMLError) as error:
        raise ControlTableError(f"{file}: not a control table: {error}") from None


def titled(control: Control) -> Control:
    """Return a control with the limits that its title names filled in; LookupError, ValueError."""
    title = control.title.format(**control.limits)
    return control.model_copy(update={"title": title})
