"""What an estate's folder brings of its own, used beside what ships with the project.

roles/NAME/            Ansible roles
playbooks/NAME.yml     playbooks; configure.yml and harden.yml run after ours
controls/TOPIC.yml     rows of the control table, and controls/test_TOPIC.py their checks
profiles/NAME.yaml     SNMP profiles
rules/TOPIC.yml        rules of Prometheus, and rules/TOPIC_test.yml their promtool tests
runbooks/**/*.md       runbooks, those of alerts in runbooks/alerts/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from inventory.problems import Problem

TESTED = "_test.yml"
NOTES = ("README", "LICENSE")

# What a file of each folder must look like; of the folders left out anything may be in there.
READ: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "controls": ("*.yml", "test_*.py"),
        "profiles": ("*.yaml",),
        "rules": ("*.yml",),
        "playbooks": ("*.yml",),
    }
)


@dataclass(frozen=True, slots=True)
class Own:
    """An estate's own files by what they are, each sorted; a role is its folder."""

    folder: Path = Path()
    roles: tuple[Path, ...] = ()
    playbooks: tuple[Path, ...] = ()
    controls: tuple[Path, ...] = ()
    checks: tuple[Path, ...] = ()
    profiles: tuple[Path, ...] = ()
    rules: tuple[Path, ...] = ()
    rule_tests: tuple[Path, ...] = ()
    runbooks: tuple[Path, ...] = ()

    @property
    def runbook_folder(self) -> Path:
        """Where the runbooks' relative paths start."""
        return self.folder / "runbooks"


def own_files(folder: Path) -> Own:
    """Return what the folder of an estate brings of its own."""
    rules = _files(folder, "rules", "*.yml")
    return Own(
        folder=folder,
        roles=tuple(p for p in _matching(folder / "roles", "*") if p.is_dir()),
        playbooks=_files(folder, "playbooks", "*.yml"),
        controls=_files(folder, "controls", "*.yml"),
        checks=_files(folder, "controls", "test_*.py"),
        profiles=_files(folder, "profiles", "*.yaml"),
        rules=tuple(path for path in rules if not path.name.endswith(TESTED)),
        rule_tests=tuple(path for path in rules if path.name.endswith(TESTED)),
        runbooks=_files(folder, "runbooks", "**/*.md"),
    )


def carried_files(own: Own) -> tuple[Path, ...]:
    """Return those that the operations host needs: what it judges, polls, alerts and shows by.

    Of roles it needs what they take, since it checks the estate's settings; never their content.
    """
    specs = (role / "meta" / "argument_specs.yml" for role in own.roles)
    return (
        *own.controls,
        *own.checks,
        *own.profiles,
        *own.rules,
        *own.rule_tests,
        *own.runbooks,
        *filter(Path.is_file, specs),
    )


def find_own_problems(folder: Path) -> Iterator[Problem]:
    """Yield a problem for each file of an estate's own folders that nothing would read."""
    for name, forms in READ.items():
        for path in _matching(folder / name, "*"):
            if path.is_file() and not any(path.match(form) for form in forms):
                yield Problem(
                    path,
                    0,
                    "",
                    f"is nothing that {name}/ is read for, so it would be passed over",
                    f"a name such as {' or '.join(forms)}",
                    "rename it, or keep it elsewhere",
                )


def _files(folder: Path, name: str, form: str) -> tuple[Path, ...]:
    return tuple(path for path in _matching(folder / name, form) if path.is_file())


def _matching(folder: Path, form: str) -> Iterator[Path]:
    """Yield what matches, sorted; what editors, Python and people's notes leave is not among it."""
    for path in sorted(folder.glob(form)):
        left_by_tools = path.name.startswith((".", "__pycache__")) or path.name.endswith("~")
        if not left_by_tools and not path.name.startswith(NOTES):
            yield path
