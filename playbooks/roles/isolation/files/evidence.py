"""Reads what a host can tell of an incident, the most fleeting first (RFC 3227), changing nothing.

It is read from standard input by the host's Python and writes base64 of a tar.gz to standard
output: no file is written, and what it reads itself keeps its time of access (programs of the
host that it starts may change that of what they read). Every step has an end; what is cut off,
or fails, says so in `collection.json`. Only Python's own library.
"""

import base64
import contextlib
import gzip
import hashlib
import io
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TextIO

ALL_SECONDS = 240
STEP_SECONDS = 30
WALK_SECONDS = 60
MIB = 1 << 20
LONGEST = 16 * MIB
LONGEST_PROGRAM = 32 * MIB
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"}
SINCE = "--since=-7days"
PROCESS_FILES = ("status", "cmdline", "cgroup", "wchan")
PROCESS_LINKS = ("exe", "cwd", "root")
WALKED = (
    *("/etc", "/root", "/home", "/usr/bin", "/usr/sbin", "/usr/local", "/usr/lib/systemd"),
    *("/var/spool/cron", "/var/www", "/opt", "/boot"),
    *("/tmp", "/var/tmp", "/dev/shm"),  # noqa: S108 - they are read
)
LOGS = (
    *("/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog", "/var/log/auth.log"),
    *("/var/log/audit/audit.log", "/var/log/dpkg.log", "/var/log/apt/history.log"),
)
COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("clock", ("date", "--iso-8601=ns")),
    ("uptime", ("uptime", "--since")),
    ("sockets", ("ss", "-a", "-n", "-p", "-e", "-t", "-u", "-w", "-x", "-O")),
    ("neighbours", ("ip", "neighbour")),
    ("routes", ("ip", "route", "show", "table", "all")),
    ("addresses", ("ip", "address")),
    ("connections", ("cat", "/proc/net/nf_conntrack")),
    ("processes", ("ps", "-e", "-ww", "-o", "pid,ppid,user,lstart,tty,stat,rss,args")),
)
LATER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("logged-in", ("who", "-a")),
    ("sessions", ("loginctl", "list-sessions")),
    ("logins", ("last", "-F", "-w", "-n", "500")),
    ("failed-logins", ("lastb", "-F", "-w", "-n", "500")),
    ("modules", ("cat", "/proc/modules")),
    ("mounts", ("cat", "/proc/mounts")),
    ("rules", ("nft", "list", "ruleset")),
    ("rules-legacy", ("iptables-legacy-save",)),
    ("units", ("systemctl", "list-units", "--all", "--full", "--plain", "--no-legend")),
    ("unit-files", ("systemctl", "list-unit-files", "--full", "--no-legend")),
    ("timers", ("systemctl", "list-timers", "--all", "--full", "--no-legend")),
    ("containers-docker", ("docker", "ps", "--all", "--no-trunc")),
    ("containers-podman", ("podman", "ps", "--all", "--no-trunc")),
    ("journal", ("journalctl", "--no-pager", "--reverse", "-o", "short-iso-precise", SINCE)),
    ("kernel-messages", ("dmesg",)),
    ("packages", ("dpkg-query", "--show")),
    ("packages-changed", ("dpkg", "--verify")),
)

Content = tuple[bytes, str]
"""Bytes, and a note where something is missing of them."""


class Base64(io.RawIOBase):
    """Writes what it is given as base64, as it comes."""

    def __init__(self, output: TextIO) -> None:
        self._output, self._rest = output, b""

    def writable(self) -> bool:
        """Whether it can be written to, as io asks."""
        return True

    def write(self, content: object) -> int:
        """Write all whole groups of three bytes."""
        data = bytes(content)  # type: ignore[call-overload]
        whole = self._rest + data
        end = len(whole) - len(whole) % 3
        self._output.write(base64.b64encode(whole[:end]).decode())
        self._rest = whole[end:]
        return len(data)

    def finish(self) -> None:
        """Write what is left."""
        self._output.write(base64.b64encode(self._rest).decode())
        self._output.flush()


