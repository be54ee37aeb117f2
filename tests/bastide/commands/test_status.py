"""`bastide status` of Debian's own Prometheus and Alertmanager, in a pipe and on a terminal."""

import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bastide.actions.prometheus import query, send_alert
from bastide.actions.status import apis
from bastide.support.estate import EstateContext
from tests.bastide.context import environment_of, new_context
from tests.bastide.debian_monitors import monitors
from tests.command import BASTIDE, bastide_here, bastide_json, environment
from tests.running import running
from tests.waiting import wait_until

NETWORK = f"127.{os.getpid() % 200 + 20}.{os.getpid() // 200 % 250}."
SILENT = [
    ("host", "gornjilug-edge"),
    ("host", "gornjilug-server"),
    ("service", "gornjilug-permits"),
]
GOALS = [
    ("available", "gornjilug-permits", 0.97),
    ("budget_left", "gornjilug-permits", -2.0),
    ("measured", "gornjilug-permits", 0.5),
]
SUMMARY = "gornjilug-edge does not answer"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EstateContext]:
    folder = tmp_path_factory.mktemp("status")
    context = new_context(folder, NETWORK)
    with monitors(context, f"{NETWORK}10", folder, SILENT, GOALS):
        fire(context, "HostDown", "page", "gornjilug-edge", SUMMARY)
        fire(context, "CollectorSilent", "ticket", "gornjilug-server", "nothing is measured")
        api, _ = apis(context)
        assert wait_until(lambda: len(query(api, "{__name__=~'.+:reachable:bool'}")) == 3, 30)
        yield context


LAST_LINE = b"goals of 30 days"


def fire(context: EstateContext, name: str, severity: str, host: str, summary: str) -> None:
    labels = {"alertname": name, "severity": severity, "municipality": "gornjilug", "host": host}
    until = datetime.now(UTC) + timedelta(hours=1)
    send_alert(apis(context)[1], labels, {"summary": summary}, until)


def incidents(context: EstateContext) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bastide_json("status", **environment_of(context))["incidents"]
    return found


def on_a_terminal(context: EstateContext, columns: int, *arguments: str) -> str:
    """What the command writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    wide = environment(**environment_of(context), COLUMNS=str(columns), TERM="xterm")
    with running(
        subprocess.Popen(
            [BASTIDE, "status", *arguments], stdout=theirs, stderr=theirs, stdin=theirs, env=wide
        )
    ) as process:
        os.close(theirs)
        written, watched = b"", "--watch" in arguments
        try:
            while part := os.read(ours, 4096):
                written += part
                if watched and LAST_LINE in written:
                    watched = False
                    time.sleep(1)  # it pauses until it looks again
                    process.send_signal(signal.SIGINT)
        except OSError:
            pass  # the terminal ends with the process
        finally:
            os.close(ours)
    assert process.returncode == 1, written
    return written.decode()


def test_a_dead_edge_is_one_incident_with_all_that_it_explains(context: EstateContext) -> None:
    (incident,) = incidents(context)
    assert (incident["subject"], incident["severity"]) == ("gornjilug-edge", "page")
    assert [alert["name"] for alert in incident["alerts"]] == ["HostDown", "CollectorSilent"]
    assert incident["cut_off"] == ["gornjilug-server"]
    (service,) = incident["services"]
    assert (service["service"], service["answers"]) == ("gornjilug-permits", False)
    begun = datetime.fromisoformat(incident["startsAt"])
    assert timedelta(0) <= datetime.now(UTC) - begun < timedelta(minutes=10)
    printed = bastide_here("status", COLUMNS="40", **environment_of(context)).stdout
    assert f"PAGE     {SUMMARY}\n" in printed
    assert "\x1b" not in printed


def test_a_terminal_has_colour_and_lines_of_its_own_width(context: EstateContext) -> None:
    narrow = on_a_terminal(context, 50)
    assert f"\x1b[1;31mPAGE     {SUMMARY}" in narrow
    printed = narrow.split("targets up")[0].splitlines()
    assert max(len(line) for line in printed if "//" not in line) <= 50 + len("\x1b[1;31m\x1b[0m")
    wide = on_a_terminal(context, 200)
    assert "does not answer: https://" in wide


def test_watching_ends_when_it_is_interrupted(context: EstateContext) -> None:
    written = on_a_terminal(context, 100, "--watch")
    assert "\x1b[2J" in written
    assert SUMMARY in written
    assert "stopped" not in written


def test_what_is_silenced_is_shown_with_its_reason_and_is_no_finding(
    context: EstateContext,
) -> None:
    ours = environment_of(context)
    assert bastide_here("status", **ours).returncode == 1
    why = ("--for", "2h", "--why", "a new switch\u202e", "--by", "ana")
    assert bastide_here("silence", "gornjilug", *why, **ours).returncode == 0
    try:
        assert wait_until(lambda: all(i["silenced"] for i in incidents(context)), 20)
        values = bastide_json("status", **ours)
        shown = bastide_here("status", TZ="UTC", **ours)
    finally:
        for silence in bastide_json("silence", "list", **ours):
            assert bastide_here("silence", "end", silence["id"], **ours).returncode == 0
    assert values["alerts"] == []
    assert len(values["silences"]) == 1
    assert "SILENCED silence of gornjilug until " in shown.stdout
    assert "by ana: a new switch" in shown.stdout
    assert "\u202e" not in shown.stdout
    assert f"  {SUMMARY} (HostDown)" in shown.stdout
    assert "PAGE" not in shown.stdout


def test_goals_come_last_with_what_is_left_and_what_was_measured(context: EstateContext) -> None:
    ours = environment_of(context)
    printed = bastide_here("status", **ours).stdout.splitlines()
    assert printed[-2:] == [
        "goals of 30 days, the least left first:",
        "  gornjilug-permits: 97 % answered of 99 %, missed: 300 % of what it may miss "
        "(50 % of 30 days measured)",
    ]
    (goal,) = bastide_json("status", **ours)["objectives"]
    assert (goal["objective"], goal["available"], goal["budgetLeft"]) == (0.99, 0.97, -2)
    assert bastide_json("status", "--municipality", "central", **ours)["objectives"] == []
