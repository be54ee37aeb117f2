"""What apt runs as root, and where it looks for its programs and files, by its own settings."""

import re

# Where apt's own settings put things, as Debian and Ubuntu ship it; of a list each value.
PLACES: dict[str, tuple[str, ...]] = {
    "Dir": ("/",),
    "Dir::State": ("var/lib/apt", "var/lib/apt/", "/var/lib/apt"),
    "Dir::State::lists": ("lists", "lists/"),
    "Dir::State::status": ("/var/lib/dpkg/status",),
    "Dir::Etc": ("etc/apt", "etc/apt/", "/etc/apt"),
    "Dir::Etc::sourcelist": ("sources.list",),
    "Dir::Etc::sourceparts": ("sources.list.d", "sources.list.d/"),
    "Dir::Etc::main": ("apt.conf",),
    "Dir::Etc::parts": ("apt.conf.d", "apt.conf.d/"),
    "Dir::Etc::preferences": ("preferences",),
    "Dir::Etc::preferencesparts": ("preferences.d", "preferences.d/"),
    "Dir::Etc::trusted": ("trusted.gpg",),
    "Dir::Etc::trustedparts": ("trusted.gpg.d", "trusted.gpg.d/"),
    "RootDir": ("", "/"),
}
# Of these settings the values are programs, or commands of a shell.
PROGRAMS = re.compile(
    r"Dir::Bin::[\w:.-]+|APT::Key::\w*Command|Acquire::[\w:]*(Proxy-?Auto-?Detect|AutoDetect)"
    r"|APT::Compressor::[\w.]+::Binary|DPkg::Tools::Adminfile",
    re.IGNORECASE,
)
HOOKS = re.compile(
    r".*::(Pre|Post)-Invoke(-Success|-Stats)?(::.*)?|DPkg::Pre-Install-Pkgs(::.*)?", re.I
)
ROOTS_PROGRAM = re.compile(r"/(usr/(s?bin|lib|libexec|share)|s?bin|lib)/[A-Za-z0-9@+_./-]+")
PLAIN_PROGRAM = re.compile(r"[A-Za-z0-9+_-]*")
# What dpkg(1) may be told: about settings of packages, and about files that nothing starts.
OPTIONS = re.compile(
    r"(--)?(force-(conf\w+|unsafe-io|overwrite(-dir)?|bad-path|not-root)(,conf\w+)*|no-debsig"
    r"|refuse-[\w,-]+|log=/var/log/[\w./-]+|path-(ex|in)clude=/usr/share/(doc|man|info|locale|lintian"
    r"|linda|gnome|help|groff|icons)(/.*)?)"
)
# With one of these apt says that it has done what it has not.
IDLE = (
    *("apt::get::simulate", "apt::get::download-only", "apt::get::just-print", "apt::get::no-act"),
    *("apt::get::print-uris", "apt::get::dry-run", "apt::get::recon", "debug::pkgdpkgpm"),
)
OFF = ("", "0", "false", "no", "off")
# Words of the shell, and programs that do nothing but what their arguments, named here, say.
KEYWORDS = frozenset(("if", "then", "else", "elif", "fi", "!", "{", "}", "exit", "exec"))
SMALL = frozenset(
    ("test", "[", "true", "false", "touch", "echo", "rm", "cat", "command", ":", "appstreamcli")
)
INTERPRETERS = re.compile(
    r"(ba|da|z|k)?sh|env|python[0-9.]*|perl|ruby|node|php|awk|xargs|nohup|setsid"
)
WRITTEN_BY_ROOT = (
    "/usr/",
    "/bin/",
    "/sbin/",
    "/lib/",
    "/var/lib/",
    "/var/cache/",
    "/etc/",
    "/run/",
)
SAFE_PLACES = (*WRITTEN_BY_ROOT, "/dev/null", "/var/log/")


def strange_settings(values: dict[str, list[str]]) -> list[str]:
    """Return which of apt's effective settings name a place or a program that is not known."""
    strange = []
    for name, said in values.items():
        known = next((v for k, v in PLACES.items() if k.lower() == name.lower()), None)
        for value in said:
            is_hook = bool(value and HOOKS.fullmatch(name))
            is_program = bool(value and PROGRAMS.fullmatch(name))
            given = bool(value) and name.lower().startswith("dpkg::options")
            wrong = (
                (known is not None and value not in known)
                or (is_program and not _is_program(value))
                or (is_hook and not is_known_hook(value))
                or (given and not is_known_option(value))
                or (name.lower() in IDLE and value.lower() not in OFF)
            )
            strange += [f"{name} {value[:80]}"] if wrong else []
    return strange


def is_known_option(option: str) -> bool:
    """Whether dpkg, given that option, still installs what it is told to where it belongs."""
    return bool(OPTIONS.fullmatch(option)) and ".." not in option


def _is_program(value: str) -> bool:
    plain = PLAIN_PROGRAM.fullmatch(value) or ROOTS_PROGRAM.fullmatch(value)
    return bool(plain) and ".." not in value


def is_known_hook(command: str) -> bool:
    """Whether a hook runs programs of root's folders alone, on files that only root writes."""
    if re.search(r"`|\$\(|<\(|\bLD_|\.\.", command):
        return False
    parts = re.split(r"[;&|\n]+", re.sub(r"[0-9]?>>?|&>|<|2>&1|>&2", " ", command))
    return all(_is_known_part(part.split()) for part in parts)


def _is_known_part(words: list[str]) -> bool:
    while words and words[0].strip("\"'") in KEYWORDS:
        words = words[1:]
    if not words or re.fullmatch(r"[0-9]+", words[0]):
        return True
    program = words[0].strip("\"'")
    name = program.rpartition("/")[2]
    if not (program in SMALL or ROOTS_PROGRAM.fullmatch(program)) or INTERPRETERS.fullmatch(name):
        return False
    paths = [w.strip("\"'()") for w in words[1:] if "/" in w]
    return all(path.startswith(SAFE_PLACES) for path in paths)
