"""A host on the loopback, looked at as a whole: what speaks where, politely, and what cannot be."""

import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from monitors.outside.document import OutsideView, Speaks, TcpPort
from monitors.outside.look import LOGINS_AT_ONCE, look
from monitors.outside.plan import Plan
from monitors.ssh.offer import Offer, offer
from tests.loopback import free_port
from tests.monitors.outside.servers import (
    HERE,
    NAME,
    certificate,
    http_server,
    says,
    serving,
    silent,
    tls_server,
)
from tests.monitors.outside.ssh_server import LINE, ssh_server

ACCOUNTS = ("root", "bastide-audit", "bastide-nobody", "ana", "ben", "eva")


def plan(*ports: int, ssh: tuple[int, ...] = (), addresses: tuple[str, ...] = (HERE,)) -> Plan:
    return Plan(
        "velgora-app",
        addresses,
        ssh_ports=ssh,
        tcp_ports=ports,
        accounts=ACCOUNTS,
        names=(NAME,),
        host_key=LINE,
    )


def ports(view: OutsideView, address: int = 0) -> dict[int, TcpPort]:
    return {port.port: port for port in view.addresses[address].tcp}


def test_what_speaks_is_told_apart_by_what_it_says(tmp_path: Path) -> None:
    with ExitStack() as stack:
        ssh, logins = stack.enter_context(ssh_server(HERE, {"*": "publickey"}))
        tls = stack.enter_context(http_server(200, {"X-Powered-By": "x"}, certificate(tmp_path)))
        web = stack.enter_context(http_server(308, {"Location": "https://x/", "Set-Cookie": "s"}))
        other = stack.enter_context(serving(says(b"* hello \x1b[2J\r\n")))
        mute = stack.enter_context(serving(silent))
        closed = free_port(HERE)
        view = look(plan(ssh, tls, web, other, mute, closed, ssh=(ssh,)))

    seen = ports(view)
    assert {number: port.speaks for number, port in seen.items()} == {
        ssh: Speaks.SSH,
        tls: Speaks.TLS,
        web: Speaks.HTTP,
        other: Speaks.OTHER,
        mute: Speaks.OTHER,
    }
    assert view.addresses[0].refused == (closed,)
    assert seen[other].greeting == "* hello \\x1b[2J"
    plain, secured, certified, logged_in = (
        seen[web].http,
        seen[tls].http,
        seen[tls].tls,
        seen[ssh].ssh,
    )
    assert plain
    assert (plain.status, plain.headers["location"]) == (308, "https://x/")
    assert "set-cookie" not in plain.headers
    assert secured
    assert secured.headers["x-powered-by"] == "x"
    assert certified
    assert len(certified.certificates) == 1
    assert logged_in
    assert {a.account: a.methods for a in logged_in.accounts} == dict.fromkeys(
        ACCOUNTS, ("publickey",)
    )
    assert sorted(logins.asked) == sorted(ACCOUNTS)
    assert logins.tried == []
    assert not view.problem


@pytest.mark.parametrize("drops", [1, 2])
def test_a_server_that_has_too_many_logins_waiting_is_asked_again(drops: int) -> None:
    with ssh_server(HERE, {"*": "publickey"}, drops=drops) as (port, logins):
        server = ports(look(plan(port, ssh=(port,))))[port].ssh
    assert server
    assert {account.methods for account in server.accounts} == {("publickey",)}
    assert sorted(logins.asked) == sorted(ACCOUNTS)


def test_ssh_is_known_where_nobody_declared_it() -> None:
    with ssh_server(HERE, {"root": "password", "*": "publickey"}) as (port, _):
        server = ports(look(plan(port)))[port].ssh
    assert server
    assert server.accounts[0].methods == ("password",)


def test_a_host_of_several_addresses_is_logged_in_to_no_more_often_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    under_way, most, lock = [0], [0], threading.Lock()

    def counted(*arguments: Any) -> Offer:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        try:
            return offer(*arguments)
        finally:
            with lock:
                under_way[0] -= 1

    monkeypatch.setattr("monitors.outside.look.offer", counted)
    addresses = tuple(f"127.77.8.{number}" for number in range(20, 25))
    with ssh_server("0.0.0.0", {"*": "publickey"}) as (port, logins):  # noqa: S104
        view = look(plan(port, ssh=(port,), addresses=addresses))
    offered = [address.tcp[0].ssh for address in view.addresses]
    assert [len(ssh.accounts) for ssh in offered if ssh and not ssh.problem] == [6] * 5
    assert most == [LOGINS_AT_ONCE]
    assert len(logins.asked) == 30


def test_every_address_is_looked_at_and_no_answer_at_one_is_no_problem() -> None:
    with ssh_server("127.77.8.4", {"*": "publickey"}) as (port, _):
        view = look(plan(port, ssh=(port,), addresses=(HERE, "127.77.8.4", "fd77::bad")))
    assert [bool(address.tcp) for address in view.addresses] == [False, True, False]
    assert view.addresses[0].refused == (port,)
    assert len(view.seen) == 2


@pytest.mark.parametrize(
    ("address", "possible", "said"),
    [("127.0.0.1", False, "this machine's own"), ("fd77::bad", True, "nothing answers at")],
)
def test_no_view_says_why(address: str, possible: bool, said: str) -> None:
    view = look(plan(9, addresses=(address,)))
    assert (view.possible, view.seen) == (possible, ())
    assert said in view.problem


def test_a_host_that_answers_at_every_port_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitors.outside.look.MOST_OPEN", 1)
    with serving(says(b"hi\r\n")) as first, serving(says(b"hi\r\n")) as second:
        view = look(plan(first, second))
    assert (view.possible, view.seen != ()) == (True, True)
    assert f"{HERE} takes connections at 2 ports" in view.problem


def test_a_host_that_is_reached_in_another_way_is_not_looked_at() -> None:
    view = look(Plan("velgora-app", impossible="through a jump host only"))
    assert (view.possible, view.problem) == (False, "through a jump host only")


def test_a_server_that_tells_nothing_and_never_ends_does_not_hold_it_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitors.outside.look.SSH_SECONDS", 1)

    def endless(link: socket.socket) -> None:
        while True:
            link.sendall(b"x" * 1000)
            time.sleep(0.01)

    began = time.monotonic()
    with serving(endless) as port, serving(silent) as mute:
        view = look(plan(port, mute, ssh=(mute,)))
    assert time.monotonic() - began < 8
    assert {port.speaks for port in view.addresses[0].tcp} == {Speaks.OTHER}


def test_a_second_look_adds_its_ports() -> None:
    with serving(says(b"hi\r\n")) as first, serving(says(b"hi\r\n")) as second:
        whole = plan(first)
        view = look(whole).with_ports(look(whole.at([second])))
    assert sorted(ports(view)) == sorted((first, second))


def test_what_was_seen_is_read_back_as_it_was(tmp_path: Path) -> None:
    with tls_server(certificate(tmp_path)) as port:
        view = look(plan(port))
    assert OutsideView.model_validate_json(view.model_dump_json()) == view
    assert threading.active_count() < 20
