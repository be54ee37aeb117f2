"""Hosts that say that something changed: which are audited, and when."""

from bastide.actions.changed_hosts import MOST_TRIES, Changed, begin, due, end, look

APP, EDGE = "velgora-app", "velgora-edge"


def after(known: Changed, *seen: tuple[float, dict[str, float]]) -> dict[str, tuple[float, ...]]:
    """Return when each host is audited, by looks at given times at what hosts say."""
    audits: dict[str, tuple[float, ...]] = {}
    for now, changes in seen:
        known = look(known, changes, {}, now)
        for name in due(known, now):
            audits[name] = (*audits.get(name, ()), now)
        known = begin(known, due(known, now), now)
    return audits


def every(
    seconds: int, until: int, change: int | None = None
) -> list[tuple[float, dict[str, float]]]:
    """Return looks at one host; its file changes each `change` seconds, or once at 0."""
    return [
        (float(now), {APP: 1000.0 + (now // change if change else 0)})
        for now in range(0, until, seconds)
    ]


def test_a_change_is_audited_once_it_has_settled_and_once() -> None:
    assert after({}, *every(5, 300)) == {APP: (10.0,)}


def test_a_host_that_keeps_on_changing_is_audited_each_minute_and_not_more_often() -> None:
    assert after({}, *every(5, 200, change=5)) == {APP: (60.0, 125.0, 190.0)}


def test_a_change_that_an_audit_has_seen_is_none() -> None:
    known = look({}, {APP: 1000.0}, {APP: 1001.0}, 0.0)
    assert due(known, 100.0) == ()
    known = look(known, {APP: 1002.0}, {}, 100.0)
    assert due(known, 110.0) == (APP,)


def test_a_change_after_the_last_audit_is_audited_when_the_service_begins() -> None:
    known = look({}, {APP: 1002.0}, {APP: 1001.0}, 0.0)
    assert due(known, 10.0) == (APP,)


def test_hosts_do_not_wait_for_each_other() -> None:
    looks = [(float(now), {APP: 1.0 + now // 5, EDGE: 1.0}) for now in range(0, 60, 5)]
    assert after({}, *looks) == {EDGE: (10.0,)}


def test_a_host_that_falls_silent_keeps_what_it_said() -> None:
    assert after({}, (0.0, {APP: 1.0}), (5.0, {}), (10.0, {})) == {APP: (10.0,)}


def test_a_finding_that_no_ticket_tells_yet_is_looked_at_again_each_minute() -> None:
    known = begin(look({}, {APP: 1000.0}, {}, 0.0), (APP,), 10.0)
    asked: list[float] = []
    for now in range(15, 400, 5):
        pending = {APP: now - 20.0} if 20 <= now < 300 else {}
        known = look(known, {APP: 1000.0}, {}, float(now), pending)
        if names := due(known, float(now)):
            asked.append(float(now))
            known = begin(known, names, float(now))
    assert asked == [80.0, 140.0, 200.0, 260.0]


def test_a_host_that_never_said_anything_is_not_audited_for_its_findings() -> None:
    assert due(look({}, {}, {}, 500.0, {EDGE: 200.0}), 500.0) == ()


def test_a_clock_that_is_set_back_is_a_change_like_any_other() -> None:
    known = begin(look({}, {APP: 1000.0}, {}, 0.0), (APP,), 10.0)
    known = look(known, {APP: 400.0}, {}, 100.0)
    assert due(known, 110.0) == (APP,)


def test_a_host_that_could_not_be_asked_is_asked_again_each_minute_and_not_for_ever() -> None:
    known: Changed = look({}, {APP: 1000.0}, {}, 0.0)
    asked: list[float] = []
    for now in range(0, 1200, 5):
        known = look(known, {APP: 1000.0}, {}, float(now))
        if names := due(known, float(now)):
            asked.append(float(now))
            before, known = known, begin(known, names, float(now))
            known = end(before, known, names, frozenset())
    assert asked == [10.0 + 60 * n for n in range(MOST_TRIES)]


def test_one_that_answers_at_last_is_asked_no_more() -> None:
    known: Changed = look({}, {APP: 1000.0}, {}, 0.0)
    for now, answers in ((10.0, False), (70.0, True)):
        names = due(known, now)
        assert names == (APP,)
        before, known = known, begin(known, names, now)
        known = end(before, known, names, frozenset({APP} if answers else ()))
    assert due(known, 500.0) == ()
