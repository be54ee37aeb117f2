"""What cron starts as root, beside what the distribution's packages brought."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from monitors.audit.collect.backends import Host, UndeterminedError

# Files of cron and anacron that are not as their package brought them. cron passes over names with
# dots in /etc/cron.d, run-parts in the others; what is empty starts nothing.
JOBS = (
    "packaged=$(dpkg-query -W -f '${Conffiles}\\n' | "
    r"sed -nE 's,^ (/etc/(cron[^ ]*|anacrontab)) ([0-9a-f]{32})$,\3  \1,p' | "
    "md5sum -c 2>/dev/null | sed -n 's/: OK$//p'); "
    "for file in /etc/crontab /etc/anacrontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* "
    "/etc/cron.weekly/* /etc/cron.monthly/* /etc/cron.yearly/* /var/spool/cron/crontabs/root; do "
    '[ -s "$file" ] || continue; case ${file##*/} in *[!A-Za-z0-9_-]*) continue;; esac; '
    'printf "%s\\n" "$packaged" | grep -qxF "$file" && continue; '
    'case $file in /etc/cron.[!d]*|/etc/cron.d[!/]*) [ -x "$file" ] && echo "# script $file";; '
    '*) echo "# table $file"; sed "s/^/ /" "$file"; echo;; esac; done; echo "# looked"'
)
ASSIGNMENT = re.compile(r"""["']?[A-Za-z_][A-Za-z0-9_]*["']?\s*=.*""")
# Minute, hour, day, month, weekday or a name for them; in /etc then the account.
TIMES = r"(?:@\w+|(?:[0-9*/,~A-Za-z-]+\s+){4}[0-9*/,~A-Za-z-]+)\s+"
WITH_ACCOUNT = re.compile(rf"{TIMES}(?P<account>\S+)\s+(?P<command>.*)")
OF_ROOT = re.compile(rf"{TIMES}(?P<command>.*)")
ANACRON = re.compile(r"(?:\d+|@\w+)\s+\d+\s+\S+\s+(?P<command>.*)")
# What a table may set without changing what its commands are.
HARMLESS = ("MAILTO", "MAILFROM", "LOGNAME", "RANDOM_DELAY", "CRON_TZ", "TZ", "LANG", "HOME")
# Of these every Debian sets one in /etc/crontab, where others may not write.
ROOTS_PATH = re.compile(r"(/usr/local)?(/usr)?/s?bin(:(/usr/local)?(/usr)?/s?bin)*")
SHELLS = ("/bin/sh", "/bin/bash", "/usr/bin/bash", "/bin/dash")


@dataclass(frozen=True, slots=True)
class Job:
    """What is started as root, or set for what is, and the file that says so."""

    file: str
    command: str


def root_jobs(host: Host) -> list[Job]:
    """Return root's timed jobs; UndeterminedError for a line that cron would not take."""
    parts = re.split(
        r"^# (?=script /|table /|looked$)", host.check_output(JOBS), flags=re.MULTILINE
    )
    if parts[-1].strip() != "looked":
        raise UndeterminedError("the host did not show its timed jobs to the end")
    return [job for part in parts[1:-1] for job in _jobs(part)]


def _jobs(part: str) -> Iterator[Job]:
    head, _, text = part.partition("\n")
    kind, _, file = head.partition(" ")
    if kind == "script":
        yield Job(file, file)
        return
    for line in (row.strip() for row in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if ASSIGNMENT.fullmatch(line):
            name, _, value = (part.strip().strip("\"'") for part in line.partition("="))
            if not _is_harmless(name, value):
                yield Job(file, line)
        elif command := _of_root(file, line):
            yield Job(file, command)


def _is_harmless(name: str, value: str) -> bool:
    if name == "PATH":
        return bool(ROOTS_PATH.fullmatch(value))
    return name in HARMLESS or (name == "SHELL" and value in SHELLS)


def _of_root(file: str, line: str) -> str:
    """Return the command that root starts by a line, nothing for somebody else's."""
    form = WITH_ACCOUNT
    if file.startswith("/var/"):
        form = OF_ROOT
    elif file.endswith("/anacrontab"):
        form = ANACRON
    match = form.fullmatch(line)
    if not match:
        raise UndeterminedError(f"{file}: not understood: {line[:80]!r}")
    fields = match.groupdict()
    return fields["command"] if fields.get("account", "root") in ("root", "0") else ""
