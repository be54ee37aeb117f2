"""A real SSH server on a loopback address with methods by account, and what came to it."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL

KEY = paramiko.ECDSAKey.generate()
LINE = f"{KEY.get_name()} {KEY.get_base64()}"


@dataclass
class Logins:
    """What came: accounts that were asked for with `none`, and for which a proof was tried."""

    asked: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)


class _Interface(paramiko.ServerInterface):
    def __init__(self, methods: Mapping[str, str], logins: Logins) -> None:
        self._methods, self._logins = methods, logins

    def get_allowed_auths(self, username: str) -> str:
        return self._methods.get(username, self._methods["*"])

    def check_auth_none(self, username: str) -> int:
        self._logins.asked.append(username)
        free = self.get_allowed_auths(username) == "none"
        return int(AUTH_SUCCESSFUL if free else AUTH_FAILED)

    def check_auth_password(self, username: str, password: str) -> int:
        self._logins.tried.append(username)
        return int(AUTH_FAILED)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self._logins.tried.append(username)
        return int(AUTH_FAILED)


@contextmanager
def ssh_server(
    address: str,
    methods: Mapping[str, str],
    port: int = 0,
    preferred: Mapping[str, tuple[str, ...]] | None = None,
    drops: int = 0,
) -> Iterator[tuple[int, Logins]]:
    """Serve SSH; `methods` by account, `*` for all others, `none` lets in without any proof.

    The first `drops` connections are dropped as OpenSSH does when too many wait. `preferred` sets
    lists of algorithms by paramiko's own names (`ciphers`, `digests`, `kex`).
    """
    logins, listening = Logins(), socket.create_server((address, port))
    transports: list[paramiko.Transport] = []

    def one(link: socket.socket) -> None:
        transport = paramiko.Transport(link)
        transport.add_server_key(KEY)
        for name, value in (preferred or {}).items():
            setattr(transport.get_security_options(), name, value)
        transports.append(transport)
        with suppress(paramiko.SSHException, EOFError, OSError):
            transport.start_server(server=_Interface(methods, logins))

    def accept() -> None:
        with suppress(OSError):
            for number in count():
                link, _ = listening.accept()
                if number < drops:
                    with link:
                        link.sendall(b"Exceeded MaxStartups\r\n")
                    continue
                threading.Thread(target=one, args=(link,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1], logins
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for transport in transports:
            transport.close()
