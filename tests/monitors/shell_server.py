"""A real SSH server on loopback that runs commands with a login shell, a sudo and quirks."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_PARTIALLY_SUCCESSFUL,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_FAILED_CONNECT_FAILED,
    OPEN_SUCCEEDED,
)

# What sudo does, in the parts that matter from outside: options, question, retries, words.
SUDO = """#!/bin/bash
ask=-S prompt='' ; echo "$*" >>"$SUDO_LOG"
while [ $# -gt 0 ]; do case "$1" in
  -k) ;; -n) ask=-n ;; -S) ask=-S ;; -p) prompt=$2; shift ;; --) shift; break ;;
esac; shift; done
[ -z "$SUDO_SAYS" ] || { printf '%b\\n' "$SUDO_SAYS" >&2; [ -n "$SUDO_LECTURES" ] || exit 1; }
if [ -n "$SUDO_PASSWORD" ]; then
  [ $ask = -S ] || { echo 'sudo: a password is required' >&2; exit 1; }
  for try in 1 2 3; do
    printf %s "$prompt" >&2
    IFS= read -r given || { echo 'sudo: no password was provided' >&2; exit 1; }
    echo "asked" >>"$SUDO_LOG"
    [ "$given" = "$SUDO_PASSWORD" ] && exec "$@"
    echo 'Sorry, try again.' >&2
  done
  exit 1
fi
exec "$@"
"""


@dataclass
class Quirks:
    """How a server behaves; a plain one lets `itadmin` in, whose sudo asks nothing."""

    user: str = "itadmin"
    login_shell: tuple[str, ...] = ("/bin/sh", "-c")
    greeting: str = ""
    sudo: bool = True
    sudo_password: str = ""
    sudo_says: str = ""
    sudo_lectures: bool = False
    methods: str = "publickey"
    second_factor: bool = False
    forwards: bool = True
    hangs: bool = False
    dies: bool = False
    logins: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Server:
    """A server that runs: its port and what it holds."""

    port: int
    host_key: paramiko.PKey
    folder: Path

    @property
    def host_key_line(self) -> str:
        return f"{self.host_key.get_name()} {self.host_key.get_base64()}"

    @property
    def sudo_log(self) -> str:
        log = self.folder / "sudo.log"
        return log.read_text() if log.exists() else ""


class _Interface(paramiko.ServerInterface):
    def __init__(self, keys: tuple[paramiko.PKey, ...], quirks: Quirks, folder: Path) -> None:
        self._keys, self._quirks, self._folder = keys, quirks, folder
        self.transport: paramiko.Transport | None = None

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self._quirks.logins.append(f"{username} {key.fingerprint}")
        if key not in self._keys or username != self._quirks.user:
            return int(AUTH_FAILED)
        return int(AUTH_PARTIALLY_SUCCESSFUL if self._quirks.second_factor else AUTH_SUCCESSFUL)

    def get_allowed_auths(self, username: str) -> str:
        return self._quirks.methods

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(OPEN_SUCCEEDED)

    def check_channel_direct_tcpip_request(
        self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]
    ) -> int:
        if not self._quirks.forwards:
            return int(OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED)
        try:
            link = socket.create_connection(destination, 2)
        except OSError:
            return int(OPEN_FAILED_CONNECT_FAILED)
        threading.Thread(target=self._forward, args=(chanid, link), daemon=True).start()
        return int(OPEN_SUCCEEDED)

    def _forward(self, chanid: int, link: socket.socket) -> None:
        assert self.transport
        channel = self.transport.accept(5)
        threading.Thread(target=_copy, args=(channel, link), daemon=True).start()
        _copy(link, channel)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        answer = threading.Timer(0.02, self._run, args=(channel, command))
        answer.daemon = True
        answer.start()
        return True

    def _run(self, channel: paramiko.Channel, command: bytes) -> None:
        with suppress(OSError, EOFError):
            if self._quirks.greeting:
                channel.sendall(self._quirks.greeting.encode())
                channel.sendall_stderr(self._quirks.greeting.encode())
            if self._quirks.hangs:
                return
            if self._quirks.dies:
                channel.sendall(b"x" * 100)
                channel.get_transport().sock.shutdown(socket.SHUT_RDWR)
                return
            _serve(channel, (*self._quirks.login_shell, command.decode()), self._environment())

    def _environment(self) -> dict[str, str]:
        tools = self._folder / "bin"
        return {
            "PATH": f"{tools}:/usr/bin:/bin" if self._quirks.sudo else "/usr/bin:/bin",
            "SUDO_LOG": str(self._folder / "sudo.log"),
            "SUDO_PASSWORD": self._quirks.sudo_password,
            "SUDO_SAYS": self._quirks.sudo_says,
            "SUDO_LECTURES": "1" if self._quirks.sudo_lectures else "",
        }


def _serve(channel: paramiko.Channel, words: tuple[str, ...], env: dict[str, str]) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, env=env) as process:
        assert process.stdout
        assert process.stderr
        threading.Thread(target=_feed, args=(channel, process), daemon=True).start()
        errors = threading.Thread(
            target=_pump, args=(process.stderr.fileno(), channel.sendall_stderr), daemon=True
        )
        errors.start()
        _pump(process.stdout.fileno(), channel.sendall)
        if channel.closed:  # nobody reads any more what it would print for ever
            process.kill()
        errors.join()
        status = process.wait()
    if status >= 0:
        channel.send_exit_status(status)
    channel.close()


def _feed(channel: paramiko.Channel, process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin
    with suppress(OSError, EOFError, ValueError):
        while data := channel.recv(65536):
            process.stdin.write(data)
            process.stdin.flush()
    with suppress(OSError):
        process.stdin.close()


def _pump(source: int, send: object) -> None:
    with suppress(OSError, EOFError):
        while data := os.read(source, 65536):
            send(data)  # type: ignore[operator]


def _copy(source: object, target: object) -> None:
    with suppress(OSError, EOFError):
        while data := source.recv(65536):  # type: ignore[attr-defined]
            target.sendall(data)  # type: ignore[attr-defined]
    with suppress(OSError, EOFError):
        target.close()  # type: ignore[attr-defined]


@contextmanager
def shell_server(
    folder: Path, quirks: Quirks, *keys: paramiko.PKey, host_key: paramiko.PKey | None = None
) -> Iterator[Server]:
    """Serve SSH on a free loopback port to whoever holds one of the keys."""
    tools = folder / "bin"
    tools.mkdir(parents=True, exist_ok=True)
    (tools / "sudo").write_text(SUDO)
    (tools / "sudo").chmod(0o755)
    own = host_key or paramiko.ECDSAKey.generate()
    with ExitStack() as stack:
        listening = socket.create_server(("127.0.0.1", 0))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    transport = paramiko.Transport(connection)
                    transport.add_server_key(own)
                    interface = _Interface(keys, quirks, folder)
                    interface.transport = transport
                    stack.callback(transport.close)
                    transport.start_server(event=threading.Event(), server=interface)

        stack.callback(listening.close)
        stack.callback(lambda: listening.shutdown(socket.SHUT_RDWR))
        threading.Thread(target=accept, daemon=True).start()
        yield Server(listening.getsockname()[1], own, folder)
