"""`python -m tests.bench.agentless`: how fast a server is audited on which nothing is installed.

Servers of a strange town, up for this alone unless STRANGE_TOWN names one, behind 50 ms of round
trip: log in (through a jump host, with sudo's password), send the collector, keep the bundle, judge
every control. Writes its section of docs/benchmarks.md.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from inventory.connections import Connection, connection
from inventory.entries import InventoryHost, hosts
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.secrets import resolve
from monitors.audit.judge.command_list import asked_of, commands
from monitors.audit.model.controls import load_controls
from monitors.audit.model.declared import declared_of
from monitors.audit.run import audit_host
from monitors.collection.agentless import fetch_agentless
from monitors.collection.bundle import FetchFailure
from tests.bench.report import table, write_section
from tests.bench.tcp_delay import delayed
from tests.strange_town.fixtures import running_town
from tests.town_estate import password, town_estate

ROUND_TRIP_SECONDS = 0.05
GOAL_SECONDS = 2.0
REPEATS = 5
TABLE = load_controls()
WAYS = {
    "files": "directly, sudo without a password",
    "web": "through a jump host, sudo by password",
    "new": "directly, as root",
    "bare": "directly, as root, no Python: plain sh",
}


@click.command()
@click.option("--write/--no-write", default=True, help="Write the section of docs/benchmarks.md.")
def main(write: bool) -> None:
    """Measure, print, and write the section."""
    with running_town() as made, tempfile.TemporaryDirectory() as folder:
        os.environ.update(password(made))
        estate = load_estate(town_estate(Path(folder, "estate"), made))
        state = Path(folder, "state")
        state.mkdir()
        seconds = {host: measure(estate, host, state) for host in WAYS}
    measured = list(lines(seconds))
    if write:
        click.echo(write_section("Agentless audits", "python -m tests.bench.agentless", measured))
    else:
        click.echo("\n".join(measured))


def measure(estate: Estate, name: str, state: Path) -> tuple[float, float]:
    """Return the median seconds of audits of a host, and the seconds of one without the delay."""
    (entry,) = (entry for entry in hosts(estate) if entry.host.id == name)
    wanted = asked_of(commands(TABLE), entry.host.roles)
    with far(connection(entry, state)) as way:
        fetch = partial(fetch_agentless, way, wanted, partial(resolve, state=state))
        taken = [one(fetch, entry, estate, state) for _ in range(REPEATS)]
    near = partial(fetch_agentless, connection(entry, state), wanted, partial(resolve, state=state))
    return statistics.median(taken), one(near, entry, estate, state)


def one(
    fetch: Callable[[], bytes | FetchFailure], entry: InventoryHost, estate: Estate, state: Path
) -> float:
    """Audit a host once; return the seconds."""
    started = time.monotonic()
    result = audit_host(fetch, declared_of(entry), TABLE, estate, state)
    if result.problem:
        raise click.ClickException(result.problem)
    return time.monotonic() - started


@contextmanager
def far(way: Connection) -> Iterator[Connection]:
    """Yield the way in with its first machine 50 ms away, on a loopback port."""
    first = way.jump or way
    with delayed(first.address, first.port, ROUND_TRIP_SECONDS) as port:
        there = replace(first, address="127.0.0.1", port=port)
        yield replace(way, jump=there) if way.jump else there


def lines(seconds: dict[str, tuple[float, float]]) -> Iterator[str]:
    """Return the section's lines."""
    yield (
        f"{len(TABLE.controls)} controls; nothing is installed on the servers. Behind "
        f"{ROUND_TRIP_SECONDS * 1000:.0f} ms of round trip (median of {REPEATS}), and once without."
    )
    yield ""
    yield from table(
        ("server", "way in", "measured", "goal", "ratio", "without the delay"),
        [
            (
                host,
                WAYS[host],
                f"{taken:.2f} s",
                f"{GOAL_SECONDS:.0f} s",
                f"{taken / GOAL_SECONDS:.2f}",
                f"{near:.2f} s",
            )
            for host, (taken, near) in seconds.items()
        ],
    )
    load = os.getloadavg()[0]
    yield f"Servers and auditor share the two cores; load average {load:.0f} at the end."


if __name__ == "__main__":
    main()
