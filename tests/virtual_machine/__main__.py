"""Keeps a machine up for work by hand: `python -m tests.virtual_machine FOLDER`, ended by Ctrl-C.

`VIRTUAL_MACHINE=FOLDER pytest -m vm -k …` then uses it, with the estate that is beside it.
"""

import contextlib
import shlex
import signal
import sys
from pathlib import Path

from tests.virtual_machine import estate, machine


def main() -> None:
    """Have a machine up until somebody ends the program."""
    folder = Path(sys.argv[1])
    folder.mkdir(mode=0o700, parents=True)
    with machine.up(folder) as running, contextlib.suppress(KeyboardInterrupt):
        for name, value in estate.written(folder / "kamen", running).items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.write(f"{shlex.join(('bastide', *estate.adopted(running)))}\n")
        sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    main()