class Archive:
    """The tar.gz as it is written, and what each of its files came from."""

    def __init__(self, output: Base64) -> None:
        self._gzip = gzip.GzipFile(fileobj=output, mode="wb", compresslevel=6)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w|")  # noqa: SIM115
        self.steps: list[dict[str, object]] = []

    def add(self, name: str, content: bytes, started: float, note: str = "") -> None:
        """Add a file, with when it was read, its SHA-256, and what is missing of it."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = len(content), int(started), 0o600
        self._tar.addfile(entry, io.BytesIO(content))
        step = {"file": name, "at": started, "seconds": round(time.time() - started, 3)}
        digest = hashlib.sha256(content).hexdigest()
        self.steps.append({**step, "bytes": len(content), "sha256": digest, "note": note})

    def close(self) -> None:
        """Write the end."""
        self._tar.close()
        self._gzip.close()


def bounded(content: bytes, longest: int = LONGEST) -> Content:
    """Return content cut to a length, and a note where something is missing."""
    if len(content) <= longest:
        return content, ""
    return content[:longest], f"cut off after {longest} bytes"


def command_output(command: tuple[str, ...]) -> Content:
    """Return what a command prints, and a note when it failed, hung or was cut off."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
            start_new_session=True,  # ended with all that it starts
        )
    except OSError as error:
        return b"", error.strerror or str(error)
    hung = threading.Event()

    def kill() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def give_up() -> None:
        hung.set()
        kill()

    timer = threading.Timer(STEP_SECONDS, give_up)
    timer.start()
    with process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        content, note = bounded(process.stdout.read(LONGEST + 1))
        if note:
            kill()
        process.wait()
    timer.cancel()
    if hung.is_set():
        return content, f"not done in {STEP_SECONDS} s"
    return content, note or (f"exit {process.returncode}" if process.returncode else "")


def content_of(path: str, longest: int, start: int = 0) -> bytes:
    """Return bytes of a file; as its owner or root its time of access stays (open(2))."""
    flags = os.O_RDONLY | os.O_NONBLOCK
    try:
        handle = os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        handle = os.open(path, flags)
    with os.fdopen(handle, "rb") as file:
        if start:
            file.seek(start)
        return file.read(longest)


def processes() -> Iterator[str]:
    """Yield the numbers of the processes, ours left out."""
    for name in sorted(filter(str.isdigit, os.listdir("/proc")), key=int):
        if int(name) != os.getpid():
            yield name


def link(path: str) -> str:
    """Return what a link points to, or why it cannot be read."""
    try:
        return os.readlink(path)
    except OSError as error:
        return f"({error.strerror})"


def proc_file(path: str) -> str:
    """Return a file of /proc as text; nothing where its process is gone."""
    try:
        return content_of(path, MIB).replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def process_details() -> bytes:
    """Return each process: its files, links, open files; not its environment, which has secrets."""
    rows = []
    for number in processes():
        folder = f"/proc/{number}"
        try:
            handles = os.listdir(f"{folder}/fd")
        except OSError:
            handles = []
        rows.append(
            {
                "pid": int(number),
                **{name: proc_file(f"{folder}/{name}") for name in PROCESS_FILES},
                **{name: link(f"{folder}/{name}") for name in PROCESS_LINKS},
                "open": {handle: link(f"{folder}/fd/{handle}") for handle in handles},
            }
        )
    return json.dumps(rows, indent=1).encode()


def memory_maps() -> bytes:
    """Return which files and memory each process has mapped (proc(5), maps)."""
    parts = []
    for number in processes():
        maps = proc_file(f"/proc/{number}/maps")
        parts.append(f"== {number} {link(f'/proc/{number}/exe')}\n{maps}\n")
    return "".join(parts).encode()


