"""Run one simulated agent: ``python -m infra.lab.agent --config FILE``."""

import argparse
import asyncio
import logging
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from infra.lab.agent import responder, switch, ups
from infra.lab.agent.config import AgentConfig, ConfigError, read_config, read_secret
from infra.lab.agent.control import Control
from infra.lab.agent.notifier import Notifier
from infra.lab.agent.objects import Objects

KINDS: dict[str, Callable[[AgentConfig], Objects]] = {
    "switch": switch.objects,
    "ups": ups.objects,
}
INVALID_INPUT = 2
# snmpEngineBoots must grow with each start (RFC 3414, 2.2.2): seconds since then do, unstored.
BOOTS_EPOCH = 1_577_836_800  # 2020-01-01T00:00:00Z


async def run(config: AgentConfig) -> None:
    """Answer for one device until SIGTERM or SIGINT.

    Raises ConfigError when a secret cannot be read or the address cannot be bound.
    """
    secrets = (read_secret(config.auth_key_file), read_secret(config.priv_key_file))
    control = Control(config.state_file, boots=int(time.time()) - BOOTS_EPOCH)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    objects = KINDS[config.kind](config)
    telling = asyncio.create_task(Notifier(config, secrets, objects).run(control.moment))
    await responder.serve(config, secrets, responder.Lookup(objects), control.moment, stop)
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)


def main() -> int:
    """Read the configuration and run; 2 with a clear line when it cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m infra.lab.agent", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the agent's JSON file")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        asyncio.run(run(read_config(parser.parse_args().config)))
    except ConfigError as error:
        sys.stderr.write(f"agent: {error}\n")
        return INVALID_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
