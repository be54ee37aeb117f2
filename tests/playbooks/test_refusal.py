"""Plain ansible-playbook changes only what may be changed, whatever its arguments ask for."""

import re
import shutil
from pathlib import Path

import pytest

from inventory.paths import SHIPPED_ESTATES
from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook

PLAYS = sorted(PLAYBOOKS.glob("*.yml"))
TEXT = "brezovik-app: manage: full would change an existing server"


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pilot, with one town's server at full, which nobody has acknowledged."""
    estate = tmp_path_factory.mktemp("refused") / "pilot"
    shutil.copytree(SHIPPED_ESTATES / "pilot", estate)
    file = estate / "municipalities" / "brezovik.yml"
    file.write_text(file.read_text().replace("  - id: app\n", "  - id: app\n    manage: full\n"))
    return str(estate)


@pytest.mark.parametrize(
    "arguments",
    [
        ("configure.yml",),
        ("harden.yml", "--tags", "ssh", "--limit", "brezovik-app"),
    ],
    ids=" ".join,
)
def test_a_server_that_nobody_acknowledged_ends_the_run_before_any_change(
    arguments: tuple[str, ...], refused: str, own_state: Path
) -> None:
    done = ansible_playbook(*arguments, estate=refused)
    assert done.returncode == 2
    assert TEXT in done.stdout
    assert "bastide host impact brezovik-app --level full" in done.stdout
    assert re.findall(r"^TASK \[(.+)\]", done.stdout, re.MULTILINE) == ["Refuse"]
    assert "UNREACHABLE" not in done.stdout


@pytest.mark.parametrize(
    "arguments", [("configure.yml",), ("harden.yml", "--tags", "ssh", "--limit", "brezovik-app")]
)
@pytest.mark.parametrize("estate", ["pilot", "refused"])
def test_a_level_that_is_tried_out_counts_in_check_mode_only(
    estate: str, arguments: tuple[str, ...], refused: str, own_state: Path
) -> None:
    folder = refused if estate == "refused" else estate
    done = ansible_playbook(*arguments, estate=folder, BASTIDE_PREVIEW="brezovik-app=full")
    assert done.returncode == 2
    assert "BASTIDE_PREVIEW is set, and this run is not in check mode" in done.stdout
    assert re.findall(r"^TASK \[(.+)\]", done.stdout, re.MULTILINE) == ["Refuse"]


def test_it_is_in_no_play_of_a_real_run_and_in_those_of_a_check(own_state: Path) -> None:
    # Whatever tags leave out: such a host is in no group but `refused`.
    for more, named in ((["--skip-tags", "always"], False), (["--check"], True)):
        done = ansible_playbook(
            "--list-hosts", *more, "harden.yml", estate="pilot", BASTIDE_PREVIEW="brezovik-app=full"
        )
        plays = re.split(r"\n  play #", done.stdout)
        harden = next(play for play in plays if "Harden all hosts" in play)
        assert ("brezovik-app" in harden) is named


def test_a_towns_group_has_no_member_that_may_not_be_changed(refused: str, own_state: Path) -> None:
    done = ansible_playbook("backup.yml", "--limit", "brezovik", estate=refused)
    assert done.returncode != 0
    assert "leaves us with no hosts to target" in done.stderr


def test_watched_hosts_are_in_no_play_of_any_playbook(own_state: Path) -> None:
    done = ansible_playbook("--list-hosts", *PLAYS, estate="pilot")
    named = set(re.findall(r"^      (\S+)$", done.stdout, re.MULTILINE))
    assert named == {"central-ops", "central-vault", "central-scratch"}


def test_every_playbook_refuses_first_and_names_no_host_that_is_not_managed() -> None:
    for file in PLAYS:
        text = file.read_text()
        first = re.search(r"import_playbook: (\S+)", text)
        assert first is not None, file
        if file.stem != "site":
            assert first.group(1) == "plays/refuse.yml", file
            assert text.index("import_playbook") < text.index("  hosts:"), file
        assert not re.search(r"hosts: (all|watched)\b", text), file
