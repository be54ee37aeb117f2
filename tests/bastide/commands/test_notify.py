"""Alerts leave the machine: Debian's Alertmanager, a mail server and an HTTP server on loopback."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bastide.actions.prometheus import send_alert
from bastide.actions.status import apis
from bastide.support.estate import EstateContext
from inventory.entries import hosts
from inventory.load import load_estate
from monitors.bridge import LISTEN
from monitors.prometheus.render import render
from tests.bastide.context import new_context
from tests.bastide.web_server import web_file
from tests.command import bastide_here
from tests.mail_server import PASSWORD, Mailbox, mail_server, text_of
from tests.monitors.bridge.receiver import Receiver
from tests.waiting import is_ready, wait_until

ROOT = Path(__file__).resolve().parents[3]
# An operations host's ports are fixed, so each test's has an address of its own.
NETWORK = f"127.{os.getpid() % 200 + 20}.{os.getpid() // 200 % 250}."
OPERATIONS = f"{NETWORK}10"
NOTIFY = """
notify:
  channels:
    - id: post
      mail:
        to: [it@estate.example]
        contacts: true
        sender: alerts@estate.example
        server: "127.0.0.1:{smtp}"
        user: alerts
        password: "env:SMTP_PASSWORD"
    - {{id: desk, webhook: {{url: "http://127.0.0.1:{http}/alerts", token: "env:DESK_TOKEN"}}}}
    - {{id: dead, webhook: {{url: "http://127.0.0.1:9/nobody"}}}}
  routes:
    - {{to: [post, desk]}}
    - {{to: [dead], severity: [ticket], municipalities: [gornjilug]}}
