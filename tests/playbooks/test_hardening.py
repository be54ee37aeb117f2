"""What the role sets is what the audit asks for, and its program does it once."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from jinja2 import Template

from monitors.audit.checks import test_kernel as kernel
from monitors.audit.checks.test_files import APPROVED
from tests.playbooks.ansible import ROLES

ROLE = ROLES / "hardening"
CLOSE_HOST = ROLE / "files/close-host"
SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108
# By hand: no module at all could be loaded after it.
NOT_SET = {kernel.MODULES_CLOSED}


def test_every_module_that_must_not_load_is_forbidden() -> None:
    text = (ROLE / "files/etc/modprobe.d/bastide.conf").read_text()
    forbidden = re.findall(r"^install (\S+) /bin/false$", text, re.MULTILINE)
    assert set(forbidden) == {
        *kernel.UNUSED_FILE_SYSTEMS,
        *kernel.UNUSED_DEVICES,
        *kernel.UNUSED_PROTOCOLS,
    }


def test_every_parameter_that_is_asked_for_is_set() -> None:
    text = (ROLE / "templates/sysctl.conf.j2").read_text()
    written = set(re.findall(r"^-([a-z0-9_.]+) = ", text, re.MULTILINE))
    assert set(kernel.ASKED) - NOT_SET <= written


@pytest.mark.parametrize(
    ("roles", "keeps", "turned_off"),
    [([], False, True), ([], True, False), (["edge"], False, False)],
)
def test_forwarding_is_turned_off_where_nothing_declares_it(
    roles: list[str], keeps: bool, turned_off: bool
) -> None:
    rendered = rendered_parameters(bastide_roles=roles, bastide_keeps_forwarding=keeps)
    assert ("-net.ipv4.ip_forward = 0" in rendered) is turned_off
    assert ("-net.ipv6.conf.all.forwarding = 0" in rendered) is turned_off


@pytest.mark.parametrize("heeds", [True, False])
def test_routers_are_heeded_only_where_the_estate_wants_it(heeds: bool) -> None:
    rendered = rendered_parameters(hardening_router_advertisements=heeds)
    assert ("accept_ra = 0" in rendered) is not heeds
    assert "-net.ipv6.conf.all.accept_redirects = 0" in rendered


def test_packets_may_come_in_where_their_answers_do_not_leave() -> None:
    assert "-net.ipv4.conf.*.rp_filter = 2\n" in rendered_parameters(hardening_reverse_path=2)


def rendered_parameters(**variables: object) -> str:
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    given = {"ansible_managed": "", "bastide_roles": [], "bastide_keeps_forwarding": False}
    text = (ROLE / "templates/sysctl.conf.j2").read_text()
    return str(Template(text, trim_blocks=True).render({**defaults, **given, **variables}))


def test_programs_with_borrowed_rights_are_approved_with_a_package() -> None:
    """A row without the comment that names its package above it is one that nobody thought of."""
    section = ""
    for line in APPROVED.read_text().splitlines()[1:]:
        if line.startswith("  #"):
            section = line
        elif line.startswith("  /"):
            assert section, line
        elif not line.startswith("#"):
            section = ""


def closed(work: Path) -> tuple[str, str, str, int]:
    """Run the program twice in a mount namespace of its own; return what it said and left."""
    script = work / "script.sh"
    script.write_text(
        # By sh: a checkout below /tmp is one from which nothing starts after the first run.
        f"set -e\nsh {CLOSE_HOST} mounts >{work}/first\nsh {CLOSE_HOST} mounts >{work}/second\n"
        f"findmnt -rn -o TARGET,OPTIONS >{work}/mounts\n"
        "program=$(mktemp); echo '#!/bin/sh' >$program; chmod +x $program\n"
        "started=0; $program 2>/dev/null || started=$?; rm $program\n"
        f"echo $started >{work}/status\n"
    )
    command = ["unshare", "--mount", "--propagation", "private", "sh", str(script)]
    subprocess.run(command, check=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    first, second, mounts, status = (
        (work / name).read_text() for name in ("first", "second", "mounts", "status")
    )
    return first, second, mounts, int(status)


@pytest.mark.root
def test_nothing_starts_from_shared_folders_and_a_second_run_changes_nothing(
    tmp_path: Path,
) -> None:
    first, second, mounts, status = closed(tmp_path)

    assert "mount options of" in first
    assert second == ""
    options = dict(line.split(" ", 1) for line in mounts.splitlines())
    for folder in SHARED:
        assert {"nodev", "nosuid", "noexec"} <= set(options[folder].split(",")), folder
    assert status == 126


@pytest.mark.root
def test_homes_are_closed_whoever_runs_it_from_where(tmp_path: Path) -> None:
    """From root's home, where nobody else may be, as well as from a person's own."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[: len(tmp_path.parents) - 2]:
        parent.chmod(parent.stat().st_mode | 0o011)
    homes = [tmp_path / name for name in ("ana", "milan")]
    for number, home in enumerate(homes, 3001):
        (home / ".ssh").mkdir(parents=True)
        for path, mode in ((home / ".ssh", 0o755), (home, 0o755)):
            os.chown(path, number, number)
            path.chmod(mode)
    entries = "".join(
        f"{home.name}:x:{number}:{number}::{home}:/bin/sh\n"
        for number, home in enumerate(homes, 3001)
    )
    text = CLOSE_HOST.read_text()
    functions = text.partition("\nfor folder in /tmp")[0]
    (tmp_path / "script.sh").write_text(
        f"{functions}\ngetent() {{ printf '%s' '{entries}'; }}\nclose_homes\n"
    )
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    said = subprocess.run(
        ["sh", tmp_path / "script.sh"], cwd=private, capture_output=True, text=True, check=True
    )
    assert said.stderr == ""
    for home in homes:
        assert (home.stat().st_mode & 0o777, (home / ".ssh").stat().st_mode & 0o777) == (
            0o750,
            0o700,
        )
