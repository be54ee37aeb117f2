"""`python -m tests.bench.adopt`: how long adopting a server, a look at it and an audit take.

Servers of a strange town, up for this alone unless STRANGE_TOWN names one, behind 50 ms of round
trip: the commands as processes, from their start to their end, their modules compiled as an
installation has them. Round trips and CPU are what a loaded machine does not change. Writes its
section of docs/benchmarks.md.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from inventory.connections import connection
from inventory.entries import hosts
from inventory.load import load_estate
from inventory.secrets import resolve
from monitors.audit.judge.command_list import asked_of, commands
from monitors.collection.agentless import fetch_agentless
from monitors.ssh.host_keys import fingerprint
from tests.bench.agentless import ROUND_TRIP_SECONDS, TABLE, WAYS, one
from tests.bench.report import table, write_section
from tests.bench.tcp_delay import RoundTrips, delayed
from tests.command import bastide
from tests.strange_town.fixtures import running_town
from tests.strange_town.town import Town, TownHost
from tests.town_estate import NAME, PASSWORD, environment, password, town_estate

REPEATS = 5
COMPILED = Path(tempfile.gettempdir(), "bastide-bench-compiled")
NEAR = "127.0.0.1"  # where the far machine's port is
GOALS = {"adopt": 5.0, "look": 3.0, "audit": 2.0}
COMMAND = "audit run"
EXPECTED = {"adopt": (0,), "look": (0, 1), COMMAND: (1,)}


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command took: seconds, seconds of CPU here, round trips."""

    seconds: float
    cpu: float
    trips: int


@dataclass(frozen=True, slots=True)
class FarHost:
    """A host of the town whose way in leads through a port that is 50 ms away."""

    name: str
    town: Town
    port: int
    folder: Path
    trips: RoundTrips

    def commands(self) -> dict[str, tuple[str, ...]]:
        """Return what is measured, by its goal's name."""
        host = f"{NAME}-{self.name}"
        return {
            "adopt": ("host", "adopt", *self._newcomer(), "--municipality", NAME),
            "look": ("host", "look", host),
            COMMAND: ("audit", "run", "--host", host),
        }

    def run(self, command: str) -> Taken:
        """Run one of the commands."""
        # The host is known to the estate that it is looked at in, and not where it is adopted.
        estate = self._estate("empty" if command == "adopt" else "adopted")
        compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(COMPILED)}
        self.trips.count = 0
        started, cpu = time.monotonic(), cpu_seconds()
        done = bastide(
            *self.commands()[command], **environment(estate, self.folder / "state", **compiled)
        )
        taken = Taken(time.monotonic() - started, cpu_seconds() - cpu, self.trips.count)
        if done.returncode not in EXPECTED[command]:
            raise click.ClickException(f"{command} {self.name}: {done.stdout}{done.stderr}")
        return taken

    def audit(self) -> Taken:
        """Audit it in this process: log in, fetch, keep, judge."""
        estate, state = load_estate(self._estate("adopted")), self.folder / "state"
        (entry,) = (entry for entry in hosts(estate) if entry.host.id == self.name)
        wanted = asked_of(commands(TABLE), entry.host.roles)
        way, secret = connection(entry, state), partial(resolve, state=state)
        self.trips.count = 0
        cpu = time.process_time()
        seconds = one(partial(fetch_agentless, way, wanted, secret), entry, estate, state)
        return Taken(seconds, time.process_time() - cpu, self.trips.count)

    def _estate(self, name: str) -> Path:
        folder = self.folder / name
        if folder.exists():
            return folder
        facts = self.town.hosts[self.name]
        first = facts.jump or self.name
        known = (*filter(None, (facts.jump,)), self.name) if name == "adopted" else ()
        return town_estate(
            folder,
            self.town,
            hosts=known,
            changes={first: {"address": NEAR}},
            ssh={first: {"port": self.port}},
            front="127.0.0.0/26",
        )

    def _newcomer(self) -> tuple[str, ...]:
        facts = self.town.hosts[self.name]
        way = ["--user", facts.user, "--key", str(self.town.key), "--host-key", _shown(facts)]
        if facts.sudo == "password":
            way += ["--sudo", "password", "--sudo-password", f"env:{PASSWORD}"]
        if not facts.jump:
            return (NEAR, *way, "--port", str(self.port))
        jump = self.town.hosts[facts.jump]
        through = ("--jump", f"{jump.user}@{NEAR}:{self.port}", "--jump-host-key", _shown(jump))
        return (facts.address, *way, "--port", str(facts.port), *through)


