"""apt as it is set up in effect: configuration, repositories with their priorities, pins."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from functools import cache

from monitors.audit.collect.backends import Host, UndeterminedError

CONFIGURATION = "apt-config dump"
LISTS = "/var/lib/apt/lists/"
# What the sources are, all spellings of them read by apt itself, what their signed files say of
# them, and what is preferred to what. Nothing is fetched, and no cache of apt's made or written.
SOURCES = (
    "uris=$(apt-get update --print-uris | grep '_InRelease '); printf '%s\\n' \"$uris\"; "
    f"grep -sHm 12 -E '^(Origin|Label|Suite|Codename|Valid-Until):' {LISTS}*Release; "
    # Where a name of theirs is led, past all name servers.
    "names=$(printf '%s\\n' \"$uris\" | sed -nE \"s,^'[a-z+]+://([^/:']+).*,\\1,p\" | sort -u); "
    '[ -n "$names" ] && grep -hwiF "$names" /etc/hosts | sed "s/^[[:space:]]*/# host /"; '
    "for file in /etc/apt/preferences /etc/apt/preferences.d/*; do "
    '[ -f "$file" ] && echo "# file $file" && cat "$file"; done; . /etc/os-release; '
    'echo "# release $ID $VERSION_CODENAME"'
)
HEAD = re.compile(rf"{LISTS}(\S*_)(?:In)?Release:([\w-]+): *(.*)")
SOURCE = re.compile(r"'(\S+?)/(?:dists/\S+/)?InRelease' (\S+_)InRelease .*")
# Of these apt reads no other (apt_preferences(5)).
READ_BY_APT = re.compile(r"/etc/apt/preferences(\.d/[A-Za-z0-9_.-]+)?")
DEFAULT_PRIORITY, TARGET_PRIORITY = 500, 990
# Of a pattern's keys, what each is called here (unattended-upgrades' README).
KEYS = {
    **{"o": "origin", "origin": "origin", "l": "label", "label": "label", "site": "site"},
    **{"a": "suite", "suite": "suite", "archive": "suite", "n": "codename", "codename": "codename"},
}


@dataclass(frozen=True, slots=True)
class Repository:
    """Where packages come from, as its signed Release file says."""

    site: str
    suite: str
    codename: str
    origin: str
    label: str
    # As the signed file says, in seconds since 1970; None: for ever.
    valid_until: float | None = None

    @property
    def is_security(self) -> bool:
        """Whether the distribution's security team publishes there."""
        if self.origin == "Debian":
            return self.label == "Debian-Security"
        return self.origin == "Ubuntu" and self.suite.endswith("-security")


@dataclass(frozen=True, slots=True)
class Pin:
    """A record of preferences: packages, what their versions come from, and the priority."""

    packages: tuple[str, ...]
    kind: str
    pattern: str
    priority: int

    @property
    def is_general(self) -> bool:
        """Whether it is for every package."""
        return self.packages == ("*",)

    def matches(self, repository: Repository) -> bool:
        """Whether a repository is what it names; a version is never one."""
        if self.kind == "origin":
            site = re.sub(r"^[a-z+]+://", "", repository.site).split("/")[0].split(":")[0]
            return _is_like(site, self.pattern.strip('"'))
        return self.kind == "release" and _is_release(self.pattern, repository)


@dataclass(frozen=True, slots=True)
class Apt:
    """The sources, what is preferred to what, and the release that the host runs."""

    sources: tuple[Repository, ...]
    pins: tuple[Pin, ...]
    distribution: str
    codename: str
    # Where the host's own file leads the names of sources: `ADDRESS NAME …` each.
    led: tuple[str, ...] = ()

    def priority(self, repository: Repository, target: str = "") -> int:
        """Return how much apt prefers a repository's packages; `target` is its default release."""
        for pin in self.pins:
            if pin.is_general and pin.matches(repository):
                return pin.priority
        named = target in (repository.suite, repository.codename)
        return TARGET_PRIORITY if target and named else DEFAULT_PRIORITY


def apt_settings(host: Host) -> dict[str, str]:
    """Return apt's effective configuration, the last value of each name, without quotes."""
    return {name: values[-1] for name, values in apt_lists(host).items()}


def apt_lists(host: Host) -> dict[str, list[str]]:
    """Return apt's effective configuration, every value of each name; lists end with `::`."""
    values: dict[str, list[str]] = {}
    for line in host.check_output(CONFIGURATION).splitlines():
        name, _, value = line.rstrip(";").partition(" ")
        values.setdefault(name, []).append(value.strip('"'))
    return values


