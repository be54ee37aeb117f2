"""What runs by itself, from systemd's timers and cron's tables, and the backups among it."""

import re
from collections.abc import Iterator

from monitors.inspection.model import Backup, Job
from monitors.inspection.values import bounded, sections

WITHOUT_USER = ("/var/spool/cron/",)
NAMED_TIME = re.compile(r"@\w+")
ASSIGNMENT = re.compile(r"^\s*[A-Za-z_][A-Za-z0-9_]*\s*=")
TIMER = re.compile(r"(OnCalendar|On\w+)(?:USec)?=([^;}]*)")
PROGRAMS = (
    *("restic", "borgmatic", "borg", "rsnapshot", "bacula", "bareos", "duplicity", "duply"),
    *("rdiff-backup", "rclone", "rsync", "pg_dump", "pg_basebackup", "barman", "pgbackrest"),
    *("mysqldump", "mariadb-dump", "mariabackup", "automysqlbackup", "autopostgresqlbackup"),
    *("backupninja", "backup-manager", "proxmox-backup", "urbackup", "veeam", "tar", "dar", "rear"),
)
OF_THE_SYSTEM = frozenset({"dpkg-db-backup.timer"})
"""Named like backups, but of the system's own small files only."""
WORD = re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, PROGRAMS))})(?![\w])")


def read_jobs(timers: str, cron: str) -> tuple[Job, ...]:
    """Return the jobs of both, in a fixed order."""
    jobs = sorted((*_timers(timers), *_cron(cron)), key=lambda j: (j.source, j.name, j.command))
    return bounded(jobs)


def read_backups(files: str, jobs: tuple[Job, ...]) -> tuple[Backup, ...]:
    """Return backups that are there: programs in jobs first, then their files."""
    found: dict[str, Backup] = {}
    for job in jobs:
        text = f"{job.name} {job.command}"
        match = WORD.search(text)
        if (match or "backup" in text.lower()) and job.name not in OF_THE_SYSTEM:
            program = match[1] if match else "backup"
            evidence = f"{job.source}: {job.name or job.command} at {job.when}"
            found.setdefault(f"{program} {evidence}", Backup(program=program, evidence=evidence))
    for path in map(str.strip, files.splitlines()):
        match = WORD.search(path.replace("/", " ").replace("_", " "))
        if path.startswith("/") and match:
            found.setdefault(path, Backup(program=match[1], evidence=path))
    return bounded(found.values())


def _timers(text: str) -> Iterator[Job]:
    for block in text.split("\n\n"):
        values: dict[str, list[str]] = {}
        for key, _, value in (line.partition("=") for line in block.splitlines()):
            values.setdefault(key, []).append(value)
        name = " ".join(values.get("Id", ()))
        times = [*values.get("TimersCalendar", ()), *values.get("TimersMonotonic", ())]
        if name and any(times):
            when = ", ".join(f"{k} {v.strip()}" for t in times for k, v in TIMER.findall(t))
            unit = " ".join(values.get("Unit", ()))
            yield Job(source="timer", name=name, when=when, command=unit)


def _cron(text: str) -> Iterator[Job]:
    for file, lines in sections(text):
        if re.match(r"/etc/cron\.(hourly|daily|weekly|monthly)/", file):
            if not file.endswith("/.placeholder"):
                yield Job(source=file, name=file.rpartition("/")[2], when=file.split("/")[2][5:])
            continue
        user = file.rpartition("/")[2] if file.startswith(WITHOUT_USER) else None
        for line in lines:
            if not ASSIGNMENT.match(line) and (job := _entry(file, line, user)):
                yield job


def _entry(file: str, line: str, user: str | None) -> Job | None:
    """Read a line of a crontab(5): five fields or `@daily`, then a user in system tables."""
    words = line.split(None, 1 if NAMED_TIME.match(line.strip()) else 5)
    if len(words) < 2 or (len(words) < 6 and not words[0].startswith("@")):
        return None
    when, rest = " ".join(words[:-1]), words[-1]
    if user is None:
        user, rest = (*rest.split(None, 1), "", "")[:2]
    return Job(source=file, name="", when=when, user=user, command=rest)
