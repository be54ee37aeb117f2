"""What is remembered is what was observed: once, in any order, by any number of writers."""

import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.audit.history.model import ControlStatus, History, Repair, TrendPoint
from monitors.audit.history.queries import (
    ControlOnHost,
    OpenFailure,
    read_history,
    read_open_failures,
)
from monitors.audit.history.record import record
from monitors.audit.model.results import AuditRun, Outcome
from monitors.audit.model.score import STALE_AFTER, score
from tests.monitors.audit.history.sample_runs import day, run

APP, FILES, EDGE = "velgora-app", "velgora-files", "kastrava-edge"


def recorded(url: str, *runs: AuditRun) -> History:
    for each in runs:
        assert record(url, each)
    return read_history(url, "lab")


def status(history: History, host: str = APP, control: str = "SSH-01") -> ControlStatus:
    return next(s for s in history.statuses if (s.host, s.control) == (host, control))


def fleet(history: History) -> list[TrendPoint]:
    return [point for point in history.trend if point.municipality is None]


def test_before_the_first_audit_nothing_is_known(url: str) -> None:
    assert read_history(url, "lab") == History()
    assert read_open_failures(url, "lab") == {}


def test_the_same_run_twice_changes_nothing(url: str) -> None:
    once = recorded(url, run(0, {APP: "pf"}), run(1, {APP: "fp"}))
    assert not record(url, run(0, {APP: "pf"}))
    assert not record(url, run(1, {APP: "fp"}))
    assert read_history(url, "lab") == once


def test_an_unchanged_result_still_refreshes_last_checked(url: str) -> None:
    status_now = status(recorded(url, run(0, {APP: "f"}), run(1, {APP: "f"}), run(2, {APP: "f"})))
    assert (status_now.first_failed, status_now.last_checked) == (day(0), day(2))


def test_an_error_neither_mends_nor_begins_anew(url: str) -> None:
    letters = "pfefsf"
    history = recorded(url, *(run(n, {APP: letter}) for n, letter in enumerate(letters)))
    status_now = status(history)
    assert (status_now.first_failed, status_now.last_good, history.repairs) == (day(1), day(0), ())


@pytest.mark.parametrize(("now", "since"), [("e", day(1)), ("s", None), ("p", None)])
def test_a_failure_stays_known_while_it_cannot_be_determined(
    url: str, now: str, since: object
) -> None:
    history = recorded(url, run(0, {APP: "p"}), run(1, {APP: "f"}), run(2, {APP: now}))
    assert status(history).first_failed == since
    expected = {ControlOnHost(APP, "SSH-01"): OpenFailure(day(1), broke=True)} if since else {}
    assert read_open_failures(url, "lab") == expected


@pytest.mark.parametrize(
    ("letters", "broke"),
    [("f", False), ("ef", False), ("sf", False), ("pf", True), ("pef", True), ("pfpf", True)],
)
def test_what_has_passed_before_is_told_from_what_never_did(
    url: str, letters: str, broke: bool
) -> None:
    recorded(url, *(run(n, {APP: letter}) for n, letter in enumerate(letters)))
    (failure,) = read_open_failures(url, "lab").values()
    assert failure == OpenFailure(day(len(letters) - 1), broke=broke)


def test_what_fails_by_another_control_set_is_nobodys_change(url: str) -> None:
    other = run(1, {APP: "f"}).model_copy(update={"controls_sha256": "e" * 64})
    recorded(url, run(0, {APP: "p"}), other)
    (failure,) = read_open_failures(url, "lab").values()
    assert not failure.broke


def test_the_time_to_fix_is_from_first_failed_to_first_seen_passing(url: str) -> None:
    history = recorded(url, *(run(n, {APP: letter}) for n, letter in enumerate("pffepf")))
    assert [(r.failed, r.mended, r.seconds) for r in history.repairs] == [
        (day(1), day(4), timedelta(days=3).total_seconds())
    ]
    assert status(history).first_failed == day(5)
    assert isinstance(history.repairs[0], Repair)
    assert read_history(url, "lab", since=day(4.5)).repairs == ()


def test_a_host_that_cannot_be_asked_lowers_coverage_and_raises_no_score(url: str) -> None:
    both = {APP: "pp", FILES: "pp"}
    points = fleet(recorded(url, run(0, both), run(1, {**both, FILES: "ee"})))
    assert [(p.proved, p.coverage) for p in points] == [(1.0, 1.0), (0.5, 0.5)]


def test_a_run_of_one_host_leaves_the_others_in_the_score(url: str) -> None:
    history = recorded(url, run(0, {APP: "pp", FILES: "ff"}), run(1, {APP: "pp"}, whole=False))
    assert [p.proved for p in fleet(history)] == [0.5, 0.5]
    assert status(history, FILES).last_checked == day(0)


def test_a_host_not_asked_for_two_days_is_unknown_until_it_is_asked_again(url: str) -> None:
    last = STALE_AFTER / timedelta(days=1)
    history = recorded(
        url,
        run(0, {APP: "p", FILES: "p"}),
        run(last, {APP: "p"}, whole=False),
        run(last + 0.01, {APP: "p"}, whole=False),
        run(last + 1, {APP: "p", FILES: "p"}),
    )
    assert [p.coverage for p in fleet(history)] == [1.0, 1.0, 0.5, 1.0]
    assert [p.proved for p in fleet(history)] == [1.0, 1.0, 0.5, 1.0]


