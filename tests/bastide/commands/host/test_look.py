"""`bastide host look`: one host or several, for people and for programs."""

import json
from pathlib import Path

import pytest

from bastide.actions import looking
from tests.bastide.actions.test_looking import TOWN, Town, hosts_yaml, unreachable, with_eva
from tests.command import bastide_here
from tests.monitors.inspection.estates import GRADAC, write_estate
from tests.monitors.inspection.recorded import inspection


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    folder = write_estate(tmp_path / "estate", GRADAC + hosts_yaml(TOWN))
    monkeypatch.setenv("BASTIDE_ESTATE", str(folder))
    monkeypatch.setenv("BASTIDE_STATE_HOME", str(tmp_path / "state"))
    made = Town()
    made.says = {"gradac-web": inspection("web"), "gradac-files": inspection("legacy")}
    monkeypatch.setattr(looking, "log_in_and_read", made.read)
    return made


def test_all_hosts_are_looked_at_and_one_that_fails_is_named(town: Town) -> None:
    done = bastide_here("host", "look", "--all")
    assert "gradac-web: the first look" in done.stdout
    assert "gradac-files: the first look" in done.stdout
    town.says["gradac-web"] = unreachable("gradac-web")
    done = bastide_here("host", "look", "--all")
    assert done.returncode == 3
    assert "not looked at: gradac-web: no route" in done.stderr
    assert "gradac-files" in done.stdout


def test_the_exit_status_and_the_json_of_one_host_are_as_ever(town: Town) -> None:
    first = bastide_here("host", "look", "gradac-web", "--json")
    assert json.loads(first.stdout)["first"] is True
    town.says["gradac-web"] = with_eva()
    done = bastide_here("host", "look", "gradac-web", "--json")
    assert done.returncode == 1
    assert "login eva" in " ".join(d["text"] for d in json.loads(done.stdout)["differences"])
    town.says["gradac-web"] = unreachable("gradac-web")
    failed = bastide_here("host", "look", "gradac-web", "--json")
    assert (failed.returncode, failed.stdout) == (3, "")
    assert "gradac-web: no route" in failed.stderr


def test_the_json_of_several_hosts_is_a_list_with_failures_in_it(town: Town) -> None:
    town.says["gradac-web"] = unreachable("gradac-web")
    done = bastide_here("host", "look", "gradac-web", "gradac-files", "--json")
    assert done.returncode == 3
    failed, looked_at = json.loads(done.stdout)
    assert failed == {"host": "gradac-web", "problem": "gradac-web: no route"}
    assert looked_at["host"] == "gradac-files"


@pytest.mark.parametrize("words", [(), ("gradac-web", "--all")])
def test_hosts_are_named_or_all_are_meant(words: tuple[str, ...], town: Town) -> None:
    done = bastide_here("host", "look", *words)
    assert done.returncode == 2
    assert "expected a HOST or several, or --all" in done.stderr


def test_where_no_host_is_at_audit_nothing_is_asked(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "estate" / "municipalities" / "gradac.yml"
    file.write_text(file.read_text().replace("manage: audit", "manage: watch"))
    done = bastide_here("host", "look", "--all")
    assert (done.returncode, town.asked) == (0, [])
    assert "none is at level audit" in done.stdout


def test_a_key_that_is_not_there_is_wrong_use(town: Town, tmp_path: Path) -> None:
    done = bastide_here("host", "look", "--all", "--key", str(tmp_path / "none"))
    assert (done.returncode, town.asked) == (2, [])


def test_the_key_of_the_operations_host_is_printed_for_what_it_may_do(town: Town) -> None:
    own = bastide_here("inventory", "key").stdout
    operations = bastide_here("inventory", "key", "--operations").stdout
    assert operations.startswith("restrict ssh-ed25519 ")
    assert operations.split()[2] != own.split()[1]
