"""A real SSH server on loopback whose one command can misbehave in chosen ways."""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED

Serve = Callable[[paramiko.Channel], None]


class _Interface(paramiko.ServerInterface):
    def __init__(self, allowed: paramiko.PKey, serve: Serve, user: str) -> None:
        self._allowed, self._serve, self._user = allowed, serve, user

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        good = key == self._allowed and username == self._user
        return AUTH_SUCCESSFUL if good else AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        # After this method's answer is on its way: a channel must not close before it opened.
        answer = threading.Timer(0.05, self._serve, args=(channel,))
        answer.daemon = True
        answer.start()
        return True


@contextmanager
def serving(
    host_key: paramiko.PKey,
    allowed: paramiko.PKey,
    serve: Serve,
    address: str = "127.0.0.1",
    port: int = 0,
    user: str = "bastide-audit",
) -> Iterator[int]:
    """Serve SSH on a loopback address, on a free port unless one is given; yield the port."""
    listening = socket.create_server((address, port))
    transports: list[paramiko.Transport] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(host_key)
            transports.append(transport)
            interface = _Interface(allowed, serve, user)
            transport.start_server(event=threading.Event(), server=interface)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for transport in transports:
            transport.close()


def new_key(file: Path) -> paramiko.PKey:
    """Make a key pair the way estates do and return it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    return paramiko.Ed25519Key.from_private_key_file(str(file))


def line_of(key: paramiko.PKey) -> str:
    """Return the public half as OpenSSH writes it."""
    return f"{key.get_name()} {key.get_base64()}"


def says(content: bytes, stderr: bytes = b"") -> Serve:
    """Return a server's part that sends bytes and ends well."""

    def serve(channel: paramiko.Channel) -> None:
        # The other side may have seen enough and gone.
        with suppress(OSError, EOFError):
            channel.sendall_stderr(stderr)
            channel.sendall(content)
            channel.send_exit_status(0)
            channel.close()

    return serve


def dies_after(content: bytes) -> Serve:
    """Return a server's part that sends bytes, after which its machine is gone."""

    def serve(channel: paramiko.Channel) -> None:
        with suppress(OSError, EOFError):
            channel.sendall(content)
            channel.get_transport().sock.shutdown(socket.SHUT_RDWR)

    return serve