"""


@contextmanager
def alertmanager(
    context: EstateContext, folder: Path, bridge: int = 0, group_interval: str = "1m"
) -> Iterator[None]:
    """Debian's Alertmanager with the estate's rendered configuration, as the role runs it.

    ``bridge``: the port that the bridge has in place of the one that it has on operations hosts.
    ``group_interval``: another than the configuration's, where the test is not of how long it is.
    """
    rendered = folder / "rendered"
    render(load_estate(context.folder), rendered, ROOT / "runbooks")
    secrets = folder / "notify"
    secrets.mkdir()
    (secrets / "post").write_text(PASSWORD)
    (secrets / "desk").write_text("token-1")
    config = rendered / "alertmanager.yml"
    text = config.read_text().replace("/etc/bastide/notify", str(secrets))
    text = text.replace("group_interval: 1m", f"group_interval: {group_interval}")
    config.write_text(text.replace(LISTEN, f"127.0.0.1:{bridge}"))
    program = shutil.which("prometheus-alertmanager")
    assert program
    trusts = {"SSL_CERT_FILE": str(folder / "mail.crt")}
    with (
        (folder / "alertmanager.log").open("wb") as log,
        subprocess.Popen(
            (
                *(program, f"--config.file={config}", f"--storage.path={folder / 'data'}"),
                *(f"--web.listen-address={OPERATIONS}:9093", "--cluster.listen-address="),
                f"--web.config.file={web_file(context, rendered)}",
            ),
            env={**os.environ, **trusts},
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            assert wait_until(lambda: is_ready(apis(context)[1]), 20)
            yield
        finally:
            process.kill()


@pytest.fixture
def context(tmp_path: Path, own_state: Path) -> EstateContext:
    return new_context(tmp_path, NETWORK, state_home=own_state)


@pytest.fixture
def estate(context: EstateContext) -> Path:
    """An estate that was brought up once, with a state of its own."""
    return context.folder


def say(estate: Path, text: str) -> None:
    file = estate / "estate.yml"
    file.write_text(file.read_text() + text)


def test_an_estate_that_notifies_nobody_says_what_to_do(estate: Path) -> None:
    for command in ("list", "test"):
        done = bastide_here("notify", command, "--estate", str(estate))
        assert done.returncode == 2
        assert "no `notify:`, so alerts stay on the operations host" in done.stderr


def test_an_alertmanager_that_is_not_there_could_not_be_asked(estate: Path) -> None:
    say(estate, NOTIFY.format(smtp=25, http=80))
    done = bastide_here("notify", "test", "--estate", str(estate))
    assert done.returncode == 3
    assert f"Alertmanager does not answer: https://{OPERATIONS}:9093/metrics" in done.stderr


def test_an_unknown_municipality_is_named_with_those_that_there_are(estate: Path) -> None:
    say(estate, NOTIFY.format(smtp=25, http=80))
    done = bastide_here("notify", "test", "--municipality", "lug", "--estate", str(estate))
    assert done.returncode == 2
    assert "no municipality 'lug'; expected one of: central, gornjilug" in done.stderr


def test_who_gets_what_is_listed_without_secrets(estate: Path) -> None:
    say(estate, NOTIFY.format(smtp=25, http=80))
    listed = json.loads(bastide_here("notify", "list", "--estate", str(estate), "--json").stdout)
    takers: dict[tuple[str, str], list[str]] = {}
    for r in listed:
        takers.setdefault((r["municipality"], r["severity"]), []).append(r["channel"])
    assert takers["gornjilug", "ticket"] == ["post", "desk", "dead"]
    assert takers["gornjilug", "page"] == ["post", "desk"]
    to = {r["channel"]: r["to"] for r in listed if r["municipality"] == "gornjilug"}
    assert to["post"].startswith("it@estate.example")
    assert to["desk"] == "http://127.0.0.1:80/alerts"


def test_a_test_gets_through_mail_and_webhook_and_a_dead_channel_is_named(
    context: EstateContext, estate: Path, tmp_path: Path
) -> None:
    box, desk = Mailbox(), Receiver()
    with mail_server(box, tmp_path) as smtp, desk.open():
        say(estate, NOTIFY.format(smtp=smtp, http=desk.port))
        with alertmanager(context, tmp_path):
            here = ("--municipality", "gornjilug", "--estate", str(estate))
            well = bastide_here("notify", "test", *here)
            not_all = bastide_here("notify", "test", *here, "--severity", "ticket", "--json")
    assert well.returncode == 0, well.stdout + well.stderr
    assert well.stdout.count("delivered") == 2
    assert {tuple(to) for to, _ in box.mails} >= {("it@estate.example",)}
    _, mail = box.mails[0]
    assert mail["Subject"] == "Page: gornjilug: NotificationTest"
    said = text_of(mail)
    assert "This is a test of the channel post. Nothing is wrong" in said
    assert desk.posts[0].headers["authorization"] == "Bearer token-1"
    assert desk.posts[0].json["commonLabels"]["alertname"] == "NotificationTest"
    assert not_all.returncode == 1
    results = {r["channel"]: r for r in json.loads(not_all.stdout)}
    assert [name for name, r in results.items() if not r["delivered"]] == ["dead"]
    assert "journalctl -u prometheus-alertmanager" in results["dead"]["problem"]
    assert PASSWORD not in well.stdout + well.stderr + not_all.stdout


def test_one_mailbox_that_is_gone_keeps_no_mail_from_the_others(
    context: EstateContext, estate: Path, tmp_path: Path
) -> None:
    box, desk = Mailbox(unknown="gone@estate.example"), Receiver()
    with mail_server(box, tmp_path) as smtp, desk.open():
        several = "to: [gone@estate.example, it@estate.example]"
        text = NOTIFY.replace("to: [it@estate.example]", several)
        say(estate, text.format(smtp=smtp, http=desk.port))
        with alertmanager(context, tmp_path):
            done = bastide_here("notify", "test", "--estate", str(estate), "--json")
            assert wait_until(lambda: bool(box.mails), 30)
    assert ["it@estate.example"] in [to for to, _ in box.mails]
    assert {r["channel"]: r["delivered"] for r in json.loads(done.stdout)} == {
        **{"post": False, "desk": True}
    }


def test_the_mail_of_an_alert_brings_its_runbook_filled_in(
    context: EstateContext, estate: Path, tmp_path: Path
) -> None:
    box, desk = Mailbox(), Receiver()
    file = estate / "municipalities" / "gornjilug.yml"
    file.write_text(file.read_text().replace("    email:", '    phone: "+1 555 0100"\n    email:'))
    labels = {"alertname": "HostDown", "severity": "page", "municipality": "gornjilug"}
    labels["host"] = "gornjilug-server"
    server = next(h for h in hosts(load_estate(estate)) if h.name == labels["host"]).host
    with mail_server(box, tmp_path) as smtp, desk.open():
        say(estate, NOTIFY.format(smtp=smtp, http=desk.port))
        with alertmanager(context, tmp_path, group_interval="1s"):
            summary = {"summary": "gornjilug-server does not answer"}
            until = datetime.now(UTC) + timedelta(seconds=15)
            send_alert(apis(context)[1], labels, summary, until)
            assert wait_until(lambda: len(box.mails) >= 2, 30)
            printed = bastide_here("runbook", "HostDown", "--estate", str(estate)).stdout
            assert wait_until(lambda: len(box.mails) >= 4, 90)
    said, end = text_of(box.mails[0][1]), text_of(box.mails[-1][1])
    assert {tuple(to) for to, _ in box.mails[:2]} == {
        ("it@estate.example",),
        ("it@gornjilug.ours.example",),
    }
    for text in (said, printed):
        assert "gornjilug-server does not answer" in text
        assert f"ping -c 3 {server.address}\n" in text
        assert "- IT desk, IT administrator: +1 555 0100, it@gornjilug.ours.example" in text
    assert "Silence: bastide silence gornjilug-server --for 2h --why REASON\n" in said
    assert "I have it: bastide ack HostDown --by NAME\n" in said
    runbook = said[said.index("# HostDown") :].strip()
    assert runbook.partition("**Means.**")[2] == printed.strip().partition("**Means.**")[2]
    assert "Resolved: " in end
    assert "# HostDown" not in end
    assert "bastide silence" not in end
