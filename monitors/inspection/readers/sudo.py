"""Who may become root, from the text of sudoers(5); nothing of it is run."""

import re
from collections.abc import Iterator

from monitors.inspection.model import SudoRule
from monitors.inspection.values import bounded, sections

ALIAS = re.compile(r"(User|Runas|Host|Cmnd)_Alias\s+(.*)")
DEFINITION = re.compile(r"([A-Z][A-Z0-9_]*)\s*=\s*(.*)")
RULE = re.compile(r"(?P<who>[^=]+?)\s+(?P<where>\S+)\s*=\s*(?P<what>.+)")
TAGS = re.compile(r"([A-Z_]+):\s*")
RUN_AS = re.compile(r"\(([^)]*)\)\s*")
MOST_EXPANSIONS = 20

Aliases = dict[str, list[str]]


def read_sudo(sudoers: str) -> tuple[SudoRule, ...]:
    """Return the rules of every file; aliases of users and commands are resolved."""
    files = [(file, list(_logical(lines))) for file, lines in sections(sudoers) if _is_read(file)]
    aliases: Aliases = {}
    for _, lines in files:
        for line in lines:
            _define(line, aliases)
    return bounded(
        rule for file, lines in files for line in lines for rule in _rules(file, line, aliases)
    )


def _is_read(file: str) -> bool:
    """Whether sudo reads a file of its folder: not those with a dot, nor those ending in `~`."""
    name = file.rpartition("/")[2]
    return name == "sudoers" or not ("." in name or name.endswith("~"))


def _logical(lines: list[str]) -> Iterator[str]:
    """Yield lines that a backslash continues as one; comments and includes are left out."""
    held = ""
    for line in lines:
        held += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        text, held = held.strip(), ""
        if text and not text.startswith(("#", "@", "Defaults")):
            yield re.sub(r"\s#.*$", "", text)


def _define(line: str, aliases: Aliases) -> None:
    match = ALIAS.match(line)
    for part in match[2].split(":") if match else ():
        definition = DEFINITION.match(part.strip())
        if definition:
            aliases[definition[1]] = [word.strip() for word in definition[2].split(",")]


def _rules(file: str, line: str, aliases: Aliases) -> Iterator[SudoRule]:
    match = None if ALIAS.match(line) else RULE.match(line)
    if match is None:
        return
    commands, run_as, asks = _specification(match["what"])
    for who in _resolved(match["who"].split(","), aliases):
        for command in _resolved(commands, aliases):
            yield SudoRule(who=who, run_as=run_as, commands=command, asks_password=asks, file=file)


def _specification(what: str) -> tuple[list[str], str, bool]:
    """Return the commands, whom they are run as, and whether a password is asked."""
    match = RUN_AS.match(what)
    run_as = match[1] if match else "root"
    rest = what[match.end() :] if match else what
    tags = set(TAGS.findall(rest))
    commands = [command.strip() for command in TAGS.sub("", rest).split(",")]
    return commands, run_as, "NOPASSWD" not in tags


def _resolved(words: list[str], aliases: Aliases) -> list[str]:
    """Return the words with aliases replaced by what they stand for; circles end."""
    resolved: list[str] = []
    waiting, expansions = [word.strip() for word in words], 0
    while waiting:
        word = waiting.pop(0)
        if word in aliases and expansions < MOST_EXPANSIONS:
            expansions += 1
            waiting = [*aliases[word], *waiting][:1000]
        elif word:
            resolved.append(word)
    return resolved
