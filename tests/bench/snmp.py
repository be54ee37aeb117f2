"""`python -m tests.bench.snmp`: the SNMP exporter beside the field's, in one run.

48-port switches, 13 columns of IF-MIB, 624 values; simulated in a process of their own. Then the
fleet: thousands of switches through one exporter at 60 s. Writes its section of docs/benchmarks.md.
"""

import asyncio
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from tests.bench.exporter import Exporter, exporter
from tests.bench.processes import cpu_seconds, memory_mib
from tests.bench.report import table, write_section
from tests.bench.rivals.columns import COLUMNS, VALUES
from tests.bench.rivals.debian import UnavailableError, snmp_exporter
from tests.bench.rivals.library import cpu_per_poll
from tests.bench.scraping import (
    Punctuality,
    at_interval,
    client,
    cpu_per_scrape,
    get,
    until_served,
)
from tests.bench.switches import PORT, Switches, switches

ROUNDS = 3
DEVICES = 64
INTERVAL_SECONDS = 60.0
GOAL_DEBIAN, GOAL_PYSNMP = 4.0, 45.0
GOAL_PACKETS = 13
GOAL_V3 = 1.25
GOAL_SHARE, GOAL_MIB = 0.5, 150.0

OURS, OURS_V3 = "bastide, v2c", "bastide, v3 authPriv"
DEBIAN, PYSNMP = "snmp_exporter, v2c", "pysnmp, v2c"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to poll: ``cost`` makes so many polls and returns CPU seconds a poll.

    ``more`` polls are made besides, and not counted.
    """

    name: str
    polls: int
    cost: Callable[[int], float]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds and packets of one poll: medians over the rounds."""

    seconds: float
    packets: float


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a fleet at 60 s costs: shares of one core, MiB, seconds of a scrape."""

    devices: int
    share_first: float
    share: float
    mib: float
    peak_mib: float
    median: float
    slowest: float
    scrapes: int
    late: int
    failures: int


@click.command()
@click.option("--fleet", "devices", default=2000, show_default=True, help="0: leave it out.")
@click.option("--minutes", default=2, show_default=True, help="Of the fleet, after its first.")
@click.option("--only-ours", is_flag=True, help="Leave out the others; write nothing.")
@click.option("--write/--no-write", default=True, help="Write the section.")
def main(devices: int, minutes: int, only_ours: bool, write: bool) -> None:
    """Measure, print, and write the section."""
    with tempfile.TemporaryDirectory() as folder:
        costs, version = side_by_side(Path(folder), only_ours=only_ours)
    lines = [*comparison(costs, version)]
    if devices:
        with tempfile.TemporaryDirectory() as folder:
            lines += fleet_lines(asyncio.run(fleet(Path(folder), devices, minutes)))
    if only_ours or not write:
        click.echo("\n".join(lines))
    else:
        click.echo(write_section("SNMP", "python -m tests.bench.snmp", lines))


def side_by_side(folder: Path, *, only_ours: bool) -> tuple[dict[str, Cost], str]:
    """Cost by candidate, in turns, so that what else the machine does meets them alike."""
    with ExitStack() as stack:
        running = stack.enter_context(switches(DEVICES))
        own = stack.enter_context(exporter(folder, running.addresses))
        candidates, version = _ours(own), ""
        if not only_ours:
            debian, version = _debian(stack, folder, running)
            candidates = [*candidates, *debian, *_libraries()]
        measured: dict[str, list[Cost]] = {each.name: [] for each in candidates}
        for _ in range(ROUNDS):
            for each in candidates:
                before = running.packets()
                seconds = each.cost(each.polls)
                packets = (running.packets() - before) / (each.polls + each.more)
                measured[each.name].append(Cost(seconds, packets))
    return {name: _median(costs) for name, costs in measured.items()}, version


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.packets for cost in costs),
    )


def _ours(own: Exporter) -> list[Candidate]:
    urls = {
        OURS: [own.url(target, "interfaces") for target in own.v2c],
        OURS_V3: [own.url(target, "interfaces") for target in own.v3],
        "bastide, v3, every profile": [own.url(target) for target in own.v3],
    }
    asyncio.run(until_served(f"{own.address}/-/healthy"))
    for chosen in urls.values():
        # Twice: names are read at the first poll and remembered.
        asyncio.run(cpu_per_scrape(own.process, chosen, 2 * len(chosen)))
        _check(chosen[0])
    return [Candidate(name, 320, _scraping(own.process, chosen)) for name, chosen in urls.items()]


def _debian(stack: ExitStack, folder: Path, running: Switches) -> tuple[list[Candidate], str]:
    try:
        process, address, version = stack.enter_context(snmp_exporter(folder))
    except UnavailableError as error:
        click.echo(f"left out: {error}", err=True)
        return [], ""
    asyncio.run(until_served(f"{address}/"))
    modules = {
        "v2c": DEBIAN,
        "v3": "snmp_exporter, v3 authPriv",
        "v2c_50": "snmp_exporter, v2c, 50 repetitions",
    }
    candidates = []
    for module, name in modules.items():
        urls = [f"{address}/snmp?target={at}:{PORT}&module={module}" for at in running.addresses]
        _check(urls[0])
        candidates.append(Candidate(name, 160, _scraping(process, urls)))
    return candidates, version


def _libraries() -> list[Candidate]:
    def polling(library: str, version: str) -> Callable[[int], float]:
        return lambda polls: cpu_per_poll(library, version, polls)

    libraries = {
        PYSNMP: (12, "pysnmp", "v2c"),
        "pysnmp, v3 authPriv": (8, "pysnmp", "v3"),
        "gufo-snmp, v2c": (100, "gufo-snmp", "v2c"),
        "gufo-snmp, v3 authPriv": (100, "gufo-snmp", "v3"),
        "gufo-snmp, blocking, v2c": (100, "gufo-snmp, blocking", "v2c"),
    }
    return [
        Candidate(name, polls, polling(library, version), more=1)
        for name, (polls, library, version) in libraries.items()
    ]


def _scraping(process: int, urls: list[str]) -> Callable[[int], float]:
    return lambda polls: asyncio.run(cpu_per_scrape(process, urls, polls))


def _check(url: str) -> None:
    """See that all values are there; raises click.ClickException."""
    text = asyncio.run(_once(url))
    names = "|".join(column.metric for column in COLUMNS)
    count = len(re.findall(rf"^(?:{names})\{{", text, re.M))
    if count != VALUES:
        raise click.ClickException(f"{url}: expected {VALUES} values, found {count}: {text[:500]}")


async def _once(url: str) -> str:
    async with client() as session:
        return await get(session, url)


async def fleet(folder: Path, devices: int, minutes: int) -> Fleet:
    """Poll a fleet at 60 s: one minute to learn it, then the minutes that count."""
    went = Punctuality([], [])
    with switches(devices) as running, exporter(folder, running.addresses) as own:
        await until_served(f"{own.address}/-/healthy")
        urls = [own.url(target) for target in (*own.v2c, *own.v3)]
        first = await _share(own, urls, 1, went)
        went = Punctuality([], went.failures)
        share = await _share(own, urls, minutes, went)
        mib, peak = memory_mib(own.process)
    return Fleet(
        devices,
        first,
        share,
        mib,
        peak,
        statistics.median(went.seconds),
        max(went.seconds),
        len(went.seconds),
        went.late,
        len(went.failures),
    )


async def _share(own: Exporter, urls: list[str], rounds: int, went: Punctuality) -> float:
    """Scrape at the interval; return the share of one core that the exporter took meanwhile."""
    before, begun = cpu_seconds(own.process), time.monotonic()
    await at_interval(urls, INTERVAL_SECONDS, rounds, went)
    return (cpu_seconds(own.process) - before) / (time.monotonic() - begun)


def comparison(costs: dict[str, Cost], version: str) -> Iterator[str]:
    """The section's lines on one device."""
    yield (
        f"A 48-port switch, {len(COLUMNS)} columns, {VALUES} values; CPU of the process that asks, "
        f"the switches simulated outside it; medians of {ROUNDS} rounds in turns. bastide and "
        f"snmp_exporter{f' ({version}, Debian)' if version else ''} answer over HTTP with the text "
        "rendered, to eight scrapes at once; the libraries only read the values, one column after "
        "another. bastide's names are remembered, as they are in service."
    )
    yield ""
    ours = costs[OURS]
    head = ("", "CPU a poll", "devices per CPU-second", "packets a poll", "times bastide's CPU")
    rows = [
        (
            name,
            f"{1000 * cost.seconds:.2f} ms",
            f"{1 / cost.seconds:.0f}",
            f"{cost.packets:.1f}",
            f"{cost.seconds / ours.seconds:.1f}",
        )
        for name, cost in costs.items()
    ]
    yield from table(head, rows)
    yield from table(("", "measured", "goal"), list(_goals(costs)))


