"""Webhooks by the bridge: Alertmanager's own JSON, to the byte."""

from inventory.model.channels import Webhook
from monitors.bridge.webhook import send
from tests.monitors.bridge.messages import DOWN
from tests.monitors.bridge.receiver import Receiver


def test_one_that_refuses_is_told_without_the_token() -> None:
    receiver = Receiver(status=503)
    with receiver.open():
        told = send(Webhook(url=f"{receiver.url}/a", token="env:T"), "t0ken", DOWN.body)
    assert told == f"{receiver.url}/a: 503 Service Unavailable"


def test_it_gets_what_alertmanager_sent_with_its_token() -> None:
    receiver = Receiver()
    with receiver.open():
        assert send(Webhook(url=f"{receiver.url}/a", token="env:T"), "t0ken", DOWN.body) == ""
        assert send(Webhook(url=f"{receiver.url}/open"), None, DOWN.body) == ""
    first, second = receiver.posts
    assert first.body == DOWN.body
    assert first.headers["authorization"] == "Bearer t0ken"
    assert first.headers["content-type"] == "application/json"
    assert "authorization" not in second.headers
