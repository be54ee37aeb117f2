"""Writes the reports of an evidence file anew, from its records, and compares them byte for byte.

Who holds the key can sign any report; only this tells whether it says what the records say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from monitors.audit.evidence.chain import Link
from monitors.audit.evidence.package import REPORT_BASIS, REPORTS
from monitors.audit.evidence.records import EvidenceError, parse_leaves, root_of, run_leaves
from monitors.audit.evidence.sealed import sealed_records
from monitors.audit.evidence.verify import BrokenError, Verified
from monitors.audit.model.results import AuditRun
from monitors.audit.reports.basis import ReportBasis, program_sha256
from monitors.audit.reports.build import build, seal_of
from monitors.audit.reports.compliance import Format, render
from monitors.audit.reports.messages import CatalogueError
from monitors.audit.reports.pdf import PdfError

HISTORY = "since when controls fail, how long fixes took, and the trend: the history of the machine"
REJUDGED = "the earlier audit judged by later checks"
UNSEALED = "the earlier audit: it was not sealed, or its leaves are kept no more"


@dataclass(frozen=True, slots=True)
class RecomputedReports:
    """How many reports were written anew, which differ, and which could not be written.

    `unproved` is what they say that the file's records do not prove. `same_program`: whether the
    very same program wrote both; another one may differ in a byte without a lie.
    """

    written: int
    differing: tuple[str, ...]
    unwritten: tuple[str, ...]
    unproved: tuple[str, ...]
    same_program: bool


def recompute_reports(verified: Verified) -> RecomputedReports:
    """Write the reports of a verified file anew and compare.

    Raises BrokenError when what they rest on is damaged, or is not what was sealed.
    """
    reports = {name for name in verified.members if name.startswith(REPORTS)}
    if REPORT_BASIS not in verified.members:
        return RecomputedReports(0, (), tuple(sorted(reports)), (), same_program=False)
    basis = _basis(verified.members[REPORT_BASIS])
    unproved = tuple(_unproved(basis, verified.chain))
    try:
        written = _written(basis, verified)
        same = program_sha256(basis.formats) == basis.program_sha256
    except PdfError as error:
        raise BrokenError(f"{REPORT_BASIS}: {error}") from None
    differing = [
        name for name in sorted(reports | set(written))
        if verified.members.get(name) != written.get(name)
    ]  # fmt: skip
    return RecomputedReports(len(written), tuple(differing), (), unproved, same)


def _basis(content: bytes) -> ReportBasis:
    try:
        return ReportBasis.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise BrokenError(
            f"{REPORT_BASIS}: damaged, or of another version of Bastide: {first['msg']}"
        ) from None


def _written(basis: ReportBasis, verified: Verified) -> Mapping[str, bytes]:
    sealed = sealed_records(verified)
    estate = basis.estate.model_copy(
        update={"estate": sealed.run.estate, "waivers": sealed.waivers}
    )
    try:
        formats = {Format(name) for name in basis.formats}
        report = build(
            estate,
            basis.before,
            sealed.run,
            sealed.table,
            basis.history,
            basis.rejudged,
            seal_of(verified.link),
            basis.version,
        )
        files = render(report, formats, language=basis.language)
        return {f"{REPORTS}{file.name}": file.content for file in files}
    except (CatalogueError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise BrokenError(f"{REPORT_BASIS}: no report can rest on it: {error}") from None


def _unproved(basis: ReportBasis, chain: tuple[Link, ...]) -> Iterator[str]:
    if basis.before and not _was_sealed(basis.before, basis.before_leaves, chain):
        yield UNSEALED
    if basis.rejudged:
        yield REJUDGED
    if basis.history:
        yield HISTORY


def _was_sealed(before: AuditRun, kept: str, chain: tuple[Link, ...]) -> bool:
    """Return whether an earlier run is the one that a link of the chain sealed.

    Raises BrokenError when its leaves are there and it is not among them.
    """
    moment = before.started, before.label
    links = [one for one in chain if (one.record.started, one.record.label) == moment]
    if not kept or not links:
        return False
    try:
        leaves = parse_leaves(kept.encode())
    except EvidenceError as error:
        raise BrokenError(f"{REPORT_BASIS}: {error}") from None
    roots = {link.record.root for link in links}
    sealed = {(leaf.file, leaf.name): leaf.sha256 for leaf in leaves}
    if root_of(leaves) not in roots:
        raise BrokenError(f"{REPORT_BASIS}: the leaves of the earlier audit are not those sealed")
    for leaf in run_leaves(before):
        if sealed.get((leaf.file, leaf.name)) != leaf.sha256:
            raise BrokenError(f"{REPORT_BASIS}: {leaf.title} of the earlier audit was changed")
    return True
