"""Runs inside the program's process: joins the Pulumi SDK to the engine, then runs the program.

It stands in for the official CLI's pulumi-language-python-exec and keeps its manners: the working
directory and `sys.path[0]` are the program's folder, and it is run as `__main__`.
"""

import asyncio
import concurrent.futures
import json
import logging
import runpy
import sys
from typing import Any

import pulumi.runtime

# A registration blocks a thread until its resource is done, so the SDK needs more threads than
# the engine runs steps, and the embedded engine's server more than these.
THREADS = 64


def main(settings: dict[str, Any], entry: str) -> None:
    """Run the program at `entry` against the engine in `settings`."""
    pulumi.runtime.set_all_config(
        pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env()
    )
    pulumi.runtime.configure(pulumi.runtime.Settings(**settings))
    # The SDK leaves tasks behind when a program fails; asyncio's warnings of them help nobody.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(THREADS))
    program = pulumi.runtime.run_in_stack(lambda: _run(entry))
    try:
        loop.run_until_complete(program)
    finally:
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()


def _run(entry: str) -> None:
    runpy.run_path(entry, run_name="__main__")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2])
