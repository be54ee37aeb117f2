"""A change of score has causes, and their parts sum to it exactly."""

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from inventory.enums import Role, Tier
from monitors.audit.model.controls import Severity
from monitors.audit.model.results import Accepted, AuditRun, HostAudit, Outcome, Result
from monitors.audit.model.score import score
from monitors.audit.reports.attribution import Attribution, Cause, Measure, attribute
from tests.monitors.audit.history.sample_runs import ACCEPTED

FAIL, PASS, ERROR, SKIP = Outcome.FAIL, Outcome.PASS, Outcome.ERROR, Outcome.SKIP
HIGH, LOW = Severity.HIGH, Severity.LOW


EXPIRED = ACCEPTED.model_copy(update={"expired": True})


def result(
    control: str, outcome: Outcome, severity: Severity = HIGH, waiver: Accepted | None = None
) -> Result:
    return Result(control=control, severity=severity, outcome=outcome, waiver=waiver)


def host(name: str, *results: Result, roles: Sequence[Role] = ()) -> HostAudit:
    return HostAudit(
        host=name, municipality="velgora", tier=Tier.CITY, roles=tuple(roles), results=results
    )


def run(*hosts: HostAudit, table: str = "a", checks: str = "e") -> AuditRun:
    return AuditRun(
        estate="lab",
        label="audit",
        started=datetime(2026, 3, 1, tzinfo=UTC),
        seconds=1.0,
        controls_sha256=table * 64,
        waivers_sha256="c" * 64,
        declared_sha256="d" * 64,
        checks_sha256=checks * 64,
        hosts=hosts,
    )


def causes(attribution: Attribution) -> dict[Cause, Fraction]:
    return {cause: part for cause, part in attribution.by_cause().items() if part}


def scored(run: AuditRun, measure: Measure) -> float | None:
    whole = score(result for host in run.hosts for result in host.results)
    return whole.proved if measure is Measure.PROVED else whole.accepted


def test_without_a_score_before_or_after_there_is_no_change_to_explain() -> None:
    known, unknown = (
        run(host("a", result("SSH-01", PASS))),
        run(host("a", result("SSH-01", ERROR))),
    )
    assert attribute(unknown, known) == attribute(known, unknown) == Attribution(None)
    assert attribute(run(), known) == attribute(known, run()) == Attribution(None)


def test_equal_audits_have_no_parts() -> None:
    same = run(host("a", result("SSH-01", PASS), result("SSH-02", FAIL)))
    assert attribute(same, same) == Attribution(Fraction(0))


def test_a_host_that_fails_now_names_its_control() -> None:
    before = run(host("a", result("SSH-01", PASS), result("SSH-02", PASS)))
    after = run(host("a", result("SSH-01", PASS), result("SSH-02", FAIL)))
    attribution = attribute(before, after)

    assert attribution.change == Fraction(-1, 2)
    assert [(p.cause, p.host, p.control) for p in attribution.parts] == [
        (Cause.HOST, "a", "SSH-02")
    ]


def test_a_host_that_could_not_be_asked_is_the_hosts_own_change() -> None:
    before = run(host("a", result("SSH-01", PASS)), host("b", result("SSH-01", PASS)))
    after = run(host("a", result("SSH-01", PASS)), host("b", result("SSH-01", ERROR)))
    assert causes(attribute(before, after)) == {Cause.HOST: Fraction(-1, 2)}


def test_a_new_control_and_a_new_severity_are_the_control_sets() -> None:
    before = run(host("a", result("SSH-01", PASS), result("SSH-02", FAIL, LOW)))
    longer = run(
        host("a", result("SSH-01", PASS), result("SSH-02", FAIL, LOW), result("X-01", FAIL))
    )
    harder = run(host("a", result("SSH-01", PASS), result("SSH-02", FAIL, HIGH)))

    assert set(causes(attribute(before, longer))) == {Cause.CONTROL_SET}
    assert set(causes(attribute(before, harder))) == {Cause.CONTROL_SET}


def test_a_control_that_another_table_lets_apply_is_the_control_sets() -> None:
    before = run(host("a", result("SSH-01", PASS), result("SSH-02", SKIP)))
    after = run(host("a", result("SSH-01", PASS), result("SSH-02", FAIL)), table="b")
    assert set(causes(attribute(before, after))) == {Cause.CONTROL_SET}


