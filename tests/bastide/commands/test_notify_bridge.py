"""Alerts by chat and SMS: Debian's Alertmanager, the bridge as its own process, and receivers."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from bastide.actions.prometheus import send_alert
from bastide.actions.status import apis
from bastide.support.estate import EstateContext
from tests.bastide.commands.test_notify import alertmanager, context, say
from tests.command import BASTIDE, bastide_here, environment
from tests.loopback import free_port
from tests.monitors.bridge.receiver import Receiver
from tests.waiting import wait_until

__all__ = ["context"]

TOKEN = "lozinka-2"
CHANNELS = """
notify:
  channels:
    - id: chat
      ntfy: {{server: "{chat}", topic: alerts, token: "env:NTFY"}}
      fallback: sms
    - {{id: room, matrix: {{server: "{chat}", room: "!room:matrix.example", token: "env:MATRIX"}}}}
    - {{id: modem, sms: {{to: ["+38164123456"], contacts: true, spool: "{spool}"}}}}
    - {{id: sms, sms: {{to: ["+38164123456"], gateway: {{url: "{gateway}/sms"}}}}}}
    - {{id: bot, telegram: {{chat: -1001234, token: "env:BOT"}}}}
  routes:
    - {{to: [chat], severity: [page]}}
    - {{to: [chat, room, modem, sms], severity: [ticket]}}
    - {{to: [bot], severity: [ticket], municipalities: [central]}}
