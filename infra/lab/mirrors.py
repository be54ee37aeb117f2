"""The mirror from which this machine itself gets Debian: the lab uses the same."""

from dataclasses import dataclass

from infra.errors import failed
from infra.lab.commands import run

RELEASE = "bookworm"
SUITES = (RELEASE, f"{RELEASE}-updates", f"{RELEASE}-security")
FIELDS = "$(CREATED_BY)|$(ORIGIN)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)"


@dataclass(frozen=True, slots=True)
class Source:
    """One line of sources.list: where from, which suite."""

    uri: str
    suite: str

    def __str__(self) -> str:
        """Return the line."""
        return f"deb {self.uri} {self.suite} main"


def debian_sources() -> tuple[Source, ...]:
    """Return this machine's apt sources of Debian 12; InfraError when it has none."""
    return select(run("apt-get", "indextargets", "--format", FIELDS))


def select(targets: str) -> tuple[Source, ...]:
    """Pick Debian's own suites, main component, out of what `apt-get indextargets` prints."""
    sources: dict[str, Source] = {}
    for line in targets.splitlines():
        created_by, origin, suite, component, uri = line.split("|")
        ours = created_by == "Packages" and origin == "Debian" and component == "main"
        if ours and suite in SUITES:
            sources.setdefault(suite, Source(uri.rstrip("/"), suite))
    if RELEASE not in sources:
        raise failed(
            "apt sources",
            expected=f"Debian's suite {RELEASE}, component main",
            found=", ".join(sorted(sources)) or "none of its suites",
            advice="add it to /etc/apt/sources.list and run `apt-get update`",
        )
    return tuple(sources[suite] for suite in SUITES if suite in sources)