def test_a_host_that_joins_or_leaves_or_changes_its_roles_is_scope() -> None:
    before = run(host("a", result("SSH-01", PASS), result("TLS-01", SKIP)))
    joined = run(*before.hosts, host("b", result("SSH-01", FAIL)))
    moved = run(host("a", result("SSH-01", PASS), result("TLS-01", FAIL), roles=[Role.WEB]))

    assert set(causes(attribute(before, joined))) == {Cause.SCOPE}
    assert set(causes(attribute(joined, before))) == {Cause.SCOPE}
    assert set(causes(attribute(before, moved))) == {Cause.SCOPE}


def test_a_waiver_that_begins_or_ends_changes_the_accepted_score_only() -> None:
    bare = run(host("a", result("SSH-01", PASS), result("SSH-02", FAIL)))
    waived = run(host("a", result("SSH-01", PASS), result("SSH-02", FAIL, waiver=ACCEPTED)))
    ended = run(host("a", result("SSH-01", PASS), result("SSH-02", FAIL, waiver=EXPIRED)))

    assert causes(attribute(bare, waived, Measure.ACCEPTED)) == {Cause.WAIVER: Fraction(1, 2)}
    assert causes(attribute(waived, ended, Measure.ACCEPTED)) == {Cause.WAIVER: Fraction(-1, 2)}
    assert attribute(bare, waived) == Attribution(Fraction(0))


def test_what_is_mended_under_a_waiver_changes_the_proved_score_only() -> None:
    waived = run(host("a", result("SSH-01", PASS), result("SSH-02", FAIL, waiver=ACCEPTED)))
    mended = run(host("a", result("SSH-01", PASS), result("SSH-02", PASS)))

    assert causes(attribute(waived, mended)) == {Cause.HOST: Fraction(1, 2)}
    assert attribute(waived, mended, Measure.ACCEPTED) == Attribution(Fraction(0))


def test_a_check_that_judges_otherwise_is_distinguished_from_the_host_by_judging_again() -> None:
    before = run(host("a", result("SSH-01", PASS), result("SSH-02", PASS)))
    rejudged = run(host("a", result("SSH-01", PASS), result("SSH-02", FAIL)), checks="f")
    after = run(host("a", result("SSH-01", ERROR), result("SSH-02", FAIL)), checks="f")

    assert set(causes(attribute(before, after))) == {Cause.HOST}
    attribution = attribute(before, after, rejudged=rejudged)
    assert causes(attribution) == {Cause.CONTROL_SET: Fraction(-1, 2), Cause.HOST: Fraction(-1, 2)}


# One result or none of each control, one of each host or none: nothing is drawn to be thrown away.
RESULTS = st.fixed_dictionaries(
    {},
    optional={
        control: st.tuples(
            st.sampled_from(Outcome),
            st.sampled_from(Severity),
            st.sampled_from([None, ACCEPTED, EXPIRED]),
        )
        for control in ("SSH-01", "SSH-02", "FW-01", "TLS-01")
    },
).map(lambda rows: [result(control, *row) for control, row in rows.items()])
HOSTS = st.fixed_dictionaries(
    {},
    optional={
        name: st.tuples(RESULTS, st.sampled_from([[], [Role.EDGE], [Role.VAULT]])) for name in "abc"
    },
).map(lambda rows: [host(name, *row[0], roles=row[1]) for name, row in rows.items()])
RUNS = st.builds(lambda hosts, table: run(*hosts, table=table), HOSTS, st.sampled_from("ab"))
REJUDGED = st.none() | RUNS


@given(RUNS, RUNS, st.sampled_from(Measure), REJUDGED)
def test_the_parts_sum_to_the_change_exactly(
    before: AuditRun, after: AuditRun, measure: Measure, rejudged: AuditRun | None
) -> None:
    attribution = attribute(before, after, measure, rejudged)
    old, new = scored(before, measure), scored(after, measure)

    assert (attribution.change is None) == (old is None or new is None)
    if attribution.change is not None and old is not None and new is not None:
        assert sum((part.change for part in attribution.parts), Fraction(0)) == attribution.change
        assert abs(float(attribution.change) - (new - old)) < 1e-12
        assert sum(attribution.by_cause().values()) == attribution.change


@given(RUNS, RUNS)
def test_there_and_back_is_no_change(before: AuditRun, after: AuditRun) -> None:
    there, back = attribute(before, after).change, attribute(after, before).change
    assert there is None or back is None or there + back == 0