"""


@contextmanager
def bridge(context: EstateContext, folder: Path) -> Iterator[int]:
    """The bridge, as its unit runs it; its port."""
    secrets, state = folder / "bridge-secrets", folder / "bridge-state"
    for made in (secrets, state):
        made.mkdir(exist_ok=True)
    for name in ("chat", "room"):
        (secrets / name).write_text(f"{TOKEN}\n")
    (secrets / "bot").write_text("no-token-of-a-bot")
    port = free_port()
    options = (
        "--estate",
        context.folder,
        "--secrets",
        secrets,
        "--state",
        state,
        "--port",
        str(port),
    )
    with (
        (folder / "bridge.log").open("ab") as log,
        subprocess.Popen(
            (BASTIDE, "monitor", "bridge", "--estate", context.folder, *options),
            stdout=log,
            stderr=log,
            env=environment(),
        ) as process,
    ):
        try:
            assert wait_until(lambda: answers(port), 30), (folder / "bridge.log").read_text()
            yield port
        finally:
            process.terminate()
            assert process.wait(20) == 0


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/-/healthy", timeout=1) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False


def metrics(port: int) -> list[str]:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return bytes(answer.read()).decode().splitlines()


@pytest.fixture
def chat() -> Iterator[Receiver]:
    receiver = Receiver()
    with receiver.open():
        yield receiver


@pytest.fixture
def gateway() -> Iterator[Receiver]:
    receiver = Receiver()
    with receiver.open():
        yield receiver


def configured(context: EstateContext, folder: Path, chat: Receiver, gateway: Receiver) -> Path:
    spool = folder / "outgoing"
    spool.mkdir()
    say(context.folder, CHANNELS.format(chat=chat.url, gateway=gateway.url, spool=spool))
    return spool


def test_a_test_goes_through_each_kind_of_channel_and_names_the_one_that_fails(
    context: EstateContext, tmp_path: Path, chat: Receiver, gateway: Receiver
) -> None:
    spool = configured(context, tmp_path, chat, gateway)
    with bridge(context, tmp_path) as port, alertmanager(context, tmp_path, port):
        here = ("notify", "test", "--severity", "ticket", "--estate", str(context.folder), "--json")
        done = bastide_here(*here)
        counted = metrics(port)
    results = {r["channel"]: r for r in json.loads(done.stdout)}
    failed = {name: r["problem"] for name, r in results.items() if not r["delivered"]}
    assert done.returncode == 1
    assert set(results) == {"chat", "room", "modem", "sms", "bot"}
    assert set(failed) == {"bot"}
    assert "journalctl -u bastide-bridge" in failed["bot"]
    assert chat.posts[0].json["title"] == "TEST central: NotificationTest"
    assert "This is a test of the channel room." in chat.room[0]
    assert gateway.posts[0].json["text"].startswith("TEST central: This is a test of the channel")
    assert b"TEST central: This is a test" in next(spool.iterdir()).read_bytes()
    for name in ("chat", "room", "modem", "sms"):
        line = f'bastide_notifications_total{{channel="{name}",outcome="delivered"}} 1.0'
        assert line in counted
    log = (tmp_path / "bridge.log").read_text()
    assert "bot: the token is not of the form that the service gives out" in log
    assert TOKEN not in log + done.stdout + (tmp_path / "alertmanager.log").read_text()


def test_who_is_reached_by_what_is_listed(
    context: EstateContext, tmp_path: Path, chat: Receiver, gateway: Receiver
) -> None:
    configured(context, tmp_path, chat, gateway)
    listed = bastide_here("notify", "list", "--estate", str(context.folder), "--json").stdout
    to = {r["channel"]: r["to"] for r in json.loads(listed) if r["municipality"] == "central"}
    assert to == {
        "chat": f"{chat.url}/alerts",
        "room": f"!room:matrix.example at {chat.url}",
        "modem": "+38164123456",
        "sms": "+38164123456",
        "bot": "Telegram -1001234",
    }


def test_a_page_that_the_chat_does_not_take_comes_by_sms_within_two_minutes_and_once(
    context: EstateContext, tmp_path: Path, chat: Receiver, gateway: Receiver
) -> None:
    configured(context, tmp_path, chat, gateway)
    chat.status = 502
    labels = {"alertname": "HostDown", "severity": "page", "municipality": "gornjilug"}
    labels["host"] = "gornjilug-server"
    summary = {"summary": "gornjilug-server does not answer"}
    until = datetime.now(UTC) + timedelta(minutes=10)
    with bridge(context, tmp_path) as port, alertmanager(context, tmp_path, port):
        send_alert(apis(context)[1], labels, summary, until)
        assert wait_until(lambda: bool(gateway.posts), 150, every=1)
        chat.status = 200
        counted = metrics(port)
    # The chat takes it when both have begun anew; by SMS it does not come a second time.
    with bridge(context, tmp_path) as port, alertmanager(context, tmp_path / "anew", port):
        send_alert(apis(context)[1], labels, summary, until)
        assert wait_until(lambda: bool(chat.posts), 60, every=1)
    (short,) = gateway.posts
    assert short.json == {"to": "+38164123456", "text": "PAGE gornjilug-server does not answer"}
    assert len(chat.posts) == 1
    assert 'bastide_notifications_total{channel="sms",outcome="delivered"} 1.0' in counted
    assert any('channel="chat",outcome="failed"} ' in line for line in counted)
    assert "sms has delivered in its place" in (tmp_path / "bridge.log").read_text()


ON_CALL = """
notify:
  people:
    - {{id: ana, name: Ana P., phone: "+381 64 111 111"}}
    - {{id: milan, name: Milan P., phone: "+381 64 222 222"}}
  rotas:
    - id: duty
      timezone: Europe/Belgrade
      shifts: [{{people: [ana, milan], first: 2026-11-30}}]
  channels:
    - {{id: duty, sms: {{rota: duty, gateway: {{url: "{gateway}/sms"}}}}}}
    - {{id: second, sms: {{rota: duty, following: true, gateway: {{url: "{gateway}/second"}}}}}}
  routes:
    - {{to: [duty], severity: [page]}}
    - {{to: [second], severity: [page], after_minutes: 1}}
