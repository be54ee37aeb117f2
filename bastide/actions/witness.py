"""Shows the runs of the chain to the estate's witness, a machine that only appends them."""

import time
from dataclasses import replace
from pathlib import Path

from bastide.support.estate import EstateContext
from inventory.connections import Connection, connection
from inventory.entries import hosts
from inventory.files import write_whole
from inventory.logins import WITNESS
from inventory.outputs import kept_outputs
from inventory.secrets import SecretError
from monitors.audit.evidence.chain import FOLDER, Link, load_chain
from monitors.ssh.failures import SshError, SshFailure
from monitors.ssh.remote_command import Process
from monitors.ssh.session import connect
from monitors.text import escaped_line

KEY = "witness"
SHOWN = "shown-to-witness"
SECONDS = 30.0
# As many as the witness takes at once.
MOST = 1000


class WitnessError(Exception):
    """The witness has not taken the runs; they are shown again with the next one."""


def show(context: EstateContext) -> int:
    """Show the witness what it has not seen; return how many runs it took.

    At the first time only the newest one, on which all before it hang. Nothing where the estate
    names no witness. Raises WitnessError, ChainError or OSError.
    """
    links = _unseen(context) if context.estate.witness else ()
    if not links:
        return 0
    _send(_way(context), b"".join(link.line + b"\n" for link in links), len(links))
    write_whole(_note(context.state), f"{links[-1].record.number}\n")
    return len(links)


def _unseen(context: EstateContext) -> tuple[Link, ...]:
    chain = load_chain(context.state)
    try:
        shown = int(_note(context.state).read_text())
    except (OSError, ValueError):
        shown = len(chain) - 1
    return chain[shown:][:MOST]


def _note(state: Path) -> Path:
    return state / FOLDER / SHOWN


def _way(context: EstateContext) -> Connection:
    """Return the way to the witness's account, with its own key."""
    entry = next(one for one in hosts(context.estate) if one.name == context.estate.witness)
    outputs = kept_outputs(context.estate.estate, context.state)
    way = connection(entry, context.state, outputs, key=context.state / "ssh" / KEY)
    return replace(way, user=WITNESS, sudo="none", sudo_password=None, local=False)


def _send(way: Connection, lines: bytes, number: int) -> None:
    session = connect(way, _no_secret)
    if isinstance(session, SshFailure):
        raise WitnessError(session.problem)
    with session:
        try:
            process = session.start("witness")
            try:
                process.send(lines, last=True)
                printed, words = _read(process)
            finally:
                process.stop()
        except (SshError, TimeoutError) as error:
            raise WitnessError(f"{way.name}: {error}") from None
    if printed.strip() != str(number).encode():
        said = escaped_line((words or printed).decode("utf-8", "backslashreplace").strip())
        raise WitnessError(
            f"{way.name}: expected the witness to take {number} runs, it said: {said}"
        )


def _no_secret(reference: str) -> str:
    raise SecretError(f"{reference}: the witness's account needs no password")


def _read(process: Process) -> tuple[bytes, bytes]:
    printed, words, deadline = b"", b"", time.monotonic() + SECONDS
    while (left := deadline - time.monotonic()) > 0:
        read = process.read(left)
        if read is None:
            return printed, words
        printed, words = (printed + read[0])[:400], (words + read[1])[:400]
    raise TimeoutError(f"no answer within {SECONDS:.0f} s")
