"""Scrapes over HTTP, as Prometheus does them, and what they cost the process that answers."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from tests.bench.processes import cpu_seconds

TIMEOUT_SECONDS = 20.0
# Prometheus would also accept gzip; that is left out for everybody alike.
HEADERS = {
    "Accept": "text/plain;version=0.0.4",
    "Accept-Encoding": "identity",
    "X-Prometheus-Scrape-Timeout-Seconds": str(TIMEOUT_SECONDS),
}
AT_ONCE = 8


class ScrapeError(Exception):
    """A scrape did not give what it should."""


def client(connections: int = AT_ONCE) -> ClientSession:
    """A client that keeps its connections, as Prometheus does."""
    return ClientSession(
        connector=TCPConnector(limit=connections),
        headers=HEADERS,
        timeout=ClientTimeout(total=TIMEOUT_SECONDS),
    )


async def get(session: ClientSession, url: str) -> str:
    """The text of a scrape. Raises ScrapeError."""
    try:
        async with session.get(url) as answer:
            text = await answer.text()
    except (ClientError, TimeoutError) as error:
        raise ScrapeError(f"{url}: {type(error).__name__} {error}") from error
    if answer.status != 200:
        raise ScrapeError(f"{url}: {answer.status} {text[:200]}")
    return text


async def until_served(url: str) -> None:
    """Wait until somebody answers there. Raises ScrapeError after 30 s."""
    async with client() as session:
        for _ in range(300):
            try:
                await get(session, url)
            except ScrapeError as error:
                last = error
                await asyncio.sleep(0.1)
            else:
                return
    raise last


async def cpu_per_scrape(process: int, urls: Sequence[str], count: int) -> float:
    """CPU seconds that a scrape costs a process; the URLs in turn, eight at once."""
    todo = iter(urls[at % len(urls)] for at in range(count))
    async with client() as session:

        async def worker() -> None:
            for url in todo:
                await get(session, url)

        before = cpu_seconds(process)
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return (cpu_seconds(process) - before) / count


@dataclass(slots=True)
class Punctuality:
    """How scrapes at an interval went: seconds that each took, and what failed."""

    seconds: list[float]
    failures: list[str]
    late: int = 0


async def at_interval(urls: Sequence[str], interval: float, rounds: int, went: Punctuality) -> None:
    """Scrape each URL ``rounds`` times at an interval, spread evenly over it.

    A scrape whose answer must hold ``bastide_snmp_success 1`` and does not is a failure; one that
    takes longer than its interval delays the next, which is then late.
    """
    async with client(len(urls)) as session:
        begun = time.monotonic()

        async def one(at: int, url: str) -> None:
            for turn in range(rounds):
                due = begun + (turn + at / len(urls)) * interval
                wait = due - time.monotonic()
                await asyncio.sleep(max(0.0, wait))
                went.late += wait < -1.0
                sent = time.monotonic()
                try:
                    if "\nbastide_snmp_success 1\n" not in await get(session, url):
                        went.failures.append(f"{url}: no success")
                except ScrapeError as error:
                    went.failures.append(str(error))
                went.seconds.append(time.monotonic() - sent)

        await asyncio.gather(*(one(at, url) for at, url in enumerate(urls)))
