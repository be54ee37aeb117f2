"""Simulated switches in a process of their own: `python -m tests.bench.switches COUNT`.

They answer v2c and v3 at addresses of their own, all at one port. A line on standard input is
answered with how many packets they have answered so far.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from subprocess import Popen

from monitors.snmp.client import User
from monitors.snmp.replay.agent import Access
from monitors.snmp.replay.server import serving
from monitors.snmp.replay.simulated_switches import fleet
from tests.bench.processes import python, started

COMMUNITY = "measured"
USER = User("bastide", "SHA", "correct-horse-auth", "AES", "correct-horse-priv")
PORT = 20_161
FIRST = IPv4Address("127.20.0.1")


@dataclass(frozen=True, slots=True)
class Switches:
    """A running fleet."""

    process: Popen[str]
    count: int

    def packets(self) -> int:
        """How many packets all of them have answered."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    @property
    def addresses(self) -> list[str]:
        """Where they answer, without the port."""
        return [str(FIRST + at) for at in range(self.count)]


@contextmanager
def switches(count: int) -> Iterator[Switches]:
    """Run that many switches while the context is open."""
    with started(python("-m", "tests.bench.switches", str(count)), talks=True) as process:
        running = Switches(process, count)
        running.packets()  # answered once all of them listen
        yield running


async def serve(count: int) -> None:
    """Answer until standard input ends."""
    made = fleet(count, Access(COMMUNITY, (USER,)), first_port=PORT)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def asked() -> None:
        if not sys.stdin.readline():
            ended.set()
            return
        print(sum(agent.answers for _, agent in made), flush=True)  # noqa: T201

    async with serving(made) as endpoints:
        assert str(endpoints[0].address) == str(FIRST)
        loop.add_reader(sys.stdin.fileno(), asked)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
