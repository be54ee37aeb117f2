"""Delivered once, by another channel when one cannot, and counted."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from inventory.model.channels import Channel, Gateway, Ntfy, Sms, Webhook
from inventory.model.estate import Estate
from inventory.model.notify import Notify, Severity
from inventory.model.tenants import Contact
from monitors.bridge.deliveries import REMEMBERED_SECONDS, Deliveries
from monitors.bridge.dispatcher import LONGEST_SECONDS, PATIENCE_SECONDS, Dispatcher
from monitors.prometheus.alertmanager_config import REPEAT
from tests.bastide.estates import with_more_networks
from tests.monitors.bridge.messages import DOWN, alert, message
from tests.monitors.bridge.receiver import Receiver

LAB = with_more_networks("velgora")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chat() -> Iterator[Receiver]:
    receiver = Receiver()
    with receiver.open():
        yield receiver


def lab(*channels: Channel) -> Estate:
    return LAB.model_copy(update={"notify": Notify(channels=channels)})


def ntfy(receiver: Receiver, name: str = "chat", **more: Any) -> Channel:
    return Channel(id=name, ntfy=Ntfy(server=receiver.url, topic="alerts"), **more)


def sms(folder: Path, *numbers: str, contacts: bool = False, **more: Any) -> Channel:
    folder.mkdir(exist_ok=True)
    return Channel(id="sms", sms=Sms(to=numbers, contacts=contacts, spool=str(folder)), **more)


def dispatcher(folder: Path, clock: Clock, *channels: Channel) -> Dispatcher:
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    deliveries = Deliveries(folder / "deliveries.sqlite", clock)
    return Dispatcher(lab(*channels), secrets, deliveries, clock)


def counts(registry: CollectorRegistry, channel: str) -> tuple[float | None, ...]:
    return tuple(
        registry.get_sample_value(
            "bastide_notifications_total", {"channel": channel, "outcome": outcome}
        )
        for outcome in ("delivered", "failed")
    )


def test_a_token_that_is_not_there_is_told(tmp_path: Path, clock: Clock, chat: Receiver) -> None:
    guarded = Channel(id="chat", ntfy=Ntfy(server=chat.url, topic="a", token="env:T"))
    problem = dispatcher(tmp_path, clock, guarded).deliver("chat", DOWN, clock())
    assert problem.startswith("its token cannot be read: [Errno 2] No such file or directory")
    assert "`bastide up` installs it" in problem


def test_all_are_counted_from_the_start(tmp_path: Path, clock: Clock, chat: Receiver) -> None:
    there = dispatcher(tmp_path, clock, ntfy(chat))
    assert counts(there.registry, "chat") == (0, 0)
    chat.status = 500
    assert there.deliver("chat", DOWN, clock())
    chat.status = 200
    assert there.deliver("chat", DOWN, clock()) == ""
    assert counts(there.registry, "chat") == (1, 1)


def test_what_was_delivered_is_not_sent_again_not_even_after_a_restart(
    tmp_path: Path, clock: Clock, chat: Receiver
) -> None:
    for _ in range(2):
        there = dispatcher(tmp_path, clock, ntfy(chat))
        assert [there.deliver("chat", DOWN, clock()) for _ in range(2)] == ["", ""]
    assert len(chat.posts) == 1
    over = message(alert("velgora-edge", "velgora-edge is dead", status="resolved"))
    assert there.deliver("chat", over, clock()) == ""
    assert len(chat.posts) == 2


def test_what_lasts_is_told_again_when_alertmanager_means_it(
    tmp_path: Path, clock: Clock, chat: Receiver
) -> None:
    there = dispatcher(tmp_path, clock, ntfy(chat))
    there.deliver("chat", DOWN, clock())
    clock.now += REMEMBERED_SECONDS[Severity.PAGE] + 1
    there.deliver("chat", DOWN, clock())
    assert len(chat.posts) == 2


def test_the_same_is_remembered_until_just_before_alertmanager_repeats_it() -> None:
    hours = {"4h": 4, "1d": 24}
    for severity, repeated in REPEAT.items():
        assert 0 < hours[repeated] * 3600 - REMEMBERED_SECONDS[severity] <= 900


def test_of_several_numbers_only_those_that_lack_it_get_it(tmp_path: Path, clock: Clock) -> None:
    gateway = Receiver()
    first, second = "+38164111111", "+38164222222"
    with gateway.open():
        way = Sms(to=(first, second), gateway=Gateway(url=gateway.url))
        there = dispatcher(tmp_path, clock, Channel(id="sms", sms=way))
        gateway.next_statuses = [200, 500, 200]
        assert "500" in there.deliver("sms", DOWN, clock())
        assert there.deliver("sms", DOWN, clock()) == ""
    assert [request.json["to"] for request in gateway.posts] == [first, second]
    assert counts(there.registry, "sms") == (2, 1)


def test_after_a_minute_the_fallback_is_told_once(
    tmp_path: Path, clock: Clock, chat: Receiver
) -> None:
    spool = tmp_path / "spool"
    there = dispatcher(tmp_path, clock, ntfy(chat, fallback="sms"), sms(spool, "+38164123456"))
    chat.status = 502
    assert there.deliver("chat", DOWN, clock())
    clock.now += PATIENCE_SECONDS - 1
    assert there.deliver("chat", DOWN, clock())
    assert not list(spool.iterdir())
    clock.now += 2
    assert there.deliver("chat", DOWN, clock()) == ""
    # The same alert by a route of the fallback's own is the same message.
    assert there.deliver("sms", DOWN, clock()) == ""
    assert len(list(spool.iterdir())) == 1
    assert counts(there.registry, "chat") == (0, 3)
    assert counts(there.registry, "sms") == (1, 0)


def test_a_fallback_that_fails_has_one_itself_and_the_last_failure_is_told(
    tmp_path: Path, clock: Clock, chat: Receiver
) -> None:
    chat.status = 502
    gone = sms(tmp_path / "spool", "+38164123456")
    chain = (ntfy(chat, fallback="other"), ntfy(chat, "other", fallback="sms"), gone)
    (tmp_path / "spool").rmdir()
    there = dispatcher(tmp_path, clock, *chain)
    there.deliver("chat", DOWN, clock())
    clock.now += PATIENCE_SECONDS + 1
    assert there.deliver("chat", DOWN, clock())
    assert counts(there.registry, "other") == (0, 1)
    assert counts(there.registry, "sms") == (0, 1)
    (tmp_path / "spool").mkdir()
    assert there.deliver("chat", DOWN, clock()) == ""


def test_a_fallback_that_reaches_nobody_there_has_not_delivered(
    tmp_path: Path, clock: Clock, chat: Receiver
) -> None:
    nobody = sms(tmp_path / "spool", contacts=True, fallback="last")
    dead = Channel(id="dead", webhook=Webhook(url="http://127.0.0.1:9/"), fallback="sms")
    there = dispatcher(tmp_path, clock, dead, nobody, ntfy(chat, "last"))
    there.deliver("dead", DOWN, clock())
    clock.now += PATIENCE_SECONDS + 1
    chat.status = 502
    assert there.deliver("dead", DOWN, clock())
    chat.status = 200
    assert there.deliver("dead", DOWN, clock()) == ""
    assert len(chat.posts) == 1
    alone = dispatcher(tmp_path, clock, dead, sms(tmp_path / "spool", contacts=True))
    other = message(alert("velgora-files", "does not answer"))
    alone.deliver("dead", other, clock())
    clock.now += PATIENCE_SECONDS + 1
    assert alone.deliver("dead", other, clock())


def test_a_group_that_grows_each_minute_is_not_waited_for_anew(
    tmp_path: Path, clock: Clock, chat: Receiver
) -> None:
    spool = tmp_path / "spool"
    there = dispatcher(tmp_path, clock, ntfy(chat, fallback="sms"), sms(spool, "+38164123456"))
    chat.status = 502
    down = [alert(f"velgora-{number}", "does not answer") for number in range(3)]
    assert there.deliver("chat", message(*down[:1]), clock())
    clock.now += PATIENCE_SECONDS - 1
    assert there.deliver("chat", message(*down[:2]), clock())
    clock.now += 2
    assert there.deliver("chat", message(*down), clock()) == ""
    # Once it has delivered something, what then fails is waited for again.
    chat.status = 200
    assert there.deliver("chat", message(*down[1:]), clock()) == ""
    chat.status = 502
    assert there.deliver("chat", message(*down[2:]), clock())


@contextmanager
def dripping() -> Iterator[int]:
    """A server of any kind whose answer comes drop by drop and does not end; its port."""
    done = Event()

    def drip(session: socket.socket) -> None:
        with session, suppress(OSError):
            while not done.wait(0.05):
                session.sendall(b"2")

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                Thread(target=drip, args=server.accept()[:1], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        done.set()
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("kind", ["mail", "webhook", "ntfy"])
def test_a_server_that_answers_drop_by_drop_does_not_hold_the_channel_for_ever(
    kind: str, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitors.bridge.attempts.LONGEST_SECONDS", 0.5)
    with dripping() as port:
        url = f"http://127.0.0.1:{port}"
        sender = {"sender": "a@estate.example", "to": ["b@estate.example"], "tls": False}
        ways: dict[str, dict[str, Any]] = {
            "mail": {"mail": {**sender, "server": f"127.0.0.1:{port}"}},
            "webhook": {"webhook": {"url": f"{url}/"}},
            "ntfy": {"ntfy": {"server": url, "topic": "alerts"}},
        }
        slow = Channel.model_validate({"id": "slow", "fallback": "sms", **ways[kind]})
        spool = tmp_path / "spool"
        there = dispatcher(tmp_path, clock, slow, sms(spool, "+38164123456"))
        begun = time.monotonic()
        assert "neither taken nor refused it in 0.5 s" in there.deliver("slow", DOWN, clock())
        assert "an earlier message" in there.deliver("slow", DOWN, clock())
        assert time.monotonic() - begun < 5
        assert counts(there.registry, "slow") == (0, 2)
        clock.now += PATIENCE_SECONDS + 1
        assert there.deliver("slow", DOWN, clock()) == ""
    assert len(list(spool.iterdir())) == 1


def test_what_a_slow_server_takes_after_all_is_not_sent_again(
    tmp_path: Path, clock: Clock, chat: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitors.bridge.attempts.LONGEST_SECONDS", 0.2)
    there = dispatcher(tmp_path, clock, ntfy(chat))
    chat.seconds = 0.6
    assert there.deliver("chat", DOWN, clock())
    time.sleep(1)
    assert there.deliver("chat", DOWN, clock()) == ""
    assert len(chat.posts) == 1
    assert counts(there.registry, "chat") == (1, 1)


def test_a_webhook_has_a_fallback_and_may_be_one(
    tmp_path: Path, clock: Clock, chat: Receiver
) -> None:
    desk = Channel(id="desk", webhook=Webhook(url=f"{chat.url}/desk"), fallback="gone")
    gone = Channel(id="gone", webhook=Webhook(url="http://127.0.0.1:9/"), fallback="other")
    other = Channel(id="other", webhook=Webhook(url=f"{chat.url}/other"))
    there = dispatcher(tmp_path, clock, desk, gone, other)
    chat.status = 502
    there.deliver("desk", DOWN, clock())
    chat.status = 200
    clock.now += PATIENCE_SECONDS + 1
    chat.next_statuses = [502, 200]
    assert there.deliver("desk", DOWN, clock()) == ""
    assert [request.path for request in chat.posts] == ["/other"]
    assert [counts(there.registry, name) for name in ("desk", "gone", "other")] == [
        *((0, 2), (0, 1), (1, 0))
    ]


def test_behind_a_server_that_hangs_not_each_recipient_is_tried(
    tmp_path: Path, clock: Clock
) -> None:
    class Slow(Clock):
        def __call__(self) -> float:
            self.now += LONGEST_SECONDS / 4
            return self.now

    numbers = tuple(f"+3816411111{n}" for n in range(9))
    way = Sms(to=numbers, gateway=Gateway(url="http://127.0.0.1:9/"))
    there = dispatcher(tmp_path, Slow(), Channel(id="sms", sms=way))
    assert "refused" in there.deliver("sms", DOWN, clock())
    (tried,) = {counts(there.registry, "sms")[1]}
    assert tried is not None
    assert 1 <= tried < 9


OVER = message(alert("velgora-edge", "velgora-edge is dead", status="resolved"))


def test_the_end_is_told_by_the_fallback_that_told_the_beginning(
    tmp_path: Path, clock: Clock, chat: Receiver
) -> None:
    channels = (ntfy(chat, fallback="sms"), sms(tmp_path / "spool", "+38164123456"))
    there = dispatcher(tmp_path, clock, *channels)
    chat.status = 502
    there.deliver("chat", DOWN, clock())
    clock.now += PATIENCE_SECONDS + 1
    assert there.deliver("chat", DOWN, clock()) == ""
    chat.status = 200
    # Also over a restart; and once.
    for _ in range(2):
        assert dispatcher(tmp_path, clock, *channels).deliver("chat", OVER, clock()) == ""
    assert counts(there.registry, "sms") == (1, 0)
    begins = sorted(f.read_text().partition("\n\n")[2][:5] for f in (tmp_path / "spool").iterdir())
    assert begins == ["ENDED", "PAGE "]
    assert len(chat.posts) == 1


def test_the_end_is_told_to_whoever_was_reached_when_it_began(tmp_path: Path, clock: Clock) -> None:
    gateway = Receiver()

    def reaching(number: str) -> Dispatcher:
        way = Sms(to=(number,), gateway=Gateway(url=gateway.url))
        return dispatcher(tmp_path, clock, Channel(id="sms", sms=way))

    with gateway.open():
        assert reaching("+38164111111").deliver("sms", DOWN, clock()) == ""
        later = reaching("+38164222222")
        assert [later.deliver("sms", OVER, clock()) for _ in range(2)] == ["", ""]
    told = [(post.json["to"][-1], post.json["text"].split()[0]) for post in gateway.posts]
    assert told == [("1", "PAGE"), ("2", "ENDED"), ("1", "ENDED")]


def test_a_test_tells_of_its_own_channel_only(tmp_path: Path, clock: Clock, chat: Receiver) -> None:
    spool = tmp_path / "spool"
    there = dispatcher(tmp_path, clock, ntfy(chat, fallback="sms"), sms(spool, "+38164123456"))
    chat.status = 502
    test = message(alert("", "Nothing is wrong", alertname="NotificationTest"))
    there.deliver("chat", test, clock())
    clock.now += PATIENCE_SECONDS + 1
    assert there.deliver("chat", test, clock())
    assert not list(spool.iterdir())


def test_behind_a_dead_server_nobody_waits_for_every_time_out(
    tmp_path: Path, clock: Clock, chat: Receiver
) -> None:
    there = dispatcher(tmp_path, clock, ntfy(chat))
    chat.status = 504
    arrived = clock()
    clock.now += 8
    assert there.deliver("chat", DOWN, arrived)
    others = [message(alert(f"velgora-{n}", "x")) for n in range(100)]
    assert all(there.deliver("chat", other, arrived) for other in others)
    assert counts(there.registry, "chat") == (0, 1)
    chat.status = 200
    assert there.deliver("chat", others[0], clock()) == ""


def test_a_municipalitys_own_contacts_get_it_where_the_number_is_international(
    tmp_path: Path, clock: Clock
) -> None:
    spool = tmp_path / "spool"
    desk = Contact(name="Ana", duty="IT desk", phone="+381 (64) 123-456")
    mayor = Contact(name="Mara", duty="mayor", phone="011 123 456")
    towns = [m.model_copy(update={"contacts": (desk, mayor)}) for m in LAB.municipalities]
    estate = lab(sms(spool, contacts=True)).model_copy(update={"municipalities": tuple(towns)})
    there = Dispatcher(estate, tmp_path, Deliveries(tmp_path / "d.sqlite", clock), clock)
    assert there.deliver("sms", DOWN, clock()) == ""
    (file,) = spool.iterdir()
    assert file.read_text().startswith("To: 38164123456\nAlphabet: GSM\n\nPAGE velgora-edge")


def test_a_modem_that_stands_still_is_measured(tmp_path: Path, clock: Clock) -> None:
    spool = tmp_path / "spool"
    there = dispatcher(tmp_path, clock, sms(spool, "+38164123456"))
    name, labels = "bastide_notifications_waiting_seconds", {"channel": "sms"}
    assert there.registry.get_sample_value(name, labels) == 0
    assert there.deliver("sms", DOWN, clock()) == ""
    (file,) = spool.iterdir()
    os.utime(file, (file.stat().st_atime, file.stat().st_mtime - 600))
    assert 600 <= (there.registry.get_sample_value(name, labels) or 0) < 660


@pytest.mark.root
def test_a_full_disk_keeps_no_alert_back(tmp_path: Path, clock: Clock, chat: Receiver) -> None:
    there = dispatcher(tmp_path, clock, ntfy(chat))
    file = tmp_path / "deliveries.sqlite"
    file.unlink()
    file.symlink_to("/dev/full")
    assert [there.deliver("chat", DOWN, clock()) for _ in range(2)] == ["", ""]
    assert len(chat.posts) == 1


def test_no_secret_and_no_text_is_in_the_state(
    tmp_path: Path, clock: Clock, chat: Receiver
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "chat").write_text("t0ken-of-ours\n")
    guarded = Channel(id="chat", ntfy=Ntfy(server=chat.url, topic="a", token="env:T"))
    there = dispatcher(tmp_path, clock, guarded)
    assert there.deliver("chat", DOWN, clock()) == ""
    assert chat.posts[0].headers["authorization"] == "Bearer t0ken-of-ours"
    kept = (tmp_path / "deliveries.sqlite").read_bytes()
    assert b"t0ken" not in kept
    assert b"does not answer" not in kept
