#!/usr/bin/python3 -IS
"""Runs the commands of commands.json beside it and prints their outcomes as one bundle.

It takes no arguments and reads nothing from its caller, so that a forced command may start it
as root. Wire format: monitors/collection/bundle.py in Bastide. Whatever a command does (hang,
flood, fork, ignore signals), it costs its own result only, and the whole ends in bounded time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import select
import signal
import sys
import time
import zlib
from typing import Any

VERSION = 1
LIST = "commands.json"
# What the host is, by the base role; a host without it runs the whole list.
INVENTORY = "/etc/bastide/inventory.json"
WORKERS = 4
# Of the time for all commands, what one may take: a dozen that hang leave enough for the others.
SHARE = 1 / 4
# Why a command has no exit status, in the first line of its errors.
LATE = "collector: "
NICENESS = 5
MAX_OUTPUT_BYTES = 256 * 1024
# What the auditor takes at most, under the same names in monitors/collection/bundle.py.
MAX_PACKED_BYTES = 200_000
MAX_PLAIN_BYTES = 2 * 1024 * 1024
MAX_MARKS = 30_000
GZIP = 31
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    # What is written in Python would else keep its compiled modules.
    "PYTHONDONTWRITEBYTECODE": "1",
}
# No command should print secrets; should one do so, they still do not leave the host. Of a
# password's hash its scheme does: crypt(5), RFC 5803, LDAP, and DES in the second field of a line.
SECRETS = (
    (r"(\$[0-9a-z][0-9a-z-]{0,15}\$)[./A-Za-z0-9+=,$-]{8,}", r"\1[redacted]"),
    (r"(SCRAM-SHA-(?:1|256)\$)[0-9]+:[A-Za-z0-9+/=:$]+", r"\1[redacted]"),
    (r"(\{[A-Z0-9-]{3,10}\})[A-Za-z0-9+/=]{16,}", r"\1[redacted]"),
    (r"(?m)^([^:\s]+:!?)[./A-Za-z0-9]{13}(?=:[0-9]*:)", r"\1[redacted]"),
    (r"(?s)(-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----).*?(-----END|\Z)", r"\1[redacted]\2"),
    (r"(AGE-SECRET-KEY-1)[0-9A-Z]+", r"\1[redacted]"),
    (r"(://[^\s:/@]*:)[^\s/@]+(?=@)", r"\1[redacted]"),
    (
        r"(?i)((?:password|passphrase|secret)[\"']?\s{0,4}[=:]\s{0,4}[\"']?)"
        r"(?!(?:yes|no|true|false|on|off|none|null)\b)[^\s\"']+",
        r"\1[redacted]",
    ),
)


class Job:
    """One command that runs: its process, the pipes that are open, what came through them."""

    def __init__(self, command: str, own: float, over: float) -> None:
        self.command, self.started, self.full = command, time.monotonic(), False
        self.deadline = min(over, self.started + own)
        alone = self.deadline < over
        self.limit = "all that one command may take" if alone else "the time for all was up"
        self.status: int | None = None
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        self.read = {out: bytearray(), err: bytearray()}
        self.texts = tuple(self.read.values())
        try:
            self.pid = os.posix_spawn(
                "/bin/sh",
                ["/bin/sh", "-c", command],
                ENVIRONMENT,
                file_actions=(
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, out_end, 1),
                    (os.POSIX_SPAWN_DUP2, err_end, 2),
                ),
                setsid=True,
                setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
            )
        finally:
            os.close(out_end)
            os.close(err_end)
        self.exit = os.pidfd_open(self.pid)
        for end in self.read:
            os.set_blocking(end, False)

    def take(self, end: int) -> bool:
        """Read what a pipe has; false when that is all for now."""
        try:
            data = os.read(end, 65536)
        except BlockingIOError:
            return False
        text = self.read[end]
        text += data
        self.full = self.full or len(text) > MAX_OUTPUT_BYTES
        if not data:
            os.close(end)
            del self.read[end]
        return bool(data) and not self.full

    def end(self) -> None:
        """Note how it ended and kill what is left of it, without waiting for anything.

        A process may be stuck in the kernel. The group's number stays its own until it is reaped.
        """
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended:
            exited = ended.si_code == os.CLD_EXITED
            self.status = ended.si_status if exited else -ended.si_status
            for end in tuple(self.read):
                while self.take(end):
                    pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, os.WNOHANG)
        for end in (*self.read, self.exit):
            os.close(end)

    def outcome(self) -> dict[str, Any]:
        """Return what is known of it, bounded and without secrets."""
        out, err = (text(bytes(output)) for output in self.texts)
        seconds = time.monotonic() - self.started
        if self.status is None and not self.full:
            err = f"{LATE}ended after {seconds:.0f} s, {self.limit}\n{err}"
        return record(self.command, self.status, out, err, seconds, self.full)


def record(
    command: str,
    status: int | None,
    out: str = "",
    err: str = "",
    seconds: float = 0.0,
    truncated: bool = False,
) -> dict[str, Any]:
    """Return one command's end as the bundle has it; status None: it did not end by itself."""
    return {
        "command": command,
        "rc": status,
        "stdout": out,
        "stderr": err,
        "seconds": round(seconds, 4),
        "truncated": truncated,
    }


