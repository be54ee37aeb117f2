"""A strange town's host is hardened, released, and what it was before: but for logs and times."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.command import bastide
from tests.playbooks.ansible import ansible_playbook
from tests.strange_town import allowed, picture
from tests.strange_town.fixtures import Probing
from tests.strange_town.picture import Difference
from tests.strange_town.town import Town
from tests.town_estate import environment, town_estate

pytestmark = [pytest.mark.town, pytest.mark.root]

HOST = "gradac-new"
# Roles whose changes are recorded by the modules that make them.
TAGS = "updates,logging,hardening,file_walk,integrity"
# What a time stamp cannot be put back of: when a file or what is in a folder was last changed.
FOLDER = frozenset({"size", "modified", "changed"})
LOGS = re.compile(
    r"/var/log/.+|/var/cache/.+|/var/lib/(apt|dpkg)/.+|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-"
    r"|/etc/ld\.so\.cache|/var/lib/systemd/(timers|deb-systemd-helper-enabled)/.+|/run/.+"
)


@pytest.fixture(scope="module")
def variables(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    folder = tmp_path_factory.mktemp("release")
    town_estate(folder / "ours", town, hosts=["new"])
    return environment(folder / "ours", folder / "state")


def play(variables: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    estate = variables["BASTIDE_ESTATE"]
    more = {key: value for key, value in variables.items() if key != "BASTIDE_ESTATE"}
    return ansible_playbook(*arguments, estate=estate, **more)


def is_lasting(difference: Difference) -> bool:
    """Whether a difference is more than a log, a time, or a unit that was started anew."""
    if difference.subject == "unit":
        return not difference.fields <= {"invocation"} or not difference.fields
    if difference.subject != "file" or LOGS.fullmatch(difference.name):
        return difference.subject != "file"
    return not (difference.fields and difference.fields <= FOLDER)


def test_a_released_host_is_what_it_was(
    town: Town, probing: Probing, variables: Mapping[str, str]
) -> None:
    accepted = bastide("host", "impact", HOST, "--accept", "Ana", "--write", **variables)
    assert accepted.returncode == 0, accepted.stderr
    before = picture.take(town, "new")
    done = play(variables, "harden.yml", "--limit", HOST, "--tags", TAGS)
    assert done.returncode == 0, done.stdout[-3000:]
    assert [d for d in allowed.unexplained(before, picture.take(town, "new")) if is_lasting(d)]

    dry = bastide("host", "release", HOST, "--dry-run", **variables)
    assert "file /etc/sysctl.d/90-bastide.conf" in dry.stdout
    with probing() as counts:
        released = bastide("host", "release", HOST, "--yes", **variables)
    assert released.returncode == 0, released.stdout + released.stderr

    assert not counts.failures, counts
    left = [d for d in allowed.unexplained(before, picture.take(town, "new")) if is_lasting(d)]
    assert left == []
    text = (Path(variables["BASTIDE_ESTATE"]) / "municipalities" / "gradac.yml").read_text()
    assert "manage: watch" in text
    assert "accepts:" not in text
