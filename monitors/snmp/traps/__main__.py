"""The listener as a process: ``python -m monitors.snmp.traps SOCKET STATE``, run by the exporter.

SOCKET is the number of the bound socket that it inherits, STATE the estate's state directory.
Its configuration comes on standard input, so no secret is in its arguments; its reports go to
standard output.
"""

import contextlib
import logging
import signal
import socket
import sys
from pathlib import Path

from monitors.snmp.traps.listener import Listener


def main(arguments: list[str]) -> None:
    """Listen until standard input ends."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    # What ends the exporter (Ctrl-C, systemd) reaches us too; it ends us by closing the pipe.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    bound_number, state = arguments
    with socket.socket(fileno=int(bound_number)) as bound, contextlib.suppress(BrokenPipeError):
        Listener(bound, sys.stdin.fileno(), sys.stdout.fileno(), Path(state)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
