"""A machine that is slow to speak is waited for, and not kept busy by those who ask."""

import socket
import threading
import time

import pytest

from infra import ssh_keyscan


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A server whose first byte takes half a second; the times at which it was asked."""
    asked: list[float] = []
    server = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(ssh_keyscan, "PORT", server.getsockname()[1])

    def serve() -> None:
        link, _ = server.accept()
        asked.append(time.monotonic())
        time.sleep(0.5)
        link.sendall(b"SSH-2.0-slow\r\n")
        link.close()
        server.close()

    threading.Thread(target=serve, daemon=True).start()
    return asked


def test_a_machine_of_this_computer_is_not_waited_for_at_one_connection(slow: list[float]) -> None:
    with pytest.raises(TimeoutError):
        ssh_keyscan._wait_for_banner("127.0.0.1", ssh_keyscan.HERE.patience)


def test_one_afar_is_asked_once_and_heard_out(slow: list[float]) -> None:
    ssh_keyscan._wait_for_banner("127.0.0.1", ssh_keyscan.AFAR.patience)
    assert len(slow) == 1
