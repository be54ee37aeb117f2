"""UDP services answer what they know; strangers, closed ports and silence do not."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from monitors.outside import udp
from monitors.outside.document import UdpPort
from monitors.outside.tables import SNMP_PORT, UDP_PROBES
from monitors.outside.udp import udp_ports
from tests.monitors.outside.servers import HERE
from tests.monitors.snmp.net_snmp import SNMPD, running_snmpd

NTP = 123


@contextmanager
def answering(port: int, answer: bytes | None, drop: int = 0) -> Iterator[list[bytes]]:
    """Serve a UDP port that answers all but the first datagrams; yield what came."""
    came: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((HERE, port))
        server.settimeout(0.1)
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                try:
                    data, who = server.recvfrom(2048)
                except TimeoutError:
                    continue
                came.append(data)
                if answer is not None and len(came) > drop:
                    server.sendto(answer, who)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield came
        finally:
            stopped.set()
            thread.join()


def asked(*ports: int) -> tuple[UdpPort, ...]:
    return asyncio.run(udp_ports(HERE, ports))


def test_a_closed_port_and_one_without_a_known_datagram_are_no_services() -> None:
    assert asked(NTP, 40_000) == ()


@pytest.mark.parametrize(("answer", "drop", "sent"), [(None, 0, 2), (b"x", 1, 2), (b"x", 0, 1)])
def test_a_lost_datagram_is_sent_once_more_and_never_a_third_time(
    answer: bytes | None, drop: int, sent: int
) -> None:
    with answering(NTP, answer, drop) as came:
        ports = asked(NTP)
    assert len(came) == sent
    assert ports == ((UdpPort(port=NTP, service="ntp"),) if answer else ())


@pytest.mark.skipif(SNMPD is None, reason="snmpd is not installed")
@pytest.mark.parametrize(
    ("access", "versions"),
    [
        ("rocommunity public", ("v1", "v2c", "v3")),
        ("rocommunity secret", ("v3",)),
        ("rouser auditor priv", ("v3",)),
    ],
)
def test_versions_of_snmp_that_a_real_agent_answers(
    tmp_path: Path, access: str, versions: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_snmpd(tmp_path, HERE, [access]) as port:
        moved = tuple(replace(probe, port=port) for probe in UDP_PROBES if probe.port == SNMP_PORT)
        monkeypatch.setattr(udp, "UDP_PROBES", moved)
        assert asked(port) == (UdpPort(port=port, service="snmp", versions=versions),)
