"""The SSH server's files as they are written; what is in force, `sshd -T` tells (facts.py)."""

from dataclasses import dataclass

from monitors.security.backends import Host
from monitors.security.facts import FileFact

FOLDER = "/etc/ssh/sshd_config.d"
SSHD_LINES = f"grep -sHE '^[[:space:]]*[A-Za-z]' /etc/ssh/sshd_config {FOLDER}/*.conf"
SERVER_FILES = (
    "stat -L -c '%n %a %U %G %Y' "
    f"/etc/ssh/sshd_config {FOLDER} {FOLDER}/* /etc/ssh/ssh_host_* 2>/dev/null"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A setting as it stands in a file; `match` is empty outside Match blocks."""

    file: str
    match: str
    setting: str
    value: str


def sshd_lines(host: Host) -> tuple[Line, ...]:
    """Return every setting of the server's files in order, each with its Match block."""
    found, block = [], ("", "")
    for row in host.check_output(SSHD_LINES).splitlines():
        file, _, text = row.partition(":")
        setting, _, value = text.strip().replace("=", " ", 1).partition(" ")
        setting, value = setting.lower(), value.strip().strip('"')
        # A block ends with its file.
        block = (file, value) if setting == "match" else block
        match = block[1] if block[0] == file and block[1].lower() != "all" else ""
        found.append(Line(file, match, setting, value))
    return tuple(found)


def server_files(host: Host) -> tuple[tuple[FileFact, int], ...]:
    """Return the server's files and folder that exist, and when each was written (Unix time)."""
    rows = (line.rsplit(" ", 4) for line in host.run(SERVER_FILES).stdout.splitlines())
    return tuple(
        (FileFact(path, int(mode, 8), owner, group), int(written))
        for path, mode, owner, group, written in rows
    )
