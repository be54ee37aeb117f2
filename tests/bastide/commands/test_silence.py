"""`bastide silence` and `bastide ack` against Debian's Alertmanager."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bastide.actions.silencing import duration, reason
from bastide.actions.status import apis
from bastide.support.estate import EstateContext
from monitors.maintenance.silences import Silences
from monitors.web_api import WebApi
from tests.alertmanager_server import Desk, alertmanager, fire
from tests.bastide.context import new_context
from tests.bastide.web_server import web_file
from tests.command import bastide_here, bastide_json
from tests.waiting import wait_until

# An operations host's ports are fixed, so each test's has an address of its own.
NETWORK = f"127.{os.getpid() % 200 + 20}.{os.getpid() // 200 % 250}."
WHY = ("--why", "new switch")


@pytest.fixture
def context(tmp_path: Path, own_state: Path) -> EstateContext:
    return new_context(tmp_path, NETWORK, state_home=own_state)


@pytest.fixture
def estate(context: EstateContext) -> str:
    """An estate that was brought up once, with a state of its own."""
    return str(context.folder)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.open():
        yield desk


@pytest.fixture
def api(tmp_path: Path, desk: Desk, context: EstateContext) -> Iterator[WebApi]:
    folder = tmp_path / "alertmanager"
    folder.mkdir()
    _, api = apis(context)
    with alertmanager(folder, desk, api, web_file(context, folder)):
        yield api


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gornjilug",), "Missing option '--for'"),
        (("gornjilug", "--for", "2h"), "Missing option '--why'"),
        (("gornjilug", *WHY), "Missing option '--for'"),
        (("--for", "2h", *WHY), "Missing argument 'SCOPE'"),
        (("gornjilug", "--for", "2h", "--why", " "), "expected a reason"),
        (("gornjilug", "--for", "2h", "--why", "Maintenance window: x"), "expected a reason"),
        (("gornjilug", "--for", "forever", *WHY), "expected 1m to 14d, such as 90m"),
        (("gornjilug", "--for", "15d", *WHY), "expected 1m to 14d"),
        (("gornjilug", "--for", "0h", *WHY), "expected 1m to 14d"),
        (("gornjilug", "--for", "-1h", *WHY), "expected 1m to 14d"),
        (("gornjilu", "--for", "2h", *WHY), "did you mean gornjilug"),
        (("add", "list", "--for", "2h", *WHY), "nothing called 'list'"),
    ],
)
def test_never_without_a_scope_a_reason_and_an_end(
    arguments: tuple[str, ...], said: str, estate: str
) -> None:
    done = bastide_here("silence", *arguments, "--estate", estate)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("arguments", [("list",), ("end", "x"), ("gornjilug", "--for", "2h", *WHY)])
def test_an_alertmanager_that_is_not_there_could_not_be_asked(
    arguments: tuple[str, ...], estate: str
) -> None:
    done = bastide_here("silence", *arguments, "--estate", estate)
    assert done.returncode == 3
    assert f"Alertmanager does not answer: https://{NETWORK}10:9093" in done.stderr


def test_what_is_silenced_tells_nobody_until_it_ends(estate: str, api: WebApi, desk: Desk) -> None:
    fire(api, "Known", municipality="central")
    assert wait_until(lambda: desk.names() == ["Known"])
    done = bastide_here(
        "silence", "gornjilug", "--for", "1h30m", *WHY, "--by", "Ana Ilić", "--estate", estate
    )
    assert done.returncode == 0, done.stderr
    assert "gornjilug: silent until " in done.stdout
    fire(api, "HostDown", municipality="gornjilug", host="gornjilug-server")
    assert not wait_until(lambda: "HostDown" in desk.names(), 3)

    (listed,) = bastide_json("silence", "list", "--estate", estate)
    assert (
        listed.items()
        >= {
            "kind": "silence",
            "state": "active",
            "scope": "gornjilug",
            "by": "Ana Ilić",
            "why": "new switch",
        }.items()
    )
    left = datetime.fromisoformat(listed["endsAt"]) - datetime.now(UTC)
    assert timedelta(minutes=89) < left < timedelta(minutes=90)
    table = bastide_here("silence", "list", "--estate", estate).stdout
    assert listed["id"] in table
    assert "new switch" in table

    unknown = bastide_here("silence", "end", "zz", "--estate", estate)
    assert unknown.returncode == 2
    assert listed["id"] in unknown.stderr
    done = bastide_here("silence", "end", listed["id"][:8], "--estate", estate)
    assert (done.returncode, done.stdout) == (0, "gornjilug: notifies again\n")
    assert wait_until(lambda: "HostDown" in desk.names())
    assert "nothing is silent" in bastide_here("silence", "list", "--estate", estate).stdout


def test_windows_of_the_next_week_are_listed_and_one_to_come_is_ended_in_its_file(
    estate: str, api: WebApi
) -> None:
    soon = datetime.now(UTC) + timedelta(days=3)
    end = soon + timedelta(hours=2)
    (Path(estate) / "maintenance.yml").write_text(
        f"""
