"""What Alertmanager posts, and what it would never."""

import pytest

from inventory.model.notify import Severity
from monitors.bridge.message import MessageError, parsed
from tests.monitors.bridge.messages import DOWN, alert, message


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"alerts": 1}', b'{"alerts": []}', b'{"alerts": [{}]}', b"\xff"],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(MessageError):
        parsed(body)


def test_a_severity_that_nobody_knows_is_a_page() -> None:
    assert message(alert("a", "b", severity="odd")).severity is Severity.PAGE
    assert message(alert("a", "b", severity="ticket")).severity is Severity.TICKET


def test_the_same_alerts_in_the_same_state_are_the_same_message() -> None:
    one, other = alert("velgora-app", "x"), alert("velgora-web", "x")
    assert message(one, other).key == message(other, one).key
    assert message(one).key != message(one, other).key
    assert message(one).key != message({**one, "status": "resolved"}).key
    later = {**one, "startsAt": "2027-01-17T00:00:00Z"}
    assert message(one).key != message(later).key


def test_alertmanagers_times_are_read_to_the_microsecond_in_utc() -> None:
    assert f"{DOWN.alerts[0].started:%Y-%m-%d %H:%M %Z}" == "2027-01-16 22:04 UTC"
