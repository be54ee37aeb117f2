"""What an SSH server offers to anybody: its algorithms, and the ways to log in to an account.

An account is asked for with the method `none`, which no server counts as a failed try at a known
account, and which it answers with the methods that it would take (RFC 4252, 5.2). No key and no
password is ever offered. A server takes one account a connection.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import paramiko

from monitors.ssh.greeting import Link, limited, version_of
from monitors.ssh.host_keys import line_of
from monitors.ssh.transport import start
from monitors.text import escaped_line

NONE = "none"
MOST_NAMES = 64
LONGEST_NAME = 100
# RFC 8308 and OpenSSH's PROTOCOL, 1.10: they say what the server can do, and are no key exchange.
SIGNS = ("ext-info-s", "kex-strict-s-v00@openssh.com")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server offers in one connection; `problem` says where it ended, if it did early.

    `methods` are the ways to log in to the account, `none` alone where it is let in without any;
    None when the account could not be asked for.
    """

    version: str = ""
    host_key: str | None = None
    key_exchanges: tuple[str, ...] = ()
    host_key_algorithms: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    methods: tuple[str, ...] | None = None
    problem: str = ""


def offer(link: Link, account: str, wanted: str | None, seconds: float) -> Offer:
    """Return what a server offers over a connection, which stays the caller's.

    `wanted`: the host key that is expected, of whose kind the server is asked for one.
    """
    transport = _Transport(limited(link))  # type: ignore[arg-type]
    key, methods, problem = None, None, ""
    try:
        start(transport, wanted, seconds)
        key = line_of(transport.get_remote_server_key())
        methods = _methods(transport, account)
    except Exception as error:  # noqa: BLE001 (whatever a strange server provokes)
        said = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        problem = escaped_line(said or "it ended the connection")
    finally:
        transport.close()
    offered = transport.offered
    return Offer(
        version=version_of(transport),
        host_key=key,
        key_exchanges=tuple(n for n in _names(offered, "kex_algo_list") if n not in SIGNS),
        host_key_algorithms=_names(offered, "server_key_algo_list"),
        ciphers=_names(offered, "server_encrypt_algo_list", "client_encrypt_algo_list"),
        macs=_names(offered, "server_mac_algo_list", "client_mac_algo_list"),
        methods=methods,
        problem=problem,
    )


class _Transport(paramiko.Transport):
    """A transport that keeps what the server offers (RFC 4253, 7.1)."""

    offered: Mapping[str, Any] = {}

    def _really_parse_kex_init(self, m: Any, ignore_first_byte: bool = False) -> Any:
        parsed = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:  # else it is our own
            self.offered = parsed
        return parsed


def _methods(transport: paramiko.Transport, account: str) -> tuple[str, ...]:
    try:
        transport.auth_none(account)
    except paramiko.BadAuthenticationType as refused:
        return tuple(sorted(escaped_line(name[:LONGEST_NAME]) for name in refused.allowed_types))
    return (NONE,)


def _names(offered: Mapping[str, Any], *lists: str) -> tuple[str, ...]:
    """Return the names of lists, each once, fit to be shown; both directions are one."""
    names = dict.fromkeys(str(name) for key in lists for name in offered.get(key, ()))
    return tuple(escaped_line(name[:LONGEST_NAME]) for name in list(names)[:MOST_NAMES])