@click.command()
@click.option("--write/--no-write", default=True, help="Write the section of docs/benchmarks.md.")
@click.option("--host", "names", multiple=True, default=tuple(WAYS), help="Only this host.")
@click.option("--repeats", default=REPEATS, show_default=True, help="Measured runs of each.")
def main(write: bool, names: tuple[str, ...], repeats: int) -> None:
    """Measure, print, and write the section."""
    with running_town() as made, tempfile.TemporaryDirectory() as folder:
        os.environ.update(password(made))
        taken = {host: dict(measure(made, host, Path(folder, host), repeats)) for host in names}
    measured = list(lines(taken, repeats))
    if write:
        click.echo(write_section("Existing servers", "python -m tests.bench.adopt", measured))
    else:
        click.echo("\n".join(measured))


def measure(made: Town, name: str, folder: Path, repeats: int) -> Iterator[tuple[str, Taken]]:
    """Yield what each command takes with a host: that of median time."""
    with far(made, name, folder) as host:
        for command in EXPECTED:
            yield command, median(partial(host.run, command), repeats)
        yield "audit", median(host.audit, repeats)


def median(measured: Callable[[], Taken], repeats: int) -> Taken:
    """Return what it takes at its median time, once everything is compiled and read."""
    measured()
    runs = sorted((measured() for _ in range(repeats)), key=lambda taken: taken.seconds)
    return runs[repeats // 2]


def cpu_seconds() -> float:
    """Return the CPU that processes which this one started and waited for have taken."""
    times = os.times()
    return times.children_user + times.children_system


@contextmanager
def far(made: Town, name: str, folder: Path) -> Iterator[FarHost]:
    """Yield a host with the first machine on the way to it 50 ms away, on a loopback port."""
    facts = made.hosts[name]
    first = made.hosts[facts.jump] if facts.jump else facts
    trips = RoundTrips()
    with delayed(first.address, first.port, ROUND_TRIP_SECONDS, trips) as port:
        yield FarHost(name, made, port, folder, trips)


def _shown(facts: TownHost) -> str:
    """Return the fingerprint that somebody compared."""
    return fingerprint(next(key for key in facts.host_keys if key.startswith("ssh-ed25519")))


def lines(taken: dict[str, dict[str, Taken]], repeats: int) -> Iterator[str]:
    """Return the section's lines."""
    yield (
        f"Behind {ROUND_TRIP_SECONDS * 1000:.0f} ms of round trip (median of {repeats}), with the "
        "round trips and the seconds of CPU here; nothing is installed on the servers. `adopt`, "
        "`look` and `audit run` are whole commands, from their start to their end; `audit` is what "
        "one more host adds to a run: login, bundle, judgement."
    )
    yield ""
    yield from table(
        (
            "server",
            "way in",
            *(f"{name}, goal {goal:.0f} s" for name, goal in GOALS.items()),
            COMMAND,
        ),
        [
            (host, WAYS[host], *(shown(own[name]) for name in (*GOALS, COMMAND)))
            for host, own in taken.items()
        ],
    )
    load = os.getloadavg()[0]
    yield f"Servers and commands share the two cores; load average {load:.0f} at the end."


def shown(taken: Taken) -> str:
    """Return what a command took as a cell of the table."""
    return f"{taken.seconds:.2f} s ({taken.trips} trips, {taken.cpu:.2f} s CPU)"


if __name__ == "__main__":
    main()
