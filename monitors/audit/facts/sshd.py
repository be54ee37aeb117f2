"""The SSH server: its files as they are written, and what the running server makes of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from monitors.audit.collect.backends import Host, UndeterminedError

FOLDER = "/etc/ssh/sshd_config.d"
SSHD_LINES = f"grep -saHvE '^[[:space:]]*(#|$)' /etc/ssh/sshd_config {FOLDER}/*.conf"
SERVER_FILES = ("/etc/ssh/sshd_config", FOLDER, f"{FOLDER}/*", "/etc/ssh/ssh_host_*")
DEFAULTS = "/etc/default/ssh"
# `sshd -T` with the arguments that the running server was given, first as root from the host
# itself. Then those arguments, what the next start would give, and, where a Match block may stand,
# what differs for each account that has a shell and comes from elsewhere.
SSHD_EFFECTIVE = (
    "set -f; running=$(pgrep -P 1 -a -x sshd | grep -vE '^[0-9]+ sshd: [^/]'); "
    "given=$(printf '%s\\n' \"$running\" | sed -nE "
    "'1{s/^[0-9]+ (sshd: )?[^ ]*sshd//;s/ \\[listener\\].*//;p}'); "
    "base=$(sshd -T $given -C user=root,host=localhost,addr=127.0.0.1) || exit; "
    'printf \'%s\\n\\n# running\\n%s\\n# next\\n\' "$base" "$running"; '
    f"grep -shvE '^[[:space:]]*(#|$)' {DEFAULTS}; "
    "grep -rqsi match /etc/ssh/sshd_config /etc/ssh/sshd_config.d || exit 0; "
    "for user in $(getent passwd | grep -vE '/(nologin|false|sync)$' | cut -d: -f1 | head -20); do "
    'echo "# account $user"; { printf \'%s\\n#\\n\' "$base"; '
    'sshd -T $given -C "user=$user,host=client,addr=192.0.2.1"; } | '
    "awk '$0 == \"#\" { more = 1; next } !more { same[$0]; next } !($0 in same)'; "
    "done"
)
ROOT = "root"
# What is understood of the list above: a file's name may hold a colon, or the end of a line.
SERVER_FILE = re.compile(rf"/etc/ssh/sshd_config|{FOLDER}/[^/:]+\.conf")
KEYWORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
WHITESPACE = " \t\r\n"
# Options of sshd(8) that change nothing of who gets in: in the foreground, one version of IP.
HARMLESS_OPTIONS = frozenset({"-D", "-4", "-6"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as it stands in a file; `match` is empty outside Match blocks."""

    file: str
    match: str
    setting: str
    value: str


@dataclass(frozen=True, slots=True)
class SshServer:
    """The running server: its settings by account, and the options that it has and will have.

    Of each account but root only what differs from root's is there. A setting that is printed
    several times has its values in order.
    """

    accounts: dict[str, dict[str, tuple[str, ...]]]
    running: tuple[str, ...]
    next_start: tuple[str, ...]

    def settings(self) -> Iterator[tuple[str, str, str]]:
        """Yield account, setting and value, one for each line that sshd printed."""
        for account, values in self.accounts.items():
            for setting, lines in values.items():
                yield from ((account, setting, line) for line in lines)


def ssh_server(host: Host) -> SshServer:
    """Return what the server says that is in force, names of settings in lower case."""
    return _ssh_server(host.check_output(SSHD_EFFECTIVE))


@cache
def _ssh_server(said: str) -> SshServer:
    sections: dict[str, list[str]] = {ROOT: []}
    lines = sections[ROOT]
    for line in said.splitlines():
        if line.startswith("# "):
            lines = sections.setdefault(line, [])
        elif line:
            lines.append(line)
    accounts = {
        name.removeprefix("# account "): _values(rows)
        for name, rows in sections.items()
        if name == ROOT or (name.startswith("# account ") and name != f"# account {ROOT}")
    }
    root_elsewhere = _values(sections.get(f"# account {ROOT}", []))
    if root_elsewhere:
        accounts["root from elsewhere"] = root_elsewhere
    return SshServer(
        accounts, tuple(sections.get("# running", [])), tuple(sections.get("# next", []))
    )


def _values(rows: list[str]) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for row in rows:
        setting, _, value = row.partition(" ")
        values[setting.lower()] = (*values.get(setting.lower(), ()), value)
    return values


