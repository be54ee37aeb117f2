"""Mail and webhooks that have a fallback: Debian's Alertmanager, the bridge, a mail server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bastide.actions.prometheus import send_alert
from bastide.actions.status import apis
from bastide.support.estate import EstateContext
from tests.bastide.commands.test_notify import alertmanager, context, say
from tests.bastide.commands.test_notify_bridge import bridge, metrics
from tests.command import bastide_json
from tests.mail_server import PASSWORD, Mailbox, mail_server, text_of
from tests.monitors.bridge.receiver import Receiver
from tests.waiting import wait_until

__all__ = ["context"]

MAIL = """
      mail:
        to: [{to}@estate.example]
        sender: alerts@estate.example
        server: "127.0.0.1:{port}"
        user: alerts
        password: "env:SMTP"
"""
CHANNELS = """
notify:
  channels:
    - id: post{post}
    - id: letter{letter}
      fallback: sms
    - {{id: desk, webhook: {{url: "{desk}/alerts"}}, fallback: night}}
    - id: night{night}
    - {{id: sms, sms: {{to: ["+38164123456"], gateway: {{url: "{gateway}/sms"}}}}}}
  routes:
    - {{to: [post, letter, desk], severity: [page]}}
"""
DOWN = {"alertname": "HostDown", "severity": "page", "municipality": "gornjilug"}
SERVER = {**DOWN, "host": "gornjilug-server"}
SAYS = {
    "summary": "gornjilug-server does not answer",
    "description": "It has been silent for 45 seconds.",
    "runbook_url": "http://ops:9090/user/alerts/HostDown.html",
}


@pytest.fixture
def gateway() -> Iterator[Receiver]:
    receiver = Receiver()
    with receiver.open():
        yield receiver


@pytest.fixture
def box() -> Mailbox:
    return Mailbox()


@pytest.fixture
def there(
    request: pytest.FixtureRequest,
    context: EstateContext,
    tmp_path: Path,
    gateway: Receiver,
    box: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[int]:
    """An estate with mail, and with a desk's webhook at the gateway's server; the bridge's port.

    A test's parameter, if it has one, is how often Alertmanager looks at a group again.
    """
    with mail_server(box, tmp_path) as port:
        names = ("post", "letter", "night")
        mails = {name: MAIL.format(to=name, port=port).rstrip() for name in names}
        say(context.folder, CHANNELS.format(**mails, desk=gateway.url, gateway=gateway.url))
        secrets = tmp_path / "bridge-secrets"
        secrets.mkdir()
        for name in ("letter", "night"):
            (secrets / name).write_text(PASSWORD)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail.crt"))
        often = getattr(request, "param", "1m")
        with bridge(context, tmp_path) as bridged, alertmanager(context, tmp_path, bridged, often):
            yield bridged


def test_what_mail_and_webhook_do_not_take_comes_by_their_fallbacks_within_two_minutes(
    context: EstateContext, there: int, gateway: Receiver, box: Mailbox
) -> None:
    box.refusal, gateway.status = "451 4.3.0 the disk is full", 503
    tested = bastide_json("notify", "test", "--estate", str(context.folder))
    problems = {result["channel"]: result["problem"] for result in tested}
    assert "journalctl -u bastide-bridge" in problems["letter"]
    assert "journalctl -u bastide-bridge" in problems["desk"]
    send_alert(apis(context)[1], SERVER, SAYS, datetime.now(UTC) + timedelta(minutes=10))
    assert wait_until(lambda: failures(there, "letter") >= 2, 30)
    assert wait_until(lambda: failures(there, "desk") >= 2, 30)
    # By mail alone; the desk's webhook is at the gateway's server, whose SMS come from now on.
    gateway.status = 200
    assert wait_until(lambda: "/sms" in {post.path for post in gateway.posts}, 150, every=1)
    (short,) = (post.json for post in gateway.posts if post.path == "/sms")
    assert short == {"to": "+38164123456", "text": "PAGE gornjilug-server does not answer"}
    assert failures(there, "letter") >= 3


def test_a_mail_stands_in_for_a_webhook(
    context: EstateContext, there: int, gateway: Receiver, box: Mailbox
) -> None:
    gateway.status = 503
    send_alert(apis(context)[1], SERVER, SAYS, datetime.now(UTC) + timedelta(minutes=10))
    night = ["night@estate.example"]
    assert wait_until(lambda: night in [to for to, _ in box.mails], 150, every=1)


@pytest.mark.parametrize("there", ["1s"], indirect=True)
def test_a_mail_reads_the_same_whoever_sends_it(
    context: EstateContext, there: int, gateway: Receiver, box: Mailbox
) -> None:
    others = {**DOWN, "host": "gornjilug-edge"}
    for labels in (SERVER, others):
        send_alert(apis(context)[1], labels, SAYS, datetime.now(UTC) + timedelta(seconds=15))
    assert wait_until(lambda: len(box.mails) >= 2, 30)
    assert wait_until(lambda: len(box.mails) >= 4, 100)
    for number in (0, -1):
        mine, its = (sent(box, f"{name}@estate.example")[number] for name in ("letter", "post"))
        assert mine == its
    assert sent(box, "letter@estate.example")[0][0] == "Page: gornjilug: HostDown (2)"
    assert sent(box, "letter@estate.example")[-1][0] == "Resolved: gornjilug: HostDown (2)"


def sent(box: Mailbox, recipient: str) -> list[tuple[str, str]]:
    """Subject and text of what came for one."""
    return [(str(m["Subject"]), text_of(m).strip()) for to, m in box.mails if to == [recipient]]


def failures(port: int, channel: str) -> float:
    start = f'bastide_notifications_total{{channel="{channel}",outcome="failed"}} '
    (line,) = (line for line in metrics(port) if line.startswith(start))
    return float(line.removeprefix(start))
