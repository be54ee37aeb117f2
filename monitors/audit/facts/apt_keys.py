"""By whose keys apt believes its sources: those that lists name, and those for every source."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from monitors.audit.collect.backends import Host, UndeterminedError

# The distributions' own packages of keys; no other package, nor a file of nobody's, counts.
PACKAGES = "debian-archive-keyring ubuntu-keyring ubuntu-archive-keyring"
# Where apt itself says its files are: a setting may move them.
KEYS = (
    'eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d '
    'file Dir::Etc::trusted/f keys Dir::Etc::trustedparts/d)"; '
    'for source in "$list" "$parts"/*.list "$parts"/*.sources; do '
    '[ -f "$source" ] && echo "# source $source" && grep -v "^[[:space:]]*#" "$source"; done; '
    'echo "# keys"; '
    'for key in "$file" "$keys"/*.gpg "$keys"/*.asc; do [ -s "$key" ] && echo "all $key"; done; '
    f"dpkg-query -L {PACKAGES} 2>/dev/null | sed -nE '/\\.(gpg|asc|pgp)$/s/^/packaged /p'; "
    f"dpkg --verify {PACKAGES} 2>/dev/null | "
    r"sed -nE '/\.(gpg|asc|pgp)$/s/^[^ ]+ +(c +)?\//altered \//p'; echo asked"
)
ONE_LINE = re.compile(r"\s*deb(?:-src)?\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<uri>\S+)\s.*")
FINGERPRINT = re.compile(r"(0x)?[0-9A-Fa-f]{16,64}!?")
BLOCK = "-----BEGIN"


@dataclass(frozen=True, slots=True)
class Keys:
    """What lists name for a source (URI, key), what counts for every source, what is known."""

    named: tuple[tuple[str, str], ...]
    for_all: tuple[str, ...]
    packaged: frozenset[str]
    altered: frozenset[str]

    def is_known(self, key: str) -> bool:
        """Whether a key is a file of the distribution, as packaged, or one among these."""
        if FINGERPRINT.fullmatch(key):
            return True
        path = re.sub(r"/+", "/", key)
        return path in self.packaged and path not in self.altered


def apt_keys(host: Host) -> Keys:
    """Return whose keys apt believes; UndeterminedError for what is not understood."""
    return _apt_keys(host.check_output(KEYS))


@cache
def _apt_keys(said: str) -> Keys:
    lists, sign, rest = said.partition("# keys\n")
    rows = [line.partition(" ") for line in rest.splitlines()]
    if not sign or rows[-1:] != [("asked", "", "")]:
        raise UndeterminedError("apt does not tell its keys")
    found: dict[str, list[str]] = {"all": [], "packaged": [], "altered": []}
    for kind, _, path in rows[:-1]:
        found[kind].append(re.sub(r"/+", "/", path))
    return Keys(
        tuple(_named(lists)),
        tuple(found["all"]),
        frozenset(found["packaged"]),
        frozenset(found["altered"]),
    )


def _named(lists: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^# source ", lists, flags=re.MULTILINE)[1:]:
        file, _, text = part.partition("\n")
        if file.endswith(".sources"):
            for stanza in re.split(r"\n[ \t]*\n", text):
                yield from _of_stanza(stanza)
        else:
            for line in text.splitlines():
                yield from _of_line(file, line)


def _of_line(file: str, line: str) -> Iterator[tuple[str, str]]:
    if "signed-by" not in line.lower():
        return
    match = ONE_LINE.fullmatch(line)
    options = (
        re.findall(r"signed-by\s*[+-]?=\s*(\S+)", match["options"] or "", re.IGNORECASE)
        if (match)
        else []
    )
    if not match or not options:
        raise UndeterminedError(f"{file}: not understood: {line.strip()[:80]!r}")
    for value in options:
        yield from ((match["uri"].rstrip("/"), key) for key in value.strip("\"'").split(",") if key)


def _of_stanza(stanza: str) -> Iterator[tuple[str, str]]:
    """Yield the keys of a source in the format of deb822, each of its addresses with each key."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if not line[:1].isspace() and ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
        elif name:
            fields[name] += f"\n{line.strip()}"
    if fields.get("enabled", "yes").lower() in ("no", "false", "0", "off", "without", "disable"):
        return
    value = fields.get("signed-by", "").strip()
    keys = ["a key within the source"] if BLOCK in value else re.split(r"[\s,]+", value)
    for uri in fields.get("uris", "").split():
        yield from ((uri.rstrip("/"), key) for key in keys if key)
