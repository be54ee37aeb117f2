"""`python -m tests.bench.audit`: how fast the running lab is audited, beside plain testinfra.

One host behind 50 ms of round trip: our exchange alone and with the look from outside beside it,
then the same checks through testinfra's own paramiko and ssh backends, all in one run. Then many
audits with both views spread over the lab's hosts in a process of its own, whose peak of memory is
reported. Writes its section of docs/benchmarks.md.
"""

import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from unittest.mock import patch

import click
import testinfra

from bastide.support.estate import EstateContext, estate_context
from inventory.entries import InventoryHost, hosts
from inventory.outputs import load_outputs
from monitors import tcp
from monitors.audit.collect.exchange import AuditTarget, fetch
from monitors.audit.collect.host_bundle import target_of
from monitors.audit.judge.runner import run_check
from monitors.audit.model.controls import load_controls
from monitors.audit.model.declared import declared_of
from monitors.audit.model.results import Outcome
from monitors.audit.run import audit_all, audit_host
from monitors.outside import links
from monitors.outside import look as looking
from monitors.outside.look import look
from monitors.outside.plan import plan_of
from tests.bench.report import table, write_section
from tests.bench.tcp_delay import delayed

ROUND_TRIP_SECONDS = 0.05
REPEATS = 9
TABLE = load_controls()
GOAL_ONE_SECONDS = 1.0
GOAL_MANY_SECONDS = 60.0
GOAL_PEAK_MIB = 200.0
GOAL_TIMES = {"paramiko": 15.0, "ssh": 50.0}
MANY = "BASTIDE_BENCH_MANY"
BOTH, INSIDE = "one exchange, and the look from outside", "one exchange alone"


@dataclass(frozen=True, slots=True)
class Far:
    """A host behind a delay: how our exchange and how testinfra's backends reach it."""

    entry: InventoryHost
    context: EstateContext
    target: AuditTarget
    ssh_config: Path


@click.command()
@click.option("--host", default="velgora-app", show_default=True)
@click.option("--audits", default=200, show_default=True)
@click.option("--only-ours", is_flag=True, help="Leave out testinfra's backends; write nothing.")
def main(host: str, audits: int, only_ours: bool) -> None:
    """Measure, print, and write the section."""
    context = estate_context("lab")
    if os.environ.get(MANY):
        click.echo(json.dumps(many(context, audits)))
        return
    with far(context, host) as there:
        seconds = {BOTH: both_views(there), INSIDE: ours(there)}
        if not only_ours:
            seconds |= {backend: plain(there, backend) for backend in GOAL_TIMES}
    command = [sys.executable, "-m", "tests.bench.audit", "--audits", str(audits)]
    done = subprocess.run(command, env={**os.environ, MANY: "1"}, capture_output=True, check=True)
    measured = lines(host, seconds, audits, json.loads(done.stdout))
    if only_ours:
        click.echo("\n".join(measured))
    else:
        click.echo(write_section("The audit", "python -m tests.bench.audit", measured))


@contextmanager
def far(context: EstateContext, name: str) -> Iterator[Far]:
    """Yield a host of the lab as it is 50 ms away, on a loopback port."""
    (entry,) = (entry for entry in hosts(context.estate) if entry.name == name)
    near = target_of(entry, context.state, load_outputs(context.state))
    way = near.connection
    with (
        tempfile.TemporaryDirectory() as folder,
        delayed(way.address, way.port, ROUND_TRIP_SECONDS) as port,
    ):
        host_keys, config = Path(folder, "known_hosts"), Path(folder, "config")
        host_keys.write_text(f"[127.0.0.1]:{port} {way.host_key}\n")
        config.write_text(
            f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n  User root\n"
            f"  IdentityFile {context.state}/ssh/admin\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {host_keys}\n"
        )
        target = replace(near, connection=replace(way, address="127.0.0.1", port=port))
        yield Far(entry, context, target, config)


def ours(there: Far) -> float:
    """Return the median seconds of an audit: exchange, bundle kept, every control judged."""
    declared, fetch_one = declared_of(there.entry), partial(fetch, there.target)
    with tempfile.TemporaryDirectory() as state:
        taken = []
        for _ in range(REPEATS):
            started = time.monotonic()
            result = audit_host(fetch_one, declared, TABLE, there.context.estate, Path(state))
            taken.append(time.monotonic() - started)
            if result.problem:
                raise click.ClickException(result.problem)
    return statistics.median(taken)


