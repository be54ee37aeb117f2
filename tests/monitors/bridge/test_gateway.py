"""SMS gateways: what they are sent, and what is said when they do not take it."""

import pytest
from pydantic import ValidationError

from inventory.model.channels import Gateway
from monitors.bridge.gateway import send
from tests.monitors.bridge.receiver import Receiver

NUMBER = "+38164123456"


def test_one_that_is_not_there_or_refuses_is_told_without_the_token() -> None:
    receiver = Receiver(status=403)
    with receiver.open():
        gateway = Gateway(url=f"{receiver.url}/sms", token="env:SMS")
        refused = send(gateway, "t0ken", NUMBER, "PAGE x")
    assert refused == f"{receiver.url}/sms: 403 Forbidden"
    nobody = Gateway(url="http://127.0.0.1:9/sms")
    assert send(nobody, "t0ken", NUMBER, "PAGE x") == (
        "http://127.0.0.1:9/sms: [Errno 111] Connection refused"
    )


def test_json_with_a_bearer() -> None:
    receiver = Receiver()
    with receiver.open():
        gateway = Gateway(url=f"{receiver.url}/sms?v=2", token="env:SMS", more={"modem": "1"})
        assert send(gateway, "t0ken", NUMBER, "PAGE ш") == ""
    (request,) = receiver.posts
    assert request.path == "/sms?v=2"
    assert request.json == {"to": NUMBER, "text": "PAGE ш", "modem": "1"}
    assert request.headers["authorization"] == "Bearer t0ken"


def test_a_form_with_names_and_a_token_of_its_own() -> None:
    receiver = Receiver()
    with receiver.open():
        gateway = Gateway(
            url=receiver.url,
            form=True,
            number="recipient",
            text="message",
            token="env:SMS",
            token_field="api_key",
        )
        assert send(gateway, "t0ken", NUMBER, "PAGE a&b=c") == ""
    (request,) = receiver.posts
    assert request.form == {"recipient": NUMBER, "message": "PAGE a&b=c", "api_key": "t0ken"}
    assert "authorization" not in request.headers


def test_one_that_refuses_with_200_is_told_by_what_it_says() -> None:
    receiver = Receiver(says={"status": "error", "key": "t0ken", "text": "no credit"})
    with receiver.open():
        gateway = Gateway(
            url=receiver.url, token="env:SMS", token_field="key", taken='"status": "ok"'
        )
        refused = send(gateway, "t0ken", NUMBER, "PAGE x")
        receiver.says = {"status": "ok"}
        assert send(gateway, "t0ken", NUMBER, "PAGE x") == ""
    said = '{"status": "error", "key": "SECRET", "text": "no credit"}'
    assert refused == f"{receiver.url}: it answers {said}"


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_not_followed(status: int) -> None:
    receiver = Receiver(status=status)
    with receiver.open():
        assert str(status) in send(Gateway(url=receiver.url), None, NUMBER, "x")


def test_a_token_in_the_open_is_refused() -> None:
    with pytest.raises(ValidationError, match="would send its token without TLS"):
        Gateway(url="http://10.0.0.1/sms", token="env:SMS")
    with pytest.raises(ValidationError, match="two values for one field"):
        Gateway(url="https://sms.example/", text="to")
