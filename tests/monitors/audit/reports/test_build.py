"""The report's values: what is unknown is never called wrong, and figures can be counted again."""

from datetime import timedelta
from fractions import Fraction

import pytest

from monitors.audit.model.controls import Severity
from monitors.audit.model.results import AuditRun
from monitors.audit.reports.build import build
from monitors.audit.reports.model import HostReport, Report
from tests.monitors.audit.reports.sample_reports import (
    AFTER,
    BEFORE,
    EARLIER,
    ERROR,
    ESTATE,
    FAIL,
    LAB,
    NOW,
    PASS,
    TABLE,
    accepted,
    audited,
    history,
    lost,
    report,
    run_of,
    waiver,
    with_waivers,
)


def page_of(built: Report, host: str) -> HostReport:
    return next(page for place in built.municipalities for page in place.hosts if page.host == host)


def test_a_host_that_did_not_answer_is_unknown_not_wrong() -> None:
    alone = AFTER.model_copy(update={"hosts": (lost("velgora-app", "no route"),)})
    built = build(LAB, None, alone, TABLE)

    assert (built.after.proved, built.after.coverage) == (None, 0.0)
    assert (built.after.failed, built.after.undetermined) == (0, 4 + 1)
    assert built.common == ()


def test_a_municipality_that_left_the_estate_keeps_its_page() -> None:
    gone = audited("velgora-app", {}).model_copy(update={"municipality": "../../etc"})
    built = build(LAB, None, AFTER.model_copy(update={"hosts": (gone,)}), TABLE)

    assert [place.name for place in built.municipalities] == ["../../etc"]
    assert built.municipalities[0].file.startswith("place-")
    assert "/" not in built.municipalities[0].file


def test_a_control_that_left_the_table_is_still_reported() -> None:
    old = audited("velgora-app", {"OLD-01": FAIL})
    built = build(LAB, None, run_of(old), TABLE)

    assert built.controls[-1].id == "OLD-01"
    assert built.after.failed == 1


def test_an_expired_waiver_accepts_nothing_and_is_listed_as_ended() -> None:
    ended = accepted(NOW.date() - timedelta(days=1), expired=True)
    host = audited("velgora-app", {"SSH-02": FAIL}, ended)
    built = build(with_waivers(waiver(ended.expires)), None, run_of(host), TABLE)

    assert (built.after.failed, built.after.waived) == (1, 0)
    assert [(w.expired, w.days_left, w.hosts) for w in built.waivers] == [(True, -1, ())]


def test_a_waiver_says_whom_it_concerns_and_how_long_it_lasts() -> None:
    built = report()
    assert [(w.days_left, w.hosts) for w in built.waivers] == [(20, ("velgora-app",))]
    with_it = [place.id for place in built.municipalities if place.waivers]
    assert with_it == ["velgora"]


def test_nothing_that_happened_later_is_reported() -> None:
    early = BEFORE.model_copy(update={"started": EARLIER + timedelta(days=3)})
    built = build(ESTATE, None, early, TABLE, history())

    assert [point.at for point in built.trend] == [EARLIER + timedelta(days=d) for d in range(4)]
    assert [line.mended for line in built.repairs] == [1, 0, 0, 0]


def test_without_a_history_nothing_is_made_up() -> None:
    built = build(ESTATE, None, AFTER, TABLE)
    assert (built.trend, built.oldest, built.repairs, built.changes) == ((), (), (), None)
    assert all(line.since is None for page in built.municipalities[0].hosts for line in page.lines)


def test_failures_know_since_when_and_the_oldest_come_first() -> None:
    built = report()

    assert [(o.control, o.since, o.hosts) for o in built.oldest] == [
        ("SSH-01", EARLIER, ("velgora-edge",)),
        ("NET-01", NOW - timedelta(hours=30), ("kastrava-app",)),
    ]
    line = page_of(built, "velgora-edge").findings[0]
    assert (line.since, line.last_good) == (EARLIER, EARLIER - timedelta(days=1))


def test_time_to_fix_is_counted_by_severity() -> None:
    worst = report().repairs[0]
    assert (worst.severity, worst.mended, worst.open) == (Severity.CRITICAL, 2, 1)
    assert worst.median_seconds == timedelta(days=2.5).total_seconds()


def test_changes_are_reported_with_what_they_came_from() -> None:
    built = report()
    changes = built.changes
    assert changes is not None
    assert [(c.control, c.hosts) for c in changes.broken] == [
        ("NET-01", ("kastrava-app", "velgora-edge"))
    ]
    # Of ten hosts one is unknown now; SSH-01 still fails on one, LOG-01 is unknown on another.
    assert (changes.mended, changes.lost) == (8 + 8, 4 + 1)


@pytest.mark.parametrize("before", [BEFORE, AFTER])
def test_the_attribution_adds_up_to_the_change(before: AuditRun) -> None:
    built = build(ESTATE, before, AFTER, TABLE)
    assert built.changes is not None
    assert built.changes.score is not None
    assert built.before is not None
    total = sum(built.changes.score.model_dump().values())
    assert total == pytest.approx((built.after.proved or 0) - (built.before.proved or 0))


def test_a_changed_check_is_distinguished_from_a_changed_host_by_judging_again() -> None:
    newer = AFTER.model_copy(update={"checks_sha256": "23" * 32})
    unsure = build(ESTATE, BEFORE, newer, TABLE).changes
    sure = build(ESTATE, BEFORE, newer, TABLE, rejudged=newer).changes

    assert unsure is not None
    assert sure is not None
    assert (unsure.certain, sure.certain) == (False, True)
    assert sure.score is not None
    assert sure.score.host == 0
    assert sure.score.control_set != 0


def test_a_waived_failure_is_no_new_finding() -> None:
    changes = report().changes
    assert changes is not None
    assert "SSH-02" not in {broken.control for broken in changes.broken}


def test_hosts_and_controls_that_came_or_went_are_named() -> None:
    fewer = BEFORE.model_copy(update={"hosts": BEFORE.hosts[1:]})
    changes = build(ESTATE, fewer, run_of(audited("velgora-app", {"NEW-01": PASS})), TABLE).changes
    assert changes is not None
    assert changes.hosts_new == (BEFORE.hosts[0].host,)
    assert changes.controls_new == ("NEW-01",)


def test_a_reference_counts_each_host_once_by_its_worst_control() -> None:
    both = audited("velgora-app", {"SSH-01": ERROR, "SSH-02": FAIL})
    built = build(LAB, None, run_of(both, lost("velgora-edge", "gone")), TABLE)
    cis = next(framework for framework in built.frameworks if framework.key == "cis_debian_12")

    assert [r.reference for r in cis.references] == ["1.5.1", "5.1.9", "5.1.20"]
    line = cis.references[-1]
    assert [(m.control, m.confirmed) for m in line.matches] == [("SSH-01", False), ("SSH-02", True)]
    assert (line.hosts, line.passing, line.failing, line.undetermined) == (10, 8, 1, 1)


def test_a_control_that_applies_nowhere_counts_no_host() -> None:
    cis = build(LAB, None, run_of(), TABLE).frameworks[0]
    assert (cis.references[0].reference, cis.references[0].hosts) == ("1.5.1", 0)


def test_scores_are_those_of_the_results() -> None:
    velgora = next(place for place in report().municipalities if place.id == "velgora")
    weights = Fraction(3 * (10 + 6 + 3 + 1))
    assert velgora.after.proved == float((weights - 6 - 10 - 3) / weights)
    assert velgora.after.accepted == float((weights - 10 - 3) / weights)