def strange_options(server: SshServer, unit: str) -> list[str]:
    """Return the command-line options that the server has, or gets at its next start.

    `unit` is what systemd says that it starts.
    """
    running = [re.sub(r" \[listener\].*", "", line) for line in server.running]
    by_unit = re.findall(r"argv\[\]=(.*?) ; ", unit)
    options = [
        f"{when} with {' '.join(words)}"
        for when, lines in (("running", running), ("started by its unit", by_unit))
        for words in map(_options, lines)
        if _is_strange(words)
    ]
    for line in server.next_start:
        name, _, value = line.strip().removeprefix("export ").partition("=")
        words = [part for word in tokens(value) for part in word.split()]
        if name != "SSHD_OPTS" or any(sign in value for sign in "$`;&|") or _is_strange(words):
            options.append(f"{DEFAULTS}: {line.strip()}")
    return options


def _options(line: str) -> list[str]:
    """Return what follows the program in a command line."""
    words = line.split()
    place = next((n for n, word in enumerate(words) if word.endswith("sshd")), len(words))
    return [word for word in words[place + 1 :] if word != "$SSHD_OPTS"]


def _is_strange(words: list[str]) -> bool:
    return bool(set(words) - HARMLESS_OPTIONS)


def sshd_lines(host: Host) -> tuple[Setting, ...]:
    """Return every setting of the server's files in order, each with its Match block."""
    read = host.run(SSHD_LINES)
    # grep ends with 2 where there is no drop-in, and has read the rest.
    if read.rc and not read.stdout:
        raise UndeterminedError(f"no setting in /etc/ssh/sshd_config (grep ended with {read.rc})")
    return _sshd_lines(read.stdout)


@cache
def _sshd_lines(text: str) -> tuple[Setting, ...]:
    lines, block = [], ("", "")
    for row in text.split("\n"):
        file, _, line = row.partition(":")
        keyword, rest = _keyword(line)
        if row and not SERVER_FILE.fullmatch(file):
            raise UndeterminedError(f"a file of the SSH server has a name that is none: {row[:80]}")
        if not keyword or keyword.startswith("#"):
            continue
        if not KEYWORD.fullmatch(keyword):
            raise UndeterminedError(f"{file}: not understood: {line.strip()[:60]}")
        setting, value = keyword.lower(), " ".join(tokens(rest))
        # A block ends with its file.
        block = (file, value) if setting == "match" else block
        match = block[1] if block[0] == file and block[1].lower() != "all" else ""
        lines.append(Setting(file, match, setting, value))
    return tuple(lines)


def _keyword(line: str) -> tuple[str, str]:
    """Return the first word of a line and the rest, as strdelim() of OpenSSH does it.

    The word may be quoted; white space or one equals sign ends it.
    """
    line = line.rstrip(f"{WHITESPACE}\f").lstrip(WHITESPACE)
    if line.startswith('"'):
        word, _, rest = line[1:].partition('"')
    else:
        word = re.split(r'[ \t\r\n="]', line, maxsplit=1)[0]
        rest = line[len(word) :]
    return word, re.sub(r"^[ \t\r\n]*=?[ \t\r\n]*", "", rest)


def tokens(text: str) -> list[str]:
    """Return the arguments of a line as argv_split() of OpenSSH takes them apart.

    Quotes of both kinds, a backslash before a quote, a backslash or a space, a comment at the end.
    """
    words: list[str] = []
    place = 0
    while place < len(text):
        if text[place] in " \t":
            place += 1
            continue
        if text[place] == "#":
            break
        word, place = _token(text, place)
        words.append(word)
    return words


def _token(text: str, place: int) -> tuple[str, int]:
    quote, word = "", ""
    while place < len(text):
        sign = text[place]
        following = text[place + 1 : place + 2]
        if sign == "\\" and following and following in ('"', "'", "\\", *(() if quote else (" ",))):
            word += following
            place += 1
        elif not quote and sign in " \t":
            break
        elif not quote and sign in "\"'":
            quote = sign
        elif quote and sign == quote:
            quote = ""
        else:
            word += sign
        place += 1
    if quote:
        raise UndeterminedError(f"a quote in the SSH server's files has no end: {text.strip()}")
    return word, place
