"""Reports as files: equal inputs give equal bytes, a municipality sees itself only."""

import json
from pathlib import Path

import pytest

from inventory.model.waivers import ESTATE_SCOPE
from monitors.audit.model.results import Outcome
from monitors.audit.reports import compliance
from monitors.audit.reports.build import build
from monitors.audit.reports.compliance import Format, UnknownMunicipalityError, render, write_report
from monitors.audit.reports.messages import CatalogueError
from tests.monitors.audit.reports.page_parser import Page
from tests.monitors.audit.reports.sample_reports import (
    AFTER,
    BEFORE,
    ESTATE,
    IN_FORCE,
    NAMES,
    TABLE,
    audited,
    history,
    hostile_report,
    report,
    run_of,
    waiver,
    with_waivers,
)

TEXTS = tuple(wanted for wanted in Format if wanted is not Format.PDF)
PLACES = ("central", "aynzuhur", "kastrava", "velgora")


def test_an_unknown_municipality_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownMunicipalityError, match=r"atlantis: .*there are: central, ayn"):
        write_report(report(), tmp_path, TEXTS, frozenset(["atlantis"]))
    assert list(tmp_path.rglob("*.html")) == []


def test_an_unknown_language_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"tlh.yml.*there are: en"):
        write_report(report(), tmp_path, TEXTS, language="tlh")


def test_equal_inputs_give_equal_bytes() -> None:
    first, second = (list(render(report(), TEXTS)) for _ in range(2))
    assert first == second
    assert len(first) == len({file.name for file in first})


@pytest.mark.parametrize("wanted", TEXTS)
def test_files_are_utf8_without_what_is_not_seen(wanted: Format) -> None:
    for file in render(hostile_report(), [wanted]):
        text = file.content.decode("utf-8-sig")
        assert not set("\u202e\x1b\x00\ufffe\u2028") & set(text)


def test_all_files_of_a_run_are_named_by_its_stamp(tmp_path: Path) -> None:
    written = write_report(report(), tmp_path, TEXTS)
    stamp = "20260331T043000.125000Z"
    names = [path.name.removeprefix(f"{stamp}-") for path in written]

    assert {path.parent for path in written} == {tmp_path / stamp}
    assert sorted(names) == sorted(
        [
            *("fleet.html", "frameworks.html", *(f"{place}.html" for place in PLACES)),
            *(f"{place}-in-short.html" for place in PLACES),
            *(f"{place}-assessment-plan.json" for place in PLACES),
            *("compliance.csv", "compliance.junit.xml", "compliance.json"),
            *(f"{place}-assessment-results.json" for place in PLACES),
            *(f"{place}-poam.json" for place in ("kastrava", "velgora")),
        ]
    )


def test_the_short_report_is_pages_and_data(tmp_path: Path) -> None:
    files = compliance.write(ESTATE, tmp_path, BEFORE, AFTER, tmp_path / "here", TABLE)
    data = json.loads(files.json.read_text())

    assert files.html in files.written
    assert {path.suffix for path in files.written} == {".html", ".json"}
    assert data["after"]["failed"] == sum(
        r.outcome is Outcome.FAIL for h in AFTER.hosts for r in h.results
    )
    assert Page(files.html.read_text()).all("h1")


def test_data_carries_what_the_pages_show(tmp_path: Path) -> None:
    files = compliance.write(ESTATE, tmp_path, BEFORE, AFTER, table=TABLE, history=history())
    data = json.loads(files.json.read_text())
    text = " ".join(Page(path.read_text()).text for path in files.written[:-1])

    for place in data["places"]:
        for host in place["hosts"]:
            assert all(source["sha256"] in text for source in host["sources"])
            for line in (*host["lines"], *host["mended"]):
                assert line["reason"] in text
                assert all(evidence["command"] in text for evidence in line["evidence"])


@pytest.mark.parametrize("wanted", TEXTS)
def test_a_municipality_alone_tells_nothing_of_the_others(wanted: Format) -> None:
    everywhere = with_waivers(waiver(IN_FORCE.expires, "LOG-01", ESTATE_SCOPE))
    after = run_of(*(audited(name, {"LOG-01": Outcome.FAIL}, IN_FORCE) for name in NAMES))
    whole = build(everywhere, BEFORE, after, TABLE, history())
    assert set(whole.waivers[0].hosts) == set(NAMES)

    for file in render(whole, [wanted], only=["velgora"]):
        text = file.content.decode()
        assert file.name.startswith(f"{report().stamp}-velgora")
        assert not [place for place in ("kastrava", "aynzuhur", "central-") if place in text]


def test_several_municipalities_have_their_own_files() -> None:
    files = render(report(), [Format.CSV], only=["velgora", "kastrava"])
    assert [f.name.partition("Z-")[2] for f in files] == ["kastrava.csv", "velgora.csv"]
