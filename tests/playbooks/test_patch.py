"""patch.yml goes from batch to batch, and stops by itself when one of its hosts is not well."""

import re
import shutil
from pathlib import Path

import pytest

from inventory.paths import SHIPPED_ESTATES
from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook

# In the place of the role: whom it updates, who fails, and whom nobody reaches any more.
ROLE = """
- name: Update it
  ansible.builtin.debug:
    msg: "updated {{ inventory_hostname }}"
- name: Go on with it
  ansible.builtin.raw: "true"
  when: inventory_hostname in lost.split(',')
- name: Report
  ansible.builtin.set_fact:
    patching_done: {problem: "{{ 'broken' if inventory_hostname in broken.split(',') else '' }}"}
"""
UPDATED = re.compile(r"msg: updated (\S+)")


class Town:
    """The lab's estate and patch.yml with a role that only says what it does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.estate = folder, folder / "lab"
        shutil.copytree(SHIPPED_ESTATES / "lab", self.estate)
        file = self.estate / "estate.yml"
        file.write_text(file.read_text().replace("canary: velgora", "canary: kastrava"))
        play = (PLAYBOOKS / "patch.yml").read_text()
        assert "plays/refuse.yml" in play
        self.play = folder / "patch.yml"
        self.play.write_text(play.replace("plays/refuse.yml", f"{PLAYBOOKS}/plays/refuse.yml"))
        (folder / "roles" / "patching" / "tasks").mkdir(parents=True)
        (folder / "roles" / "patching" / "tasks" / "main.yml").write_text(ROLE)

    def run(self, *arguments: str, broken: str = "-", lost: str = "-") -> tuple[list[str], str]:
        """Return the hosts that were updated, in this order, and all that was said."""
        done = ansible_playbook(
            self.play, "-e", f"broken={broken} lost={lost}", *arguments, estate=str(self.estate)
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == (broken != "-" or lost != "-"), said
        return UPDATED.findall(done.stdout), said


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town(tmp_path_factory.mktemp("patch"))


def test_all_hosts_are_updated_wave_by_wave_and_one_of_a_town_at_a_time(
    town: Town, own_state: Path
) -> None:
    updated, said = town.run()
    assert [name.partition("-")[0] for name in updated] == [
        *("kastrava", "kastrava"),
        *("aynzuhur", "aynzuhur"),
        *("velgora", "velgora", "velgora"),
        *("central", "central", "central"),
    ]
    assert updated[1] == "kastrava-edge"
    assert updated[-1] == "central-ops"
    assert said.count("PLAY [Update hosts, wave by wave]") == 10


def test_it_stops_at_a_host_that_is_not_well_and_names_those_that_are_left(
    town: Town, own_state: Path
) -> None:
    updated, said = town.run(broken="aynzuhur-edge")
    assert updated[-1] == "aynzuhur-edge"
    assert len(updated) == 4
    assert re.search(r"broken\. Not updated: velgora-\w+, .*central-ops", " ".join(said.split()))


def test_it_stops_when_a_host_of_several_cannot_be_reached_any_more(
    town: Town, own_state: Path
) -> None:
    hosts = ["velgora-app", "velgora-files", "velgora-edge"]
    updated, said = town.run(
        *("--limit", ",".join(hosts), "-e", "patch_at_once=2"), lost="velgora-files"
    )
    assert sorted(updated) == sorted(hosts[:2])
    assert "could not be reached any more: velgora-files. Not updated: velgora-edge" in " ".join(
        said.split()
    )


def test_with_a_limit_the_batches_are_those_of_its_hosts(town: Town, own_state: Path) -> None:
    updated, _ = town.run("--limit", "velgora:central-ops")
    assert updated[-2:] == ["velgora-edge", "central-ops"]
    assert len(updated) == 4