def both_views(there: Far) -> float:
    """Return the median seconds of an audit with the look from outside, as far away as the rest."""
    with ExitStack() as stack:
        state = _state_beside(there.context, stack)
        plan = plan_of(there.entry, state, load_outputs(state))
        ways = {
            (seen.address, open_port.port): stack.enter_context(
                delayed(seen.address, open_port.port, ROUND_TRIP_SECONDS)
            )
            for seen in look(plan).addresses
            for open_port in seen.tcp
        }
        for module in (links, looking):
            stack.enter_context(patch.object(module, "connected", partial(_connected, ways)))
        taken = []
        for _ in range(REPEATS):
            started = time.monotonic()
            (result,) = audit_all(
                [there.entry],
                TABLE,
                there.context.estate,
                state,
                fetch=lambda *_: fetch(there.target),
            )
            taken.append(time.monotonic() - started)
            if result.problem or not result.outside:
                raise click.ClickException(result.problem or "no outside view was kept")
    return statistics.median(taken)


async def _connected(
    ways: Mapping[tuple[str, int], int], address: str, port: int, seconds: float
) -> socket.socket:
    """Connect by the way that is as long as the host is far; what is silent is so at any length."""
    if way := ways.get((address, port)):
        return await tcp.connected("127.0.0.1", way, seconds)
    return await tcp.connected(address, port, seconds)


def _state_beside(context: EstateContext, stack: ExitStack) -> Path:
    """Return a state folder of the bench's own with the lab's keys and outputs."""
    state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    for name in ("ssh", "tls", "outputs.json"):
        (state / name).symlink_to(context.state / name)
    return state


def plain(there: Far, backend: str) -> float:
    """Return the seconds that the same checks take through a backend of testinfra's own."""
    warnings.simplefilter("ignore")  # its paramiko backend warns of every host key
    declared = declared_of(there.entry)
    started = time.monotonic()
    host = testinfra.get_host(f"{backend}://{there.entry.name}", ssh_config=str(there.ssh_config))
    controls = [c for c in TABLE.controls if c.applies(declared.roles, declared.tier) is None]
    outcomes = [run_check(control, host, declared)[0] for control in controls]
    taken = time.monotonic() - started
    if Outcome.PASS not in outcomes:
        raise click.ClickException(f"{backend}: no check passed: it did not reach the host")
    return taken


def many(context: EstateContext, audits: int) -> dict[str, float]:
    """Audit the lab's hosts over and over at once; return seconds, peak MiB and problems."""
    chosen = list(islice(cycle(hosts(context.estate)), audits))
    with ExitStack() as stack:
        state = _state_beside(context, stack)
        started = time.monotonic()
        audited = audit_all(chosen, TABLE, context.estate, state)
        taken = time.monotonic() - started
        largest = max(path.stat().st_size for path in state.rglob("bundles/*/*.gz"))
    return {
        "seconds": taken,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "problems": sum(bool(host.problem) for host in audited),
        "unseen": sum(not host.outside for host in audited),
        "largest": largest,
    }


def lines(
    host: str, seconds: dict[str, float], audits: int, spread: dict[str, float]
) -> Iterator[str]:
    """Return the section's lines."""
    our_own = seconds[BOTH]
    yield (
        f"{len(TABLE.controls)} controls; {host} behind {ROUND_TRIP_SECONDS * 1000:.0f} ms of "
        f"round trip (median of {REPEATS}); testinfra's backends as they come, in the same run."
    )
    yield ""
    rows = [
        (BOTH, our_own, f"≤ {GOAL_ONE_SECONDS:.0f} s", "1"),
        (INSIDE, seconds[INSIDE], "", f"{seconds[INSIDE] / our_own:.2f}"),
    ]
    for backend, times in GOAL_TIMES.items():
        if backend in seconds:
            ratio = f"{seconds[backend] / our_own:.0f}"
            rows.append((f"testinfra, {backend}", seconds[backend], f"≥ {times:.0f} times", ratio))
    head = ("all controls of one host", "measured", "goal", "times ours")
    yield from table(head, [(what, f"{s:.2f} s", goal, ratio) for what, s, goal, ratio in rows])
    head = (f"{audits} audits, both views, over the lab's hosts", "measured", "goal", "ratio")
    taken, peak = spread["seconds"], spread["peak_mib"]
    yield from table(
        head,
        [
            (
                "time",
                f"{taken:.1f} s",
                f"{GOAL_MANY_SECONDS:.0f} s",
                f"{taken / GOAL_MANY_SECONDS:.2f}",
            ),
            (
                "auditor's memory, peak",
                f"{peak:.0f} MiB",
                f"{GOAL_PEAK_MIB:.0f} MiB",
                f"{peak / GOAL_PEAK_MIB:.2f}",
            ),
            ("largest bundle", f"{spread['largest'] / 1000:.1f} kB", "200 kB", ""),
            ("hosts with a problem", f"{spread['problems']:.0f}", "0", ""),
            ("hosts not seen from outside", f"{spread['unseen']:.0f}", "0", ""),
        ],
    )
    yield "Hosts and auditor share the two cores."


if __name__ == "__main__":
    main()
