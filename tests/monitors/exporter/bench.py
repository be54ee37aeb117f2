"""Benchmark: ``python -m tests.monitors.exporter.bench [SCRAPES]``.

How many 48-port switches the exporter polls in a second of its own CPU time, SNMPv3 authPriv,
HTTP and rendering included; read from its ``process_cpu_seconds_total`` before and after.
Exporter and agents are processes of their own, so what the agents cost does not count.
"""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from aiohttp import ClientSession

from tests.infra.lab.agent.running import AUTH, PRIV, free_port, settings
from tests.monitors.exporter.serving import ESTATE, SWITCH_ADDRESS

SCRAPES = 300
AT_ONCE = 8
EXPORTER = """
import asyncio, sys
from pathlib import Path
from aiohttp import web
from monitors.exporter.app import Exporter
from monitors.exporter.watched import WatchedEstate
from monitors.snmp.poller import Poller
estate, state, port, snmp_port = sys.argv[1:]
exporter = Exporter(WatchedEstate(Path(estate)), Path(state), Poller(Path(state)), int(snmp_port))
web.run_app(exporter.application(), host="127.0.0.1", port=int(port), access_log=None, print=None)
"""


async def measure(base: str, scrapes: int) -> tuple[float, float]:
    """CPU seconds and wall seconds that a number of scrapes cost."""
    async with ClientSession() as client:

        async def get(path: str) -> str:
            async with client.get(base + path) as answer:
                return await answer.text()

        async def cpu() -> float:
            found = re.search(r"^process_cpu_seconds_total (\S+)$", await get("/metrics"), re.M)
            assert found is not None
            return float(found[1])

        async def worker(count: int) -> None:
            for _ in range(count):
                text = await get("/snmp?target=harbour-switch")
                assert text.count("ifHCInOctets{") == 48, text[:500]

        await _until_served(client, base)
        await worker(3)
        before, started = await cpu(), time.monotonic()
        await asyncio.gather(*(worker(scrapes // AT_ONCE) for _ in range(AT_ONCE)))
        return await cpu() - before, time.monotonic() - started


async def _until_served(client: ClientSession, base: str) -> None:
    for _ in range(100):
        try:
            async with client.get(base + "/-/healthy") as answer:
                if answer.status == 200:
                    return
        except OSError:
            await asyncio.sleep(0.1)
    raise TimeoutError(base)


def main() -> None:
    """Start an agent and an exporter, measure, print, stop both."""
    scrapes = int(sys.argv[1]) if len(sys.argv) > 1 else SCRAPES
    scrapes -= scrapes % AT_ONCE
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "secrets").mkdir()
        (folder / "secrets" / "snmp-auth").write_text(AUTH, encoding="utf-8")
        (folder / "secrets" / "snmp-priv").write_text(PRIV, encoding="utf-8")
        snmp_port = free_port(SWITCH_ADDRESS)
        config = settings(folder, address=SWITCH_ADDRESS, port=snmp_port)
        (folder / "agent.json").write_text(json.dumps(config), encoding="utf-8")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        for command in (
            ["-m", "infra.lab.agent", "--config", str(folder / "agent.json")],
            ["-c", EXPORTER, str(ESTATE), str(folder), str(port), str(snmp_port)],
        ):
            process = subprocess.Popen(
                [sys.executable, *command],
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": str(Path.cwd())},
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
        cpu, wall = asyncio.run(measure(f"http://127.0.0.1:{port}", scrapes))
    sys.stdout.write(
        f"{scrapes} scrapes of a 48-port switch: {1000 * cpu / scrapes:.2f} ms CPU each, "
        f"{scrapes / cpu:.0f} devices per CPU-second ({scrapes / wall:.0f}/s wall, one agent)\n"
    )


if __name__ == "__main__":
    main()