def text(data: bytes) -> str:
    """Return output as text, without secrets; those come before the cut, which may split them."""
    decoded = data.decode("utf-8", "backslashreplace")
    for pattern, replacement in SECRETS:
        decoded = re.sub(pattern, replacement, decoded)
    return decoded[:MAX_OUTPUT_BYTES]


def run(commands: list[str], seconds: float) -> list[dict[str, Any]]:
    """Run commands, some at a time; return their records in order.

    After so many seconds what still runs is killed, and what waits is not started.
    """
    records: dict[str, dict[str, Any]] = {}
    running: list[Job] = []
    waiting = list(reversed(commands))
    over = time.monotonic() + seconds
    while waiting or running:
        while waiting and len(running) < WORKERS:
            command = waiting.pop()
            if time.monotonic() >= over:
                late = f"{LATE}not started, the {seconds:g} s for all were up"
                records[command] = record(command, None, err=late)
                continue
            try:
                running.append(Job(command, seconds * SHARE, over))
            except OSError as error:
                records[command] = record(command, None, err=f"{LATE}not started, {error}")
        for job in ended(running):
            running.remove(job)
            job.end()
            records[job.command] = job.outcome()
    return [records[command] for command in commands]


def ended(running: list[Job]) -> list[Job]:
    """Read what running jobs print until some have ended, or have to."""
    if not running:
        return []
    jobs = {fd: job for job in running for fd in (job.exit, *job.read)}
    wait = max(0, min(job.deadline for job in running) - time.monotonic())
    ready = select.select(jobs, (), (), wait)[0]
    for fd in ready:
        if fd in jobs[fd].read:
            jobs[fd].take(fd)
    now = time.monotonic()
    return [job for job in running if job.exit in ready or job.full or now >= job.deadline]


def inventory_here() -> dict[str, Any]:
    """Return what the base role says of this host; nothing where it has never been."""
    try:
        with open(INVENTORY, "rb") as file:
            own = json.load(file)
    except (OSError, ValueError):
        return {}
    return own if isinstance(own, dict) else {}


def wanted_here(listed: dict[str, Any], own: dict[str, Any]) -> list[str]:
    """Return the commands of the list that hosts with this one's roles are asked."""
    roles = own.get("roles")
    if not isinstance(roles, list):
        return list(listed["commands"])
    only = listed.get("roles", {})
    return [c for c in listed["commands"] if c not in only or set(roles) & set(only[c])]


def pack(bundle: dict[str, Any]) -> bytes:
    """Return the packed bundle; the longest outputs are left out until the auditor takes it."""
    while True:
        plain = json.dumps(bundle).encode("ascii")
        packer = zlib.compressobj(9, zlib.DEFLATED, GZIP)
        packed = packer.compress(plain) + packer.flush()
        marks = sum(plain.count(mark) for mark in (b"{", b"[", b","))
        fits = len(packed) <= MAX_PACKED_BYTES and len(plain) <= MAX_PLAIN_BYTES
        longest = max(bundle["recorded"], key=size, default=None)
        if (fits and marks <= MAX_MARKS) or not longest or not size(longest):
            return packed
        longest.update(stdout="", stderr="", truncated=True)


def size(record: dict[str, Any]) -> int:
    """Return how long a command's outputs are, in characters."""
    return len(record["stdout"]) + len(record["stderr"])


def send(raw: bytes, commands: list[str], host: str) -> None:
    """Run commands of a list, given as JSON, and print the header line and the packed bundle.

    `host` is the name in the inventory: the host's own may be another.
    """
    os.chdir("/")
    os.nice(NICENESS)
    bundle = {
        "collector": VERSION,
        "commands_sha256": hashlib.sha256(raw).hexdigest(),
        "host": host,
        "clock": time.time(),
        "recorded": run(commands, json.loads(raw)["seconds"]),
    }
    packed = pack(bundle)
    sys.stdout.buffer.write(framed(packed))
    sys.stdout.buffer.flush()


def framed(packed: bytes) -> bytes:
    """Return a packed bundle as it is sent."""
    header = f"bastide-bundle 1 {len(packed)} {hashlib.sha256(packed).hexdigest()}\n"
    return header.encode("ascii") + packed


def main() -> None:
    """Run the list beside this file and print the bundle."""
    with open(os.path.join(os.path.dirname(os.path.realpath(__file__)), LIST), "rb") as file:
        raw = file.read()
    own = inventory_here()
    send(raw, wanted_here(json.loads(raw), own), str(own.get("host") or os.uname().nodename))


if __name__ == "__main__":
    main()
