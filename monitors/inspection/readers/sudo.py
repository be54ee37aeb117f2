"""Who may become root, from the text of sudoers(5); nothing of it is run."""

import re
from collections.abc import Iterator

from monitors.inspection.model import SudoRule
from monitors.inspection.values import bounded, sections

ALIAS = re.compile(r"(User|Runas|Host|Cmnd|Cmd)_Alias\s+(.*)")
# Between definitions of one line; commands have escaped colons.
NEXT_DEFINITION = re.compile(r":\s*(?=[A-Z][A-Z0-9_]*\s*=)")
DEFINITION = re.compile(r"([A-Z][A-Z0-9_]*)\s*=\s*(.*)")
# A name may be quoted, or have escaped spaces: accounts and groups of a directory do.
NAME = r'(?:"[^"]*"|\\.|[^\s,="\\])+'
NAMES = rf"{NAME}(?:\s*,\s*{NAME})*"
RULE = re.compile(rf"(?P<who>{NAMES})\s+(?P<where>{NAMES})\s*=\s*(?P<what>.+)")
# `: HOSTS = COMMANDS` begins another part of a rule; a tag's colon does not.
NEXT_HOSTS = re.compile(r"\s*:\s*(?:[\w.!+-]+\s*,\s*)*[\w.!+-]+\s*=\s*(?=[(A-Z/!])")
COMMA = re.compile(r"(?<!\\),(?![^()]*\))")
OPTION = re.compile(r"(?:ROLE|TYPE|CWD|CHROOT|TIMEOUT|NOTBEFORE|NOTAFTER|APPARMOR_PROFILE)=\S+\s+")
TAG = re.compile(r"([A-Z_]+):\s*")
RUN_AS = re.compile(r"\(([^)]*)\)\s*")
# A number is an account's, all else is a comment (sudoers(5), "Other special characters").
COMMENT = re.compile(r"(?:^|\s)#(?!\d).*$")
INCLUDE = re.compile(r'[#@]include\s+"?([^"\s]+)')
MOST_EXPANSIONS = 20

Aliases = dict[str, list[str]]


def read_sudo(sudoers: str) -> tuple[SudoRule, ...]:
    """Return the rules of every file; aliases of users, run-as and commands are resolved."""
    named = set(INCLUDE.findall(sudoers))
    files = [
        (file, list(_logical(lines))) for file, lines in sections(sudoers) if _is_read(file, named)
    ]
    aliases: Aliases = {}
    for _, lines in files:
        for line in lines:
            _define(line, aliases)
    return bounded(
        rule for file, lines in files for line in lines for rule in _rules(file, line, aliases)
    )


def _is_read(file: str, named: set[str]) -> bool:
    """Whether sudo reads a file: of a folder not those with a dot, nor those ending in `~`."""
    name = file.rpartition("/")[2]
    return name == "sudoers" or file in named or not ("." in name or name.endswith("~"))


def _logical(lines: list[str]) -> Iterator[str]:
    """Yield lines that a backslash continues as one; comments and includes are left out."""
    held = ""
    for line in lines:
        held += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        text, held = COMMENT.sub("", held).strip(), ""
        if text and not text.startswith(("@", "Defaults")):
            yield text


def _define(line: str, aliases: Aliases) -> None:
    match = ALIAS.match(line)
    for part in NEXT_DEFINITION.split(match[2]) if match else ():
        definition = DEFINITION.match(part.strip())
        if definition:
            aliases[definition[1]] = [word.strip() for word in COMMA.split(definition[2])]


def _rules(file: str, line: str, aliases: Aliases) -> Iterator[SudoRule]:
    match = None if ALIAS.match(line) else RULE.match(line)
    if match is None:
        return
    who = [name for name in _resolved(COMMA.split(match["who"]), aliases) if name[0] != "!"]
    for part in NEXT_HOSTS.split(match["what"]):
        for commands, run_as, asks in _specifications(part):
            whom, colon, group = run_as.partition(":")
            whom = ", ".join(_resolved(whom.split(","), aliases)) + colon + group
            for name in who:
                for command in _resolved([commands], aliases):
                    yield SudoRule(
                        who=_plain(name),
                        run_as=whom,
                        commands=command,
                        asks_password=asks,
                        file=file,
                    )


def _specifications(what: str) -> Iterator[tuple[str, str, bool]]:
    """Yield each command, whom it is run as, and whether a password is asked.

    What stands before a command holds for those after it too, until something else is said.
    """
    run_as, asks = "root", True
    for text in map(str.strip, COMMA.split(what)):
        if match := RUN_AS.match(text):
            run_as, text = match[1].strip(), text[match.end() :]
        text = OPTION.sub("", text)
        while match := TAG.match(text):
            asks = {"PASSWD": True, "NOPASSWD": False}.get(match[1], asks)
            text = OPTION.sub("", text[match.end() :])
        yield text, run_as, asks


def _plain(name: str) -> str:
    """Return a name without the quotes and backslashes that sudoers(5) wants."""
    return re.sub(r"\\(.)", r"\1", name.replace('"', ""))


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