"""


def test_who_is_on_call_is_shown_with_who_takes_over(
    context: EstateContext, gateway: Receiver
) -> None:
    here = ("--estate", str(context.folder))
    say(context.folder, "\nnotify: {channels: [{id: a, webhook: {url: 'https://a.example/'}}]}\n")
    assert "no rota: add `people` and `rotas`" in bastide_here("notify", "show", *here).stdout
    file = context.folder / "estate.yml"
    file.write_text(
        file.read_text().partition("\nnotify:")[0] + ON_CALL.format(gateway=gateway.url)
    )
    shown = bastide_here("notify", "show", "--at", "2026-12-08 12:00", *here)
    assert shown.returncode == 0, shown.stderr
    told = shown.stdout
    for part in ("duty", "Milan P.", "+381 64 222 222", "Mon 2026-12-14 08:00 CET", "Ana P."):
        assert part in told
    (listed,) = json.loads(
        bastide_here("notify", "show", "--at", "2026-11-30 07:59", *here, "--json").stdout
    )
    assert (listed["person"], listed["until"]) == ("Milan P.", "2026-11-30T07:00:00+00:00")
    rows = json.loads(bastide_here("notify", "list", *here, "--json").stdout)
    central = {r["channel"]: r for r in rows if r["municipality"] == "central"}
    assert central["second"]["unless acknowledged for"] == "1 min"
    assert {central["duty"]["to"], central["second"]["to"]} == {"+38164111111", "+38164222222"}


def test_what_nobody_acknowledges_goes_to_who_takes_over_next(
    context: EstateContext, tmp_path: Path, gateway: Receiver
) -> None:
    say(context.folder, ON_CALL.format(gateway=gateway.url))
    labels = {"severity": "page", "municipality": "gornjilug"}
    taken = {"alertname": "DiskFull", "host": "gornjilug-server", **labels}
    left = {"alertname": "HostDown", "host": "gornjilug-server", **labels}
    until = datetime.now(UTC) + timedelta(minutes=10)
    with bridge(context, tmp_path) as port, alertmanager(context, tmp_path, port):
        for alert in (taken, left):
            send_alert(apis(context)[1], alert, {"summary": "gornjilug-server: bad"}, until)
        acknowledged = bastide_here(
            "ack", "DiskFull", "--by", "Ana", "--estate", str(context.folder)
        )
        assert acknowledged.returncode == 0, acknowledged.stderr
        assert wait_until(lambda: "/second" in {r.path for r in gateway.posts}, 90, every=1)
        # One that was taken would have come at the same time.
        time.sleep(5)
    second = [r.json for r in gateway.posts if r.path == "/second"]
    first = [r.json for r in gateway.posts if r.path == "/sms"]
    assert len(second) == 1
    assert len(first) == 1
    assert {first[0]["to"], second[0]["to"]} == {"+38164111111", "+38164222222"}
    log = (tmp_path / "bridge.log").read_text()
    assert "WARNING" not in log


def test_an_escalation_is_due_by_the_alerts_beginning_not_alertmanagers(
    context: EstateContext, tmp_path: Path, gateway: Receiver
) -> None:
    """Alertmanager has just been started; Prometheus tells it again of what began before."""
    say(context.folder, ON_CALL.format(gateway=gateway.url))
    now = datetime.now(UTC)
    alert = {
        "labels": {"alertname": "HostDown", "severity": "page", "municipality": "gornjilug"},
        "annotations": {"summary": "gornjilug-server does not answer"},
        "startsAt": (now - timedelta(seconds=65)).isoformat(),
        "endsAt": (now + timedelta(minutes=5)).isoformat(),
    }
    with bridge(context, tmp_path) as port, alertmanager(context, tmp_path, port):
        apis(context)[1].json("/api/v2/alerts", [alert])
        assert wait_until(lambda: "/second" in {r.path for r in gateway.posts}, 20)


def test_a_port_that_is_taken_is_named(
    context: EstateContext, tmp_path: Path, chat: Receiver, gateway: Receiver
) -> None:
    configured(context, tmp_path, chat, gateway)
    options = ("--secrets", str(tmp_path), "--state", str(tmp_path), "--port", str(chat.port))
    done = bastide_here("monitor", "bridge", "--estate", str(context.folder), *options)
    assert done.returncode == 3
    assert f"cannot listen on 127.0.0.1:{chat.port}: {os.strerror(98)}" in done.stderr