def test_a_host_that_left_the_estate_leaves_the_score_and_may_come_back(url: str) -> None:
    left = recorded(url, run(0, {APP: "p", FILES: "f"}), run(1, {APP: "p"}))
    assert [p.proved for p in fleet(left)] == [pytest.approx(0.5), 1.0]
    assert {s.host for s in left.statuses} == {APP}
    assert read_open_failures(url, "lab") == {}

    back = recorded(url, run(2, {APP: "p"}), run(3, {APP: "p", FILES: "f"}))
    assert [p.proved for p in fleet(back)] == [0.5, 1.0, 1.0, 0.5]
    assert status(back, FILES).first_failed == day(0)


def test_a_control_that_left_the_table_stands_nowhere(url: str) -> None:
    history = recorded(url, run(0, {APP: "pf"}), run(1, {APP: "p-"}))
    assert {s.control for s in history.statuses} == {"SSH-01"}
    assert history.repairs == ()


def test_a_waiver_is_remembered_beside_the_failure_that_it_accepts(url: str) -> None:
    history = recorded(url, run(0, {APP: "pf"}), run(1, {APP: "pw"}))
    status_now = status(history, control="SSH-02")
    assert (status_now.outcome, status_now.waived, status_now.first_failed) == (
        Outcome.FAIL,
        True,
        day(0),
    )
    assert [p.proved for p in fleet(history)] == [0.625, 0.625]
    assert [p.accepted for p in fleet(history)] == [0.625, 1.0]


def test_every_point_of_the_trend_is_the_score_of_its_results(url: str) -> None:
    each = run(0, {APP: "pfes", FILES: "wpfe", EDGE: "ssss"})
    history = recorded(url, each)
    for point in history.trend:
        results = [
            result
            for host in each.hosts
            if point.municipality in (None, host.municipality)
            for result in host.results
        ]
        expected = score(results)
        assert (point.proved, point.accepted) == (expected.proved, expected.accepted)
        assert (point.coverage, point.model) == (expected.coverage, expected.model)
    assert {p.municipality for p in history.trend} == {None, "velgora"}


def test_an_estate_and_a_municipality_see_only_themselves(url: str) -> None:
    other = run(0, {APP: "p"}).model_copy(update={"estate": "pilot"})
    recorded(url, run(0, {APP: "f", EDGE: "f"}), run(1, {APP: "p", EDGE: "p"}))
    assert record(url, other)

    town = read_history(url, "lab", municipality="kastrava")
    assert {s.host for s in town.statuses} == {EDGE} == {r.host for r in town.repairs}
    assert {p.municipality for p in town.trend} == {"kastrava"}
    assert read_history(url, "pilot").repairs == ()


def test_the_order_in_which_runs_are_recorded_makes_no_difference(url: str, tmp_path: Path) -> None:
    rng = random.Random(7)  # noqa: S311 (a repeatable shuffle)
    days = [0, 1, 1.5, 2, 5, 5.25, 8, 9, 10]
    runs = [
        run(
            number,
            {
                host: "".join(rng.choice("ppfwes-") for _ in range(4))
                for host in rng.sample([APP, FILES, EDGE], rng.randint(1, 3))
            },
            whole=False,
        )
        for number in days
    ]
    expected = recorded(url, *runs)
    for number in range(6):
        rng.shuffle(runs)
        other = f"sqlite:///{tmp_path / str(number)}.sqlite"
        assert recorded(other, *runs) == expected


WRITER = """
import sys
from monitors.audit.history.record import record
from tests.monitors.audit.history.sample_runs import run
for number in range(int(sys.argv[2]), 40, 2):
    assert record(sys.argv[1], run(number, {"velgora-app": "pf"[number % 3 % 2] * 4}))
"""


FIRST = """
import sys
from monitors.audit.history.record import record
from tests.monitors.audit.history.sample_runs import run
sys.stdin.read()
record(sys.argv[1], run(int(sys.argv[2]), {"velgora-app": "pf"}))
"""


def test_several_that_make_the_store_at_once_make_one(url: str) -> None:
    command = (sys.executable, "-c", FIRST, url)
    writers = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE) for number in range(4)
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.close()
    assert [writer.wait(120) for writer in writers] == [0] * 4
    assert len(fleet(read_history(url, "lab"))) == 4


def test_two_writers_at_once_lose_nothing(url: str, tmp_path: Path) -> None:
    command = (sys.executable, "-c", WRITER, url)
    writers = [subprocess.Popen([*command, str(number)]) for number in (0, 1)]
    assert [writer.wait(120) for writer in writers] == [0, 0]

    alone = f"sqlite:///{tmp_path / 'alone.sqlite'}"
    expected = recorded(alone, *(run(n, {APP: "pf"[n % 3 % 2] * 4}) for n in range(40)))
    assert read_history(url, "lab") == expected
