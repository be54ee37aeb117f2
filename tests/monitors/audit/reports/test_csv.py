"""CSV: a row a result, and no cell that a spreadsheet would run."""

import csv
import io

import pytest

from monitors.audit.reports.csv import HEADINGS, to_csv
from monitors.audit.reports.model import Report
from tests.monitors.audit.reports.sample_reports import (
    AFTER,
    hostile_report,
    report,
    with_own_control,
)


def rows(reported: Report) -> list[dict[str, str]]:
    text = to_csv(reported).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize(
    "cell", ["=1+1", "+49", "-1", "@SUM(A1)", "\t=1", "  =1", "\n=1", "\uff1d1", "\uff20x"]
)
def test_a_cell_that_would_be_calculated_is_quoted(cell: str) -> None:
    first = report()
    place = first.municipalities[0]
    host = place.hosts[0]
    bad = host.lines[0].model_copy(update={"reason": cell})
    hosts = (host.model_copy(update={"lines": (bad,)}),)
    places = (place.model_copy(update={"hosts": hosts}),)

    table = rows(first.model_copy(update={"municipalities": places}))

    assert table[0]["reason"] == f"'{cell}"


def test_hostile_words_stay_in_their_cell() -> None:
    table = rows(hostile_report())
    assert {len(row) for row in table} == {len(HEADINGS)}
    assert all(cell[:1] not in ("=", "+", "-", "@") for row in table for cell in row.values())
    assert any("<script>" in row["reason"] and r"\u202e" in row["reason"] for row in table)


def test_every_result_has_its_row() -> None:
    table = rows(report())
    assert len(table) == sum(len(host.results) for host in AFTER.hosts)
    waived = next(row for row in table if row["waived"] == "yes")
    assert waived == {
        "audited": "2026-03-31T04:30:00.125000+00:00",
        "municipality": "velgora",
        "host": "velgora-app",
        "control": "SSH-02",
        "title": "Keys only",
        "severity": "high",
        "outcome_before": "pass",
        "outcome": "fail",
        "waived": "yes",
        "reason": "SSH-02 is wrong",
        "failing_since": "",
        "last_good": "",
        "waiver_expires": "2026-04-20",
        "waiver_owner": "Ana Petrovic",
        "waiver_approver": "Samar Haddad",
        "bundle_sha256": "ab" * 32,
        "level": "",
        "origin": "bastide",
        "cis_debian_12": "5.1.20",
        "cis_controls_v8": "",
        "anssi_bp_028": "R33",
        "iso_27001_2022": "",
        "nis2_21_2": "",
        "cir_2024_2690": "",
        "bsi_grundschutz_pp": "",
    }


def test_the_controls_of_the_estate_are_told_apart() -> None:
    table = rows(with_own_control(report(), "SSH-02"))

    assert {row["control"] for row in table if row["origin"] == "estate"} == {"SSH-02"}


def test_lines_end_as_the_rfc_says_and_unconfirmed_matches_stay_marked() -> None:
    text = to_csv(report()).decode("utf-8-sig")
    assert text.count("\r\n") == text.count("\n") == len(rows(report())) + 1
    assert "5.1.20~ 5.1.9" in text