def _goals(costs: dict[str, Cost]) -> Iterator[tuple[str, str, str]]:
    ours = costs[OURS]
    for name, goal in ((DEBIAN, GOAL_DEBIAN), (PYSNMP, GOAL_PYSNMP)):
        if name in costs:
            times = costs[name].seconds / ours.seconds
            yield f"devices per CPU-second, times {name}", f"{times:.1f}", f"≥ {goal:.0f}"
    yield "packets a poll", f"{ours.packets:.1f}", f"≤ {GOAL_PACKETS}"
    v3 = costs[OURS_V3].seconds / ours.seconds
    yield "CPU of v3 authPriv over v2c", f"{v3:.2f}", f"≤ {GOAL_V3}"


def fleet_lines(measured: Fleet) -> list[str]:
    """The section's lines on the fleet."""
    share, mib = measured.share / GOAL_SHARE, measured.mib / GOAL_MIB
    head = (f"{measured.devices} switches at 60 s, every profile", "measured", "goal", "ratio")
    rows = [
        ("share of one core", f"{measured.share:.2f}", f"{GOAL_SHARE}", f"{share:.2f}"),
        ("… in the first minute, names and choice", f"{measured.share_first:.2f}", "", ""),
        ("memory, resident", f"{measured.mib:.0f} MiB", f"{GOAL_MIB:.0f} MiB", f"{mib:.2f}"),
        ("memory, peak", f"{measured.peak_mib:.0f} MiB", "", ""),
        ("scrape, median", f"{1000 * measured.median:.0f} ms", "", ""),
        ("scrape, slowest", f"{1000 * measured.slowest:.0f} ms", "", ""),
        ("scrapes begun a second late or more", f"{measured.late} of {measured.scrapes}", "0", ""),
        ("scrapes that failed", f"{measured.failures}", "0", ""),
    ]
    note = (
        "Half of the fleet is polled with v2c, half with v3 authPriv; exporter, switches and "
        "scraper share the machine."
    )
    return [*table(head, rows), note]


if __name__ == "__main__":
    main()
