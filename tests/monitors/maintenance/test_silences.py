"""Silences in a real Alertmanager, and what is said when there is none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory.model.notify import TEST
from monitors.maintenance.scopes import EVERY_ALERT, NEVER_SILENT
from monitors.maintenance.silences import (
    Matcher,
    Silence,
    SilenceKind,
    Silences,
    SilencesError,
    SilenceState,
)
from monitors.web_api import WebApi
from tests.alertmanager_server import Desk, alertmanager, fire
from tests.waiting import wait_until

NOW = datetime(2027, 1, 16, 22, tzinfo=UTC)


def silence(*matchers: Matcher, comment: str = "new switch") -> Silence:
    now = datetime.now(UTC)
    return Silence(matchers, now, now + timedelta(hours=1), "Ana Ilić", comment)


def test_nobody_who_answers_is_an_error_that_names_the_address() -> None:
    with pytest.raises(SilencesError, match=r"^http://127.0.0.1:1/api/v2/silences: .*refused"):
        Silences(WebApi("http://127.0.0.1:1")).list()


def test_what_alertmanager_refuses_is_an_error_with_its_words(tmp_path: Path) -> None:
    with alertmanager(tmp_path) as api:
        silences = Silences(api)
        with pytest.raises(SilencesError, match=r"400 .*must not match the empty string"):
            silences.add(silence(Matcher("host", ".*", is_regex=True)))
        with pytest.raises(SilencesError, match="silence not found"):
            silences.end("5d3f1d5f-0000-0000-0000-000000000000")
        with pytest.raises(SilencesError, match=r"/silence/\.\.%2Fstatus: "):
            silences.end("../status")
        assert silences.list() == ()


def test_a_silence_comes_back_as_it_was_laid_and_ends_when_told(tmp_path: Path) -> None:
    laid = silence(*EVERY_ALERT, Matcher("host", "velgora-app"))
    with alertmanager(tmp_path) as api:
        silences = Silences(api)
        silence_id = silences.add(laid)
        (kept,) = silences.list()
        assert set(kept.matchers) == set(laid.matchers)
        assert (kept.by, kept.comment, kept.id) == (laid.by, laid.comment, silence_id)
        assert abs(kept.end - laid.end) < timedelta(seconds=1)
        assert kept.state is SilenceState.ACTIVE
        silences.end(silence_id)
        (ended,) = silences.list()
        assert ended.state is SilenceState.EXPIRED


def test_what_is_silenced_is_told_once_the_silence_ends_and_the_watchdog_always(
    tmp_path: Path,
) -> None:
    desk = Desk()
    with desk.open(), alertmanager(tmp_path, desk) as api:
        silences = Silences(api)
        silence_id = silences.add(silence(*EVERY_ALERT))
        for name in ("HostDown", *NEVER_SILENT):
            fire(api, name, host="velgora-app")
        assert wait_until(lambda: len(desk.names()) == len(NEVER_SILENT))
        (alert,) = (alert for alert in silences.alerts() if alert.silenced_by)
        assert (alert.name, alert.silenced_by) == ("HostDown", (silence_id,))
        assert not wait_until(lambda: "HostDown" in desk.names(), 3)
        silences.end(silence_id)
        assert wait_until(lambda: "HostDown" in desk.names())


def test_the_alert_that_tests_channels_is_never_silent() -> None:
    assert TEST in NEVER_SILENT


@pytest.mark.parametrize(
    ("matcher", "text", "labels", "matches"),
    [
        (Matcher("host", "a"), 'host="a"', {"host": "a"}, True),
        (Matcher("host", "a"), 'host="a"', {"host": "ab"}, False),
        (Matcher("host", ""), 'host=""', {}, True),
        (Matcher("host", "a", is_equal=False), 'host!="a"', {}, True),
        (Matcher("host", "a|b", is_regex=True), 'host=~"a|b"', {"host": "b"}, True),
        (Matcher("host", "a|b", is_regex=True), 'host=~"a|b"', {"host": "ab"}, False),
        (Matcher("host", "a", is_regex=True, is_equal=False), 'host!~"a"', {"host": "ab"}, True),
    ],
)
def test_a_matcher_matches_as_alertmanagers_do(
    matcher: Matcher, text: str, labels: dict[str, str], matches: bool
) -> None:
    assert str(matcher) == text
    assert matcher.matches(labels) is matches


def test_an_expression_that_only_go_reads_mutes_nothing_here() -> None:
    assert not silence(Matcher("host", r"\pL+", is_regex=True)).mutes({"host": "a"})


@pytest.mark.parametrize(
    ("comment", "kind", "why"),
    [
        ("new switch", SilenceKind.SILENCE, "new switch"),
        ("Maintenance window: new switch", SilenceKind.WINDOW, "new switch"),
        ("Acknowledged: HostDown a", SilenceKind.ACKNOWLEDGEMENT, "HostDown a"),
    ],
)
def test_its_comment_tells_what_it_is(comment: str, kind: SilenceKind, why: str) -> None:
    it = silence(comment=comment)
    assert (it.kind, it.why) == (kind, why)
