"""Network gear on loopback: a real SSH server that talks as a switch does, with its quirks."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.server import InteractiveQuery

PASSWORD = "Prijava-na-uredjaj-7"
BANNER = "\r\n*** Only for staff. The password is nobody's business. ***\r\n\r\n"


@dataclass
class Quirks:
    """How a device behaves; a plain one lets `backup` in and prints its configuration at once."""

    configuration: str = ""
    prompt: str = "velgora-sw1#"
    banner: str = ""
    page_lines: int = 0
    page_question: str = " --More-- "
    page_wiped: str = "\b" * 10 + " " * 10 + "\b" * 10
    slow_seconds: float = 0.0
    cut_after: int | None = None
    hangs_after: int | None = None
    endless: bool = False
    status: int = 0
    refuses: bool = False
    echoes: bool = True
    key: paramiko.PKey | None = None
    interactive: bool = False
    typed: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)


class _Device(paramiko.ServerInterface):
    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks

    def get_allowed_auths(self, username: str) -> str:
        if self._quirks.key:
            return "publickey"
        return "keyboard-interactive" if self._quirks.interactive else "password"

    def check_auth_password(self, username: str, password: str) -> int:
        self._quirks.logins.append(username)
        well = not self._quirks.interactive and (username, password) == ("backup", PASSWORD)
        return int(AUTH_SUCCESSFUL if well and not self._quirks.refuses else AUTH_FAILED)

    def check_auth_interactive(self, username: str, submethods: str) -> InteractiveQuery:
        return InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return int(AUTH_SUCCESSFUL if responses == [PASSWORD] else AUTH_FAILED)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return int(AUTH_SUCCESSFUL if key == self._quirks.key else AUTH_FAILED)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(OPEN_SUCCEEDED)

    def check_channel_pty_request(self, *arguments: object) -> bool:
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        threading.Thread(target=self._talk, args=(channel,), daemon=True).start()
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._quirks.typed.append(command.decode())
        threading.Thread(target=self._run, args=(channel,), daemon=True).start()
        return True

    def _run(self, channel: paramiko.Channel) -> None:
        time.sleep(0.02)
        with suppress(OSError, EOFError):
            if self._print(channel):
                channel.send_exit_status(self._quirks.status)
                channel.close()

    def _talk(self, channel: paramiko.Channel) -> None:
        quirks = self._quirks
        with suppress(OSError, EOFError):
            channel.sendall(f"{quirks.banner}{quirks.prompt}".encode())
            for line in _lines(channel):
                quirks.typed.append(line)
                channel.sendall(f"{line if quirks.echoes else ''}\r\n".encode())
                if line.startswith(("show run", "display cur", "show")) and not self._print(
                    channel
                ):
                    return
                channel.sendall(quirks.prompt.encode())

    def _print(self, channel: paramiko.Channel) -> bool:
        """Print the configuration; False when nothing comes after it."""
        quirks = self._quirks
        lines = quirks.configuration.splitlines()
        for number, line in enumerate(lines):
            if number == quirks.cut_after:
                channel.get_transport().sock.shutdown(socket.SHUT_RDWR)
                return False
            if number == quirks.hangs_after:
                return False
            if quirks.page_lines and number and number % quirks.page_lines == 0:
                channel.sendall(quirks.page_question.encode())
                if channel.recv(1) != b" ":
                    return False
                channel.sendall(quirks.page_wiped.encode())
            channel.sendall(f"{line}\r\n".encode())
            time.sleep(quirks.slow_seconds)
        while quirks.endless:
            channel.sendall(b"! and so on and on\r\n" * 500)
        return True


def _lines(channel: paramiko.Channel) -> Iterator[str]:
    typed = b""
    while data := channel.recv(1):
        if data != b"\n":
            typed += data
            continue
        yield typed.decode()
        typed = b""


@dataclass(frozen=True)
class Device:
    """A device that runs: its port and the host key that it proves to hold."""

    port: int
    host_key: str


@contextmanager
def device_server(quirks: Quirks, address: str = "127.0.0.1") -> Iterator[Device]:
    """Serve as a device on a free port of a loopback address."""
    own = paramiko.ECDSAKey.generate()
    with ExitStack() as stack:
        listening = socket.create_server((address, 0))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    transport = paramiko.Transport(connection)
                    transport.add_server_key(own)
                    stack.callback(transport.close)
                    with suppress(paramiko.SSHException, EOFError):
                        transport.start_server(event=threading.Event(), server=_Device(quirks))

        stack.callback(listening.close)
        stack.callback(lambda: listening.shutdown(socket.SHUT_RDWR))
        threading.Thread(target=accept, daemon=True).start()
        yield Device(listening.getsockname()[1], f"{own.get_name()} {own.get_base64()}")