def running_programs() -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of programs that run and have no file any more: only the kernel has them."""
    for number in processes():
        path = f"/proc/{number}/exe"
        if not link(path).endswith(" (deleted)"):
            continue
        try:
            with open(path, "rb") as file:
                yield number, file.read(LONGEST_PROGRAM)
        except OSError:
            continue


def hashes() -> Content:
    """Return mode, owner, times, size and SHA-256 of files, and a note when the time was over."""
    deadline = time.monotonic() + WALK_SECONDS
    rows: list[str] = []
    for folder in WALKED:
        for root, folders, names in os.walk(folder):
            folders.sort()
            for name in sorted(names):
                if time.monotonic() > deadline:
                    return "\n".join(rows).encode(), f"not done in {WALK_SECONDS} s, at {root}"
                rows.append(hash_row(os.path.join(root, name)))
    return "\n".join(rows).encode("utf-8", "backslashreplace"), ""


def hash_row(path: str) -> str:
    """Return a file's line: SHA-256, mode, owner, modified, changed, size, path."""
    try:
        status = os.lstat(path)
        digest = "-"
        if stat.S_ISREG(status.st_mode) and status.st_size <= LONGEST_PROGRAM:
            digest = hashlib.sha256(content_of(path, LONGEST_PROGRAM)).hexdigest()
    except OSError as error:
        return f"- ({error.strerror}) {path}"
    owner = f"{status.st_uid}:{status.st_gid}"
    times = f"{status.st_mtime:.6f} {status.st_ctime:.6f}"
    return f"{digest} {stat.filemode(status.st_mode)} {owner} {times} {status.st_size} {path}"


def keys_and_tables() -> Iterator[str]:
    """Yield the files that say who may log in and what runs by itself."""
    yield from ("/etc/passwd", "/etc/group", "/etc/sudoers", "/etc/crontab", "/etc/ld.so.preload")
    for folder in ("/etc/cron.d", "/etc/sudoers.d", "/var/spool/cron/crontabs"):
        try:
            yield from (f"{folder}/{name}" for name in sorted(os.listdir(folder)))
        except OSError:
            continue
    for user in pwd.getpwall():
        for name in ("authorized_keys", "authorized_keys2", "known_hosts"):
            yield f"{user.pw_dir}/.ssh/{name}"
        yield f"{user.pw_dir}/.bash_history"


def steps() -> Iterator[tuple[str, Callable[[], Content]]]:
    """Yield the files of the archive with what reads each, the most fleeting first."""
    for name, command in COMMANDS:
        yield f"{name}.txt", partial(command_output, command)
    yield "process-details.json", lambda: bounded(process_details())
    yield "memory-maps.txt", lambda: bounded(memory_maps())
    for number, program in running_programs():
        yield f"running/{number}.program", partial(bounded, program, LONGEST_PROGRAM)
    for name, command in LATER:
        yield f"{name}.txt", partial(command_output, command)
    for path in filter(os.path.isfile, (*dict.fromkeys(keys_and_tables()), *LOGS)):
        yield f"files{path}", partial(newest, path)
    yield "hashes.txt", hashes


def collect(archive: Archive) -> None:
    """Add everything; when the time is over, what is left says so."""
    deadline = time.monotonic() + ALL_SECONDS
    for name, read in steps():
        started = time.time()
        content, note = b"", f"left out: {ALL_SECONDS} s were over"
        if time.monotonic() < deadline:
            try:
                content, note = read()
            except Exception as error:  # noqa: BLE001 - one step keeps no other back
                note = f"{type(error).__name__}: {error}"
        archive.add(name, content, started, note)


def newest(path: str) -> Content:
    """Return a file's last bytes: of a log that is too long, the newest lines."""
    size = os.stat(path).st_size
    content = content_of(path, LONGEST, max(0, size - LONGEST))
    return content, f"cut off before byte {size - LONGEST}" if size > LONGEST else ""


def main() -> None:
    """Write the archive, its table of contents last."""
    output = Base64(sys.stdout)
    archive = Archive(output)
    collect(archive)
    archive.add("collection.json", json.dumps(archive.steps, indent=1).encode(), time.time())
    archive.close()
    output.finish()


if __name__ == "__main__":
    main()
