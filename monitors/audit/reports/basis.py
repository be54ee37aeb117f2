"""What a report rests on beside the run's own records, so that whoever has both can write it anew.

It is a member of the evidence file, signed with the reports: the estate's names, the earlier run
that the report compares with, the history, and which files were written in which language.
"""

import hashlib
import importlib.metadata
from collections.abc import Collection
from pathlib import Path

from pydantic import Field

from inventory.entries import tenants
from inventory.enums import Tier
from inventory.frozen import Frozen
from inventory.model.estate import Estate
from inventory.model.waivers import Waiver
from monitors.audit.evidence.records import leaves_file
from monitors.audit.history.model import History
from monitors.audit.model.canonical import canonical, sha256_of
from monitors.audit.model.results import AuditRun
from monitors.audit.reports import pdf
from monitors.audit.reports.maintenance import ReportWindow, report_windows

FOLDER = Path(__file__).parent
CODE = ("*.py", "oscal/*.py", "templates/*", "messages/*.yml")
PDF = "pdf"
VERSION = importlib.metadata.version("bastide")


class ReportTenant(Frozen):
    """A municipality or the central site, by the name that reports call it."""

    id: str
    name: str
    tier: Tier | None


class ReportEstate(Frozen):
    """An estate as far as a report names it."""

    estate: str
    title: str
    tenants: tuple[ReportTenant, ...]
    waivers: tuple[Waiver, ...] = ()
    windows: tuple[ReportWindow, ...] = ()


class ReportBasis(Frozen):
    """What the reports of an evidence file were written from, beside its records.

    `before_leaves` are the leaves under which `before` was sealed; empty when they are not kept.
    `program_sha256` is the hash of what wrote the reports: other programs give other bytes.
    """

    estate: ReportEstate
    before: AuditRun | None
    before_leaves: str = ""
    history: History | None
    rejudged: AuditRun | None
    formats: tuple[str, ...]
    language: str
    version: str = VERSION
    program_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def content(self) -> bytes:
        """The basis as it is kept: canonical JSON."""
        return canonical(self.model_dump(mode="json", by_alias=False))


def report_estate(estate: Estate | ReportEstate) -> ReportEstate:
    """Return an estate as far as reports name it."""
    if isinstance(estate, ReportEstate):
        return estate
    return ReportEstate(
        estate=estate.estate,
        title=estate.title,
        tenants=tuple(ReportTenant(id=t.id, name=t.name, tier=t.tier) for t in tenants(estate)),
        waivers=estate.waivers,
        windows=report_windows(estate),
    )


def report_basis(
    estate: Estate,
    state: Path,
    before: AuditRun | None,
    history: History | None,
    rejudged: AuditRun | None,
    formats: Collection[str],
    language: str,
) -> ReportBasis:
    """Return what reports are written from; waivers are among the run's own records."""
    return ReportBasis(
        estate=report_estate(estate).model_copy(update={"waivers": ()}),
        before=before,
        before_leaves=_leaves(before, state) if before else "",
        history=history,
        rejudged=rejudged,
        formats=tuple(sorted(formats)),
        language=language,
        program_sha256=program_sha256(formats),
    )


def _leaves(run: AuditRun, state: Path) -> str:
    try:
        return leaves_file(state, run).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def program_sha256(formats: Collection[str]) -> str:
    """Return the hash of the code and texts that write reports; of the printer too for PDF."""
    files = sorted({file for pattern in CODE for file in FOLDER.glob(pattern) if file.is_file()})
    content = {
        str(file.relative_to(FOLDER)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }
    return sha256_of({**content, "printer": pdf.printer() if PDF in formats else ""})