maintenance:
  - scope: gornjilug
    why: New router
    who: Ana Ilić
    timezone: Etc/UTC
    once: {{start: {soon:%Y-%m-%d %H:%M}, end: {end:%Y-%m-%d %H:%M}}}
"""
    )
    (listed,) = bastide_json("silence", "list", "--estate", estate)
    assert (listed["kind"], listed["state"], listed["scope"]) == ("window", "planned", "gornjilug")
    assert api


def test_who_is_on_an_alert_is_kept_and_others_notify(estate: str, api: WebApi, desk: Desk) -> None:
    none = bastide_here("ack", "HostDown", "--by", "Ana Ilić", "--estate", estate)
    assert (none.returncode, "no alert 'HostDown' fires" in none.stderr) == (2, True)
    fire(api, "HostDown", municipality="gornjilug", host="gornjilug-server")
    fire(api, "ServiceDown", municipality="gornjilug", service="gornjilug-permits")
    assert wait_until(lambda: len(desk.names()) == 2)
    done = bastide_here("ack", "HostDown", "--by", "Ana Ilić", "--for", "30m", "--estate", estate)
    assert done.returncode == 0, done.stderr
    assert "HostDown gornjilug-server: Ana Ilić is on it until " in done.stdout
    (listed,) = bastide_json("silence", "list", "--estate", estate)
    assert (listed["kind"], listed["by"]) == ("acknowledgement", "Ana Ilić")
    assert 'host="gornjilug-server"' in listed["matchers"]
    fire(api, "HostDown", municipality="gornjilug", host="gornjilug-other")
    assert wait_until(lambda: desk.names().count("HostDown") == 2)


def test_one_alert_of_several_is_taken_by_its_fingerprint(estate: str, api: WebApi) -> None:
    for host in ("gornjilug-server", "gornjilug-other"):
        fire(api, "HostDown", municipality="gornjilug", host=host)
    first, _ = Silences(api).alerts()
    (taken,) = bastide_json("ack", first.fingerprint, "--by", "Ana Ilić", "--estate", estate)
    assert f'host="{first.labels["host"]}"' in taken["matchers"]
    every = bastide_json("ack", "HostDown", "--by", "Ana Ilić", "--estate", estate)
    assert len(every) == 2


@pytest.mark.parametrize(
    ("text", "minutes"), [("90m", 90), ("2h", 120), ("1d12h", 36 * 60), ("14d", 14 * 1440)]
)
def test_a_length_of_time(text: str, minutes: int) -> None:
    assert duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "2H", "1.5h", "2h1d", "14d1m", "\u0662h "])
def test_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="expected 1m to 14d"):
        duration(text)


def test_a_reason_is_one_line() -> None:
    assert reason(" new \n switch ") == "new switch"
