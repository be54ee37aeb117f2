"""What ends while it is silent is told afterwards, to whom it concerns: a real Alertmanager."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitors.maintenance.endings import PATIENCE, Endings
from monitors.maintenance.scopes import EVERY_ALERT
from monitors.maintenance.silences import (
    ACKNOWLEDGED_COMMENT,
    Matcher,
    Silence,
    Silences,
    SilencesError,
    SilenceState,
)
from monitors.web_api import WebApi
from tests.alertmanager_server import Desk, alertmanager, fire
from tests.waiting import wait_until

HOST = {"host": "velgora-app", "municipality": "velgora"}
SCOPE = (*EVERY_ALERT, Matcher("host", "velgora-app"))
EXACT = (
    Matcher("alertname", "HostDown"),
    Matcher("severity", "page"),
    Matcher("host", HOST["host"]),
)
QUIET_SECONDS = 2


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.open():
        yield desk


@pytest.fixture
def silences(tmp_path: Path, desk: Desk) -> Iterator[Silences]:
    with alertmanager(tmp_path / "alertmanager", desk) as api:
        yield Silences(api)


def lay(silences: Silences, matchers: tuple[Matcher, ...] = SCOPE, comment: str = "work") -> str:
    now = datetime.now(UTC)
    return silences.add(Silence(matchers, now, now + timedelta(hours=1), "Ana Ilić", comment))


def told(silences: Silences, desk: Desk) -> None:
    """Have the desk told that the host is down."""
    down(silences)
    assert wait_until(lambda: desk.names() == ["HostDown"])


def down(silences: Silences, minutes: float = 60) -> None:
    fire(silences.api, "HostDown", minutes=minutes, **HOST)


def end(silences: Silences) -> None:
    down(silences, 0)
    assert wait_until(lambda: silences.alerts() == ())


def look(endings: Endings, silences: Silences, later: timedelta = timedelta()) -> None:
    endings.look(silences, silences.list(), datetime.now(UTC) + later)


def test_without_an_answer_nothing_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    with pytest.raises(SilencesError, match="refused"):
        Endings(file).look(Silences(WebApi("http://127.0.0.1:1")), (), datetime.now(UTC))
    assert not file.exists()


@pytest.mark.parametrize("text", ["", "{", "{}x", '[{"alert": {}}]', '[{"alert": 1, "ended": 2}]'])
def test_a_file_that_cannot_be_read_is_told_in_the_log_and_begun_anew(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "kept.json"
    file.write_text(text)
    Endings(file)
    assert str(file) in caplog.text


def test_the_end_of_what_ended_in_silence_is_told_once_when_the_silence_is_over(
    silences: Silences, desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "kept.json"
    told(silences, desk)
    laid = lay(silences)
    look(Endings(file), silences)
    end(silences)
    # Of an exporter that was restarted meanwhile.
    endings = Endings(file)
    look(endings, silences)
    look(endings, silences, 2 * PATIENCE)
    assert not wait_until(lambda: desk.names("resolved") != [], QUIET_SECONDS)
    silences.end(laid)
    look(endings, silences, 2 * PATIENCE)
    assert wait_until(lambda: desk.names("resolved") == ["HostDown"])
    look(endings, silences, 4 * PATIENCE)
    look(Endings(file), silences, 4 * PATIENCE)
    assert not wait_until(lambda: len(desk.alerts) != 2, QUIET_SECONDS)


def test_of_what_began_in_silence_nobody_is_told_that_it_ended(
    silences: Silences, desk: Desk
) -> None:
    endings, laid = Endings(), lay(silences)
    down(silences)
    look(endings, silences)
    end(silences)
    look(endings, silences)
    silences.end(laid)
    look(endings, silences, 2 * PATIENCE)
    assert not wait_until(lambda: desk.alerts != [], QUIET_SECONDS)


def test_who_was_told_nothing_is_not_told_of_an_end_either(silences: Silences, desk: Desk) -> None:
    down(silences, 0)
    fire(silences.api, "Other")
    assert wait_until(lambda: desk.names() == ["Other"])
    (alert,) = silences.alerts()
    never = alert.from_json({**alert.as_json(), "labels": {"alertname": "Never", **HOST}})
    silences.tell_end(never, datetime.now(UTC))
    assert not wait_until(lambda: desk.names("resolved") != [], QUIET_SECONDS)


def test_what_still_fires_when_its_silence_ends_has_not_ended(
    silences: Silences, desk: Desk
) -> None:
    told(silences, desk)
    endings, laid = Endings(), lay(silences)
    look(endings, silences)
    silences.end(laid)
    look(endings, silences, 2 * PATIENCE)
    look(endings, silences, 4 * PATIENCE)
    assert not wait_until(lambda: desk.names("resolved") != [], QUIET_SECONDS)
    end(silences)
    assert wait_until(lambda: desk.names("resolved") == ["HostDown"])


def test_what_comes_back_in_its_silence_has_not_ended(silences: Silences, desk: Desk) -> None:
    told(silences, desk)
    endings, laid = Endings(), lay(silences)
    look(endings, silences)
    end(silences)
    look(endings, silences)
    down(silences)
    look(endings, silences, 2 * PATIENCE)
    silences.end(laid)
    look(endings, silences, 4 * PATIENCE)
    assert not wait_until(lambda: desk.names("resolved") != [], QUIET_SECONDS)


def test_an_acknowledgement_ends_with_what_it_was_about_and_the_next_one_is_told(
    silences: Silences, desk: Desk
) -> None:
    told(silences, desk)
    endings = Endings()
    lay(silences, EXACT, f"{ACKNOWLEDGED_COMMENT}HostDown velgora-app")
    look(endings, silences)
    end(silences)
    look(endings, silences)
    look(endings, silences, PATIENCE / 2)
    assert [s.state for s in silences.list()] == [SilenceState.ACTIVE]
    look(endings, silences, 2 * PATIENCE)
    assert [s.state for s in silences.list()] == [SilenceState.EXPIRED]
    assert wait_until(lambda: desk.names("resolved") == ["HostDown"])
    down(silences)
    assert wait_until(lambda: desk.names() == ["HostDown", "HostDown"])
