"""What a server offers before a login: an account a connection, and never a key or a password."""

import socket
from collections.abc import Mapping

import pytest

from monitors.ssh.offer import Offer, offer
from tests.monitors.outside.servers import HERE, Converse, says, serving, silent
from tests.monitors.outside.ssh_server import LINE, Logins, ssh_server

CLEAR = b"\x1b[2J"
METHODS = {"root": "password,publickey", "guest": "none", "*": "publickey"}


def offered(
    account: str, preferred: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[Offer, Logins]:
    with (
        ssh_server(HERE, METHODS, preferred=preferred) as (port, logins),
        socket.create_connection((HERE, port)) as link,
    ):
        return offer(link, account, LINE, 5), logins


@pytest.mark.parametrize(
    ("account", "methods"),
    [
        ("root", ("password", "publickey")),
        ("nobody-here", ("publickey",)),
        ("guest", ("none",)),
    ],
)
def test_methods_are_those_of_the_account_and_nothing_is_tried(
    account: str, methods: tuple[str, ...]
) -> None:
    seen, logins = offered(account)
    assert (seen.methods, seen.problem, seen.host_key) == (methods, "", LINE)
    assert (logins.asked, logins.tried) == ([account], [])


def test_algorithms_are_the_servers_in_its_own_order() -> None:
    ciphers = ("aes256-ctr", "aes128-ctr")
    seen, _ = offered("root", {"ciphers": ciphers, "digests": ("hmac-sha1", "hmac-sha2-512")})
    assert seen.ciphers == ciphers
    assert seen.macs == ("hmac-sha1", "hmac-sha2-512")
    assert "curve25519-sha256@libssh.org" in seen.key_exchanges
    assert not any(name.startswith("kex-strict") for name in seen.key_exchanges)


@pytest.mark.parametrize(
    "converse",
    [
        says(b""),
        says(b"SSH-2.0-old\r\n" + b"x" * 200),
        says(b"SSH-1.5-" + CLEAR + b"\r\n"),
        says(b"HTTP/1.1 400\r\n\r\n"),
        says(b"SSH-2.0-" + CLEAR + b"\r\n", then=silent),
    ],
)
def test_strange_servers_are_a_problem_in_one_clean_line(converse: Converse) -> None:
    with serving(converse) as port, socket.create_connection((HERE, port)) as link:
        seen = offer(link, "root", None, 1)
    assert seen.methods is None
    assert seen.host_key is None
    assert seen.problem
    assert all(text.isprintable() for text in (seen.problem, seen.version))