def apt_sources(host: Host) -> Apt:
    """Return the sources in effect; UndeterminedError when apt does not tell them."""
    return _apt_sources(host.check_output(SOURCES))


@cache
def _apt_sources(said: str) -> Apt:
    release = re.search(r"^# release (\S*) (\S*)$", said, re.MULTILINE)
    if not release:
        raise UndeterminedError("apt does not tell its sources")
    lines = said[: release.start()].splitlines()
    heads: dict[str, dict[str, str]] = {}
    for line in lines:
        if match := HEAD.fullmatch(line):
            heads.setdefault(match[1], {})[match[2].lower()] = match[3]
    sources = [match for line in lines if (match := SOURCE.fullmatch(line))]
    return Apt(
        tuple(_repository(match[1], heads.get(match[2], {})) for match in sources),
        tuple(_pins(said[: release.start()])),
        release[1],
        release[2],
        tuple(line.removeprefix("# host ") for line in lines if line.startswith("# host ")),
    )


def _repository(site: str, said: dict[str, str]) -> Repository:
    """Return a source with what its Release file says; nothing before the first download."""
    suite, codename, origin, label = (
        said.get(name, "") for name in ("suite", "codename", "origin", "label")
    )
    return Repository(site, suite, codename, origin, label, _time(said.get("valid-until", "")))


def _time(said: str) -> float | None:
    try:
        return parsedate_to_datetime(said).timestamp() if said else None
    except ValueError:
        raise UndeterminedError(f"a repository's last day is not understood: {said[:40]}") from None


def _pins(text: str) -> Iterator[Pin]:
    for part in re.split(r"^# file ", text, flags=re.MULTILINE)[1:]:
        file, _, content = part.partition("\n")
        if not READ_BY_APT.fullmatch(file) or file.endswith((".dpkg-old", ".dpkg-dist", ".bak")):
            continue
        lines = [line for line in content.splitlines() if not line.startswith("#")]
        for stanza in re.split(r"\n[ \t]*\n", "\n".join(lines)):
            if stanza.strip():
                yield _pin(file, stanza)


def _pin(file: str, stanza: str) -> Pin:
    joined = re.sub(r"\n[ \t]+", " ", stanza.strip())
    fields = {
        k.strip().lower(): v.strip()
        for k, _, v in (row.partition(":") for row in joined.splitlines())
    }
    kind, _, pattern = fields.get("pin", "").partition(" ")
    priority = fields.get("pin-priority", "")
    known = kind.lower() in ("release", "origin", "version")
    if not known or not re.fullmatch(r"[+-]?\d+", priority) or not fields.get("package"):
        raise UndeterminedError(f"{file}: not understood: {joined[:80]!r}")
    packages = tuple(re.split(r"[ ,]+", fields["package"]))
    return Pin(packages, kind.lower(), pattern.strip(), int(priority))


def _is_like(text: str, pattern: str) -> bool:
    """Whether a text is as a pattern of apt says: with `*` and `?`, or an expression in slashes."""
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        return bool(re.search(pattern[1:-1], text, re.IGNORECASE))
    return fnmatchcase(text.lower(), pattern.lower())


def _is_release(pattern: str, repository: Repository) -> bool:
    """Whether `a=stable,l=…`, or a bare suite, codename or version, names a repository."""
    for part in (word.strip() for word in pattern.split(",") if word.strip()):
        key, sign, value = part.partition("=")
        if not sign:
            if not any(_is_like(name, part) for name in (repository.suite, repository.codename)):
                return False
        elif key in ("c", "component"):
            if not _is_like("main", value):
                return False  # of security updates hardly any is in another component
        elif key in ("v", "version", "b"):
            continue  # every repository may have that version and architecture
        elif key not in KEYS or not _is_like(getattr(repository, KEYS[key]), value):
            return False
    return True


def is_installed_from(pattern: str, repository: Repository, apt: Apt) -> bool:
    """Whether a pattern of Unattended-Upgrade takes a repository's packages.

    `origin=Debian,label=…`, every part has to match; or `Debian:stable`, origin and suite.
    """
    names = {"distro_id": apt.distribution.capitalize(), "distro_codename": apt.codename}
    for name, value in names.items():
        pattern = pattern.replace(f"${{{name}}}", value)
    if "=" not in pattern:
        origin, _, suite = pattern.partition(":")
        return fnmatchcase(repository.origin, origin) and fnmatchcase(repository.suite, suite)
    return _is_release(pattern, repository)
