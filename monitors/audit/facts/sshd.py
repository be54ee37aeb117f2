"""The SSH server's files as they are written; `sshd -T` says what is in force (system.py)."""

import re
from dataclasses import dataclass

from monitors.audit.collect.backends import Host, UndeterminedError

FOLDER = "/etc/ssh/sshd_config.d"
SSHD_LINES = f"grep -sHE '^[[:space:]]*[A-Za-z]' /etc/ssh/sshd_config {FOLDER}/*.conf"
SERVER_FILES = ("/etc/ssh/sshd_config", FOLDER, f"{FOLDER}/*", "/etc/ssh/ssh_host_*")
# Between a keyword and its value stands white space, or one equals sign with or without it.
SEPARATOR = re.compile(r"\s*=\s*|\s+")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as it stands in a file; `match` is empty outside Match blocks."""

    file: str
    match: str
    setting: str
    value: str


def sshd_lines(host: Host) -> tuple[Setting, ...]:
    """Return every setting of the server's files in order, each with its Match block."""
    read = host.run(SSHD_LINES)
    # grep ends with 2 where there is no drop-in, and has read the rest.
    if read.rc and not read.stdout:
        raise UndeterminedError(f"no setting in /etc/ssh/sshd_config (grep ended with {read.rc})")
    lines, block = [], ("", "")
    for row in read.stdout.splitlines():
        file, _, text = row.partition(":")
        setting, _, value = SEPARATOR.sub("\n", text.strip(), count=1).partition("\n")
        setting, value = setting.lower(), value.strip('"')
        # A block ends with its file.
        block = (file, value) if setting == "match" else block
        match = block[1] if block[0] == file and block[1].lower() != "all" else ""
        lines.append(Setting(file, match, setting, value))
    return tuple(lines)
