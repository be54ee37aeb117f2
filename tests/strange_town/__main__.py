"""`python -m tests.strange_town up|list|ssh ID HOST [command]|down ID|build`, for people."""

import os
import sys
import time

from tests.strange_town import images, prober, town
from tests.strange_town.layout import PLANS
from tests.strange_town.processes import TownError


def main(words: list[str]) -> int:
    """Run one command and return its exit status."""
    match words:
        case ["build"]:
            for plan in PLANS:
                sys.stdout.write(f"{plan.name}: {images.ensure(plan.name).lowerdir}\n")
        case ["up"]:
            _up()
        case ["list"]:
            sys.stdout.write("".join(f"{found}\n" for found in town.ids_on_disk()))
        case ["ssh", town_id, host, *command]:
            _ssh(town_id, host, command)
        case ["down", town_id]:
            town.down(town_id)
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    return 0


def _up() -> None:
    start = time.monotonic()
    made = town.up()
    try:
        prober.wait(made)
    finally:
        sys.stdout.write(f"{made.id}\n")
    sys.stderr.write(f"all services answer after {time.monotonic() - start:.1f} s\n")
    for host in made.hosts.values():
        way = f" through {host.jump}" if host.jump else ""
        sys.stderr.write(f"{host.name}: {host.user}@{host.address}:{host.port}{way}\n")


def _ssh(town_id: str, host: str, command: list[str]) -> None:
    made = town.find(town_id)
    facts = made.hosts[host]
    argv = ("ssh", *made.ssh_options(facts), facts.address, *command)
    os.execvp("ssh", argv)  # noqa: S606 -- this process becomes ssh


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (TownError, TimeoutError) as error:
        sys.exit(str(error))
