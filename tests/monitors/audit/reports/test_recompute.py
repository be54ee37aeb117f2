"""Reports are written anew from the records of their evidence file, and compared."""

from pathlib import Path
from typing import Any

import pytest

from monitors.audit.evidence.package import write_package
from monitors.audit.evidence.records import seal
from monitors.audit.evidence.signing import signing_key
from monitors.audit.evidence.verify import BrokenError, verify
from monitors.audit.history.model import History
from monitors.audit.model.results import AuditRun, Outcome
from monitors.audit.reports.basis import report_basis
from monitors.audit.reports.build import build
from monitors.audit.reports.compliance import Format, render, seal_in
from monitors.audit.reports.recompute import UNSEALED, recompute_reports
from tests.monitors.audit.estates import TABLE, lab
from tests.monitors.audit.evidence.forger import forge
from tests.monitors.audit.evidence.sealed_runs import audited, sealed
from tests.monitors.audit.reports.sample_reports import history

FORMATS = (Format.HTML, Format.CSV, Format.JUNIT, Format.OSCAL, Format.JSON)


def packaged(
    state: Path,
    before: AuditRun | None,
    after: AuditRun,
    past: History | None = None,
) -> Path:
    """Return the evidence file of a run with its reports, as `bastide audit report` writes it."""
    report = build(lab(), before, after, TABLE, past, seal=seal_in(state, after))
    reports = {file.name: file.content for file in render(report, FORMATS)}
    basis = report_basis(lab(), state, before, past, None, FORMATS, "en")
    return write_package(after, state, reports, basis=basis.content)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def whole(state: Path) -> Path:
    before, _ = sealed(state, "fresh")
    after, _ = sealed(state, days=1)
    return packaged(state, before, after)


def forged(whole: Path, state: Path, tmp_path: Path, *steps: dict[str, Any]) -> Path:
    """Return a file that somebody with the key changed and signed anew."""
    file = tmp_path / "forged.zip"
    key = signing_key(state / "evidence")
    file.write_bytes(forge(whole.read_bytes(), key, [*steps, {"resign": None}]))
    return file


def test_an_edited_report_is_named_whoever_signed_it(
    whole: Path, state: Path, tmp_path: Path
) -> None:
    reports = [name for name in verify(whole).members if name.startswith("reports/")]
    assert len(reports) > len(FORMATS)
    # Each of all that were edited, and one of each kind alone.
    by_suffix = {Path(name).suffix: name for name in reports}
    for names in (reports, *([name] for name in by_suffix.values())):
        edits = [{"replace": {"name": name, "old": "e", "new": "3"}} for name in names]
        again = recompute_reports(verify(forged(whole, state, tmp_path, *edits)))
        assert sorted(again.differing) == sorted(names)
        assert again.same_program


def test_a_report_added_or_left_out_is_named(whole: Path, state: Path, tmp_path: Path) -> None:
    page = next(name for name in verify(whole).members if name.endswith("-fleet.html"))
    for step, name in (
        ({"put": {"name": "reports/x.html", "text": "<p>"}}, "reports/x.html"),
        ({"drop": {"name": page}}, page),
    ):
        again = recompute_reports(verify(forged(whole, state, tmp_path, step)))
        assert again.differing == (name,)


def test_reports_that_rest_on_nothing_are_not_believed(
    whole: Path, state: Path, tmp_path: Path
) -> None:
    file = forged(whole, state, tmp_path, {"drop": {"name": "reports.json"}})
    again = recompute_reports(verify(file))
    assert again.written == 0
    assert len(again.unwritten) == len([n for n in verify(file).members if "reports/" in n])


def test_an_earlier_run_that_was_changed_is_broken(
    whole: Path, state: Path, tmp_path: Path
) -> None:
    """A report compares with it; its leaves hang on the root that its own link signed."""
    for old, new, said in (
        ('"outcome":"pass"', '"outcome":"fail"', "of the earlier audit was changed"),
        ("  results/", "  result/", "of the earlier audit was changed"),
        ('"before_leaves":"', f'"before_leaves":"{"0" * 64}  x  y\\n', "are not those sealed"),
        ('"before_leaves":"', '"before_leaves":"x', "not a leaf"),
    ):
        step = {"replace": {"name": "reports.json", "old": old, "new": new}}
        with pytest.raises(BrokenError, match=said):
            recompute_reports(verify(forged(whole, state, tmp_path, step)))


@pytest.mark.parametrize(
    ("field", "value"),
    [("language", "tlh"), ("formats", ["papyrus"]), ("before", {}), ("mood", "fine")],
)
def test_a_basis_that_is_none_is_broken(
    whole: Path, state: Path, tmp_path: Path, field: str, value: object
) -> None:
    step = {"set_fields": {"name": "reports.json", "line": 0, "fields": {field: value}}}
    with pytest.raises(BrokenError, match=r"reports\.json: "):
        recompute_reports(verify(forged(whole, state, tmp_path, step)))


def test_another_program_is_named(whole: Path, state: Path, tmp_path: Path) -> None:
    fields = {"program_sha256": "00" * 32}
    step = {"set_fields": {"name": "reports.json", "line": 0, "fields": fields}}
    assert not recompute_reports(verify(forged(whole, state, tmp_path, step))).same_program


def test_what_the_records_do_not_prove_is_said(tmp_path: Path) -> None:
    before = audited(tmp_path, "fresh")
    after, _ = sealed(tmp_path, days=1)
    again = recompute_reports(verify(packaged(tmp_path, before, after, history())))
    assert again.differing == ()
    assert UNSEALED in again.unproved
    assert any("the history of the machine" in text for text in again.unproved)


def test_a_true_report_is_the_same_and_proved(whole: Path) -> None:
    again = recompute_reports(verify(whole))
    assert again.written == len([n for n in verify(whole).members if n.startswith("reports/")])
    assert (again.differing, again.unwritten, again.unproved) == ((), (), ())
    assert again.same_program


def test_a_lie_in_the_results_is_in_the_reports_too(tmp_path: Path) -> None:
    """The reports of a sealed lie are true to it: judging again is what gives it away."""
    run = audited(tmp_path, "fresh")
    host = run.hosts[0]
    better = [
        r.model_copy(update={"outcome": Outcome.PASS, "reason": "", "evidence": ()})
        for r in host.results
    ]
    lying = host.model_copy(update={"results": tuple(better)})
    run = run.model_copy(update={"hosts": (lying, *run.hosts[1:])})
    seal(run, tmp_path)
    assert recompute_reports(verify(packaged(tmp_path, None, run))).differing == ()
