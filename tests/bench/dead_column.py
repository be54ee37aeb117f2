"""`python -m tests.bench.dead_column`: scrapes of a switch that answers badly for one column.

Three 60-port switches over loopback: one is well, one never answers a question in which ifAlias
stands, one cuts such answers off. The exporter is scraped over HTTP, with its patience as it
comes. Writes its section of docs/benchmarks.md.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import cast

import click
from aiohttp import ClientSession

from monitors.snmp import oid
from monitors.snmp.replay.agent import Access
from monitors.snmp.replay.simulated_switches import switch
from tests.bench.exporter import exporter
from tests.bench.processes import python, started
from tests.bench.report import table, write_section
from tests.bench.scraping import client, get, until_served
from tests.bench.switches import COMMUNITY, PORT, USER

PORTS, SCRAPES, ROUNDS = 60, 3, 5
COLUMN = oid.encode("1.3.6.1.2.1.31.1.1.1.18")
FIRST = IPv4Address("127.20.1.1")
# Every other of the exporter's devices is polled with SNMPv3, where nobody sees what is asked.
STEP = 2

Fault = Callable[[bytes, bytes | None], bytes | None]
FAULTS: dict[str, Fault] = {
    "answered": lambda _, answer: answer,
    "never answered": lambda question, answer: None if COLUMN in question else answer,
    "cut off": lambda _, answer: answer[:-3] if answer and COLUMN in answer else answer,
}


@dataclass(frozen=True, slots=True)
class Scrape:
    """How long a scrape took, and how many samples it gave."""

    seconds: float
    samples: int


class FaultyAgent(asyncio.DatagramProtocol):
    """A switch with a fault."""

    def __init__(self, fault: Fault) -> None:
        """``fault`` makes of a question and its answer what is sent."""
        self._fault, self._switch = fault, switch("dead", Access(COMMUNITY, (USER,)), ports=PORTS)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are sent by."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer, badly."""
        answer = self._fault(data, self._switch.answer(data))
        if answer is not None:
            self._transport.sendto(answer, addr)


def _listener(fault: Fault) -> Callable[[], FaultyAgent]:
    return lambda: FaultyAgent(fault)


async def serve() -> None:
    """Answer for every fault at an address of its own, until the process is ended."""
    loop = asyncio.get_running_loop()
    for at, fault in enumerate(FAULTS.values()):
        where = (str(FIRST + at * STEP), PORT)
        await loop.create_datagram_endpoint(_listener(fault), where)
    await asyncio.Event().wait()


async def scraped(address: str, urls: Sequence[str]) -> list[list[Scrape]]:
    """Scrape each target a few times in a row."""
    await until_served(f"{address}/-/healthy")
    async with client(1) as session:
        return [[await _scrape(session, url) for _ in range(SCRAPES)] for url in urls]


async def _scrape(session: ClientSession, url: str) -> Scrape:
    begun = time.monotonic()
    text = await get(session, url)
    seconds = time.monotonic() - begun
    return Scrape(seconds, sum(line[:1] not in ("", "#") for line in text.splitlines()))


def measured() -> list[list[Scrape]]:
    """The scrapes of the switch with each fault: medians of some rounds, each begun anew."""
    rounds = [_measured() for _ in range(ROUNDS)]
    return [
        [_median([scrapes[fault][at] for scrapes in rounds]) for at in range(SCRAPES)]
        for fault in range(len(FAULTS))
    ]


def _median(scrapes: Sequence[Scrape]) -> Scrape:
    seconds = statistics.median(scrape.seconds for scrape in scrapes)
    return Scrape(seconds, min(scrape.samples for scrape in scrapes))


def _measured() -> list[list[Scrape]]:
    addresses = [str(FIRST + at) for at in range(STEP * len(FAULTS))]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stack.enter_context(started(python("-m", "tests.bench.dead_column", "--serve")))
        own = stack.enter_context(exporter(Path(folder), addresses))
        return asyncio.run(scraped(own.address, [own.url(target) for target in own.v2c]))


def lines_of(results: Sequence[Sequence[Scrape]]) -> list[str]:
    """The section's text."""
    head = ("ifAlias is", *(f"scrape {at + 1}" for at in range(SCRAPES)), "samples, first and last")
    rows = [
        (
            fault,
            *(f"{scrape.seconds:.2f} s" for scrape in scrapes),
            f"{scrapes[0].samples}, {scrapes[-1].samples}",
        )
        for fault, scrapes in zip(FAULTS, results, strict=True)
    ]
    return [
        f"A {PORTS}-port switch over loopback, v2c, all profiles that suit it, scraped over HTTP;"
        " an answer is waited for 1.5 s, and 1 s once the device has answered. What fails is found"
        " at the first scrape, and then rests."
        f" Medians of {ROUNDS} rounds, each with a new exporter.",
        "",
        *table(head, rows),
    ]


@click.command()
@click.option("--serve", "serves", is_flag=True, hidden=True, help="Be the switches.")
@click.option("--write/--no-write", default=True, help="Write the section.")
def main(serves: bool, write: bool) -> None:
    """Measure, print, and write the section."""
    if serves:
        asyncio.run(serve())
    lines = lines_of(measured())
    if write:
        click.echo(write_section("SNMP: a dead column", "python -m tests.bench.dead_column", lines))
    else:
        click.echo("\n".join(lines))


if __name__ == "__main__":
    main()
