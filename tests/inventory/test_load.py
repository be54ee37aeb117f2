"""An estate that is wrong is refused whole, with every problem where it stands."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.entries import devices, hosts
from inventory.load import estate_files, find_estate, load_estate
from inventory.paths import SHIPPED_ESTATES
from inventory.problems import InventoryError, Problem

CASES = sorted((Path(__file__).parent.parent / "cases" / "inventory").glob("*.yml"))


def edited_lab(folder: Path, case: dict[str, Any]) -> Path:
    estate = folder / "estate"
    shutil.copytree(SHIPPED_ESTATES / "lab", estate)
    file = estate / case["file"]
    text = file.read_text() if file.exists() else ""
    wanted = text if case["find"] == "ALL" else case["find"]
    assert wanted in text, "the case no longer fits the lab's files"
    file.write_text(text.replace(wanted, case["write"], 1))
    return estate


def problems_of(estate: Path) -> tuple[Problem, ...]:
    with pytest.raises(InventoryError) as caught:
        load_estate(estate)
    return caught.value.problems


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_each_mistake_is_reported_with_place_expectation_and_action(
    file: Path, tmp_path: Path
) -> None:
    case = yaml.safe_load(file.read_text())
    problems = problems_of(edited_lab(tmp_path, case))
    assert len(problems) == len(case["problems"]), problems
    for problem, expected in zip(problems, case["problems"], strict=True):
        assert problem.file.as_posix().endswith(case["file"])
        assert problem.line == expected.get("line", problem.line)
        assert problem.line > 0
        assert problem.path == expected.get("path", "")
        for part in ("message", "expected", "action"):
            assert expected.get(part, "") in getattr(problem, part)


@pytest.mark.parametrize("community", ["hunter2", "12345", "[hunter2]", "{hunter2: hunter2}"])
def test_a_secret_in_the_open_is_refused_and_not_repeated(community: str, tmp_path: Path) -> None:
    write = f"snmp: {{version: 2c, community: {community}}}"
    case = {"file": "municipalities/velgora.yml", "find": "ports: 48", "write": write}
    text = "\n".join(map(str, problems_of(edited_lab(tmp_path, case))))
    assert "must be a reference" in text
    assert "hunter2" not in text
    assert "12345" not in text


def test_a_ring_that_is_entered_somewhere_is_no_circle(tmp_path: Path) -> None:
    ring = "kind: ups\n    parent: [velgora-edge, velgora-switch]"
    estate = edited_lab(
        tmp_path, {"file": "municipalities/velgora.yml", "find": "kind: ups", "write": ring}
    )
    town = estate / "municipalities" / "velgora.yml"
    other = "kind: switch\n    parent:\n      - velgora-edge\n      - velgora-ups"
    town.write_text(town.read_text().replace("kind: switch", other))
    parents = {entry.name: entry.parents for entry in devices(load_estate(estate))}
    assert parents["velgora-switch"] == ("velgora-edge", "velgora-ups")
    assert parents["velgora-ups"] == ("velgora-edge", "velgora-switch")


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    estate = edited_lab(tmp_path, {"file": "central.yml", "find": "id: ops", "write": "it: ops"})
    town = estate / "municipalities" / "kastrava.yml"
    town.write_text(town.read_text().replace("tier: town", "tier: hamlet"))
    assert {problem.file.name for problem in problems_of(estate)} == {"central.yml", "kastrava.yml"}


def test_bytes_that_are_not_text_are_a_problem_not_a_crash(tmp_path: Path) -> None:
    estate = edited_lab(tmp_path, {"file": "central.yml", "find": "ops", "write": "ops"})
    (estate / "central.yml").write_bytes(b"name: \xff\xfe")
    assert problems_of(estate)[0].expected == "UTF-8"


def test_a_folder_without_an_estate_says_how_to_make_one(tmp_path: Path) -> None:
    problem = problems_of(tmp_path)[0]
    assert "bastide init" in problem.action
    assert "lab" in problem.action


@pytest.mark.parametrize(
    "text", ["a: &x [*x]\n", "[" * 3000, "? [a]\n: b\n", "- !!python/object:os.x {}\n"]
)
def test_hostile_yaml_is_a_problem_not_a_crash(text: str, tmp_path: Path) -> None:
    estate = edited_lab(tmp_path, {"file": "central.yml", "find": "ops", "write": "ops"})
    (estate / "central.yml").write_text(text)
    assert problems_of(estate)


@pytest.mark.parametrize(
    ("network", "gateway", "device"),
    [
        ("10.77.9.0/31", "10.77.9.0", "10.77.9.1"),
        ("2001:db8::/127", "2001:db8::", "2001:db8::1"),
        ("2001:db8::/64", "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"),
    ],
)
def test_only_networks_that_have_reserved_addresses_keep_them_free(
    network: str, gateway: str, device: str, tmp_path: Path
) -> None:
    text = f"""
municipality: aynzuhur
name: Ayn Zuhur
tier: village
country: XX
contacts: [{{name: Samar Haddad, duty: council secretary}}]
sites: [{{id: annex, name: Annex, network: "{network}", gateway: "{gateway}"}}]
devices: [{{id: camera, kind: camera, provider: existing, site: annex, address: "{device}"}}]
"""
    case = {"file": "municipalities/aynzuhur.yml", "find": "ALL", "write": text}
    assert load_estate(edited_lab(tmp_path, case)).municipalities[0].devices


def test_a_network_of_one_address_is_its_gateways(tmp_path: Path) -> None:
    site = "\n    nat: true\n  - {id: mast, name: M, network: 10.77.9.9/32, gateway: 10.77.9.9}\n"
    case = {"file": "municipalities/aynzuhur.yml", "find": "\n    nat: true\n", "write": site}
    assert load_estate(edited_lab(tmp_path, case))


@pytest.mark.parametrize("uplink", ["10.77.255.2", "10.77.255.254"])
def test_an_edge_may_have_the_first_and_the_last_address_of_the_wan(
    uplink: str, tmp_path: Path
) -> None:
    case = {"file": "municipalities/kastrava.yml", "find": "10.77.255.12", "write": uplink}
    assert load_estate(edited_lab(tmp_path, case))


@pytest.mark.parametrize(
    "name", ["all", "ungrouped", "municipal", "estate", "managed", "watched", "refused", "edge"]
)
def test_a_municipality_is_not_called_like_a_group_of_every_estate(
    name: str, tmp_path: Path
) -> None:
    write = f"municipality: {name}"
    case = {"file": "municipalities/aynzuhur.yml", "find": "municipality: aynzuhur", "write": write}
    (problem,) = problems_of(edited_lab(tmp_path, case))
    assert problem.message == f"{name!r} is taken by a group of every estate"


def test_two_municipalities_of_one_name_are_told_apart_by_their_files(tmp_path: Path) -> None:
    write = "municipality: aynzuhur"
    case = {"file": "municipalities/kastrava.yml", "find": "municipality: kastrava", "write": write}
    problem = problems_of(edited_lab(tmp_path, case))[0]
    assert problem.file.name == "kastrava.yml"
    assert problem.message == "'aynzuhur' is taken by aynzuhur.yml:2"


def test_a_name_is_unknown_only_where_every_file_could_be_read(tmp_path: Path) -> None:
    estate = edited_lab(tmp_path, {"file": "central.yml", "find": "ops", "write": "ops"})
    (estate / "municipalities" / "aynzuhur.yml").write_text("name: [")
    town = estate / "municipalities" / "velgora.yml"
    text = town.read_text().replace("target: central-vault", "target: aynzuhur-vault", 1)
    text = text.replace("neighbour: velgora-edge", "neighbour: aynzuhur-edge")
    there = "\n    parent: aynzuhur-edge\n    ssh: {jump: aynzuhur-edge}\n"
    town.write_text(text.replace("\n    roles: [web, database]\n", f"{there}    roles: []\n"))
    waivers = estate / "waivers.yml"
    waivers.write_text(waivers.read_text().replace("scope: estate", "scope: aynzuhur-server"))
    (problem,) = problems_of(estate)
    assert problem.file.name == "aynzuhur.yml"


def test_where_no_host_keeps_copies_a_backup_cannot_name_one(tmp_path: Path) -> None:
    estate = edited_lab(
        tmp_path, {"file": "central.yml", "find": "roles: [vault]", "write": "roles: []"}
    )
    problems = problems_of(estate)
    assert [problem.path for problem in problems].count("witness") == 1
    assert len(problems) == 5
    assert {problem.expected for problem in problems} == {
        "a host with roles: [vault]",
        "a host with the role vault",
    }


@pytest.mark.parametrize("other_vault", [True, False])
def test_a_host_keeps_its_own_copies_only_where_it_is_the_whole_centre(
    other_vault: bool, tmp_path: Path
) -> None:
    plan = "{id: own, target: central-ops, paths: [/srv], password: 'generated:own'}"
    write = f"roles: [operations, resolver, vault]\n    backups: [{plan}]"
    case = {"file": "central.yml", "find": "roles: [operations, resolver]", "write": write}
    estate = edited_lab(tmp_path, case)
    if other_vault:
        (problem,) = problems_of(estate)
        assert problem.message.startswith("central-ops would keep its copies itself")
        return
    with pytest.raises(InventoryError, match="copies of central-ops lie on itself"):
        load_estate(_with_one_vault(estate))
    waivers = estate / "waivers.yml"
    waivers.write_text(waivers.read_text().replace("SSH-07", "BKP-02"))
    assert load_estate(estate)


def _with_one_vault(estate: Path) -> Path:
    """Let the operations host keep all copies."""
    for file in (*estate.glob("*.yml"), *(estate / "municipalities").iterdir()):
        text = file.read_text().replace("roles: [vault]", "roles: []")
        file.write_text(text.replace(": central-vault", ": central-ops"))
    return estate


def test_words_of_yaml_1_1_stay_text(tmp_path: Path) -> None:
    estate = edited_lab(
        tmp_path,
        {"file": "municipalities/kastrava.yml", "find": "country: XX", "write": "country: NO"},
    )
    assert load_estate(estate).municipalities[1].country == "NO"


def test_the_lab_is_the_estate_that_the_issue_describes() -> None:
    estate = load_estate(find_estate("lab"))
    assert [town.tier for town in estate.municipalities] == ["village", "town", "city"]
    assert {entry.name for entry in devices(estate)} == {
        "velgora-switch",
        "velgora-ups",
        "kastrava-switch",
        "kastrava-ups",
        "aynzuhur-ups",
    }
    assert {p.name for p in hosts(estate) if p.parents} == {
        "velgora-app",
        "velgora-files",
        "kastrava-app",
        "aynzuhur-server",
    }


def test_the_pilot_has_ten_municipalities_on_existing_hosts() -> None:
    estate = load_estate(find_estate("pilot"))
    assert len(estate.municipalities) == 10
    assert {entry.provider for entry in hosts(estate)} == {"existing"}


def test_a_vault_in_the_estates_folder_is_no_file_of_the_estate(tmp_path: Path) -> None:
    estate = edited_lab(tmp_path, {"file": "central.yml", "find": "ops", "write": "ops"})
    (estate / "secrets.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    names = [path.relative_to(estate).as_posix() for path in estate_files(estate)]
    assert names == [
        "central.yml",
        "estate.yml",
        "municipalities/aynzuhur.yml",
        "municipalities/kastrava.yml",
        "municipalities/velgora.yml",
        "waivers.yml",
    ]
    assert load_estate(estate).estate == "lab"


def test_the_current_folders_estate_is_meant_or_the_nearest_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "municipalities" / "old"
    below.mkdir(parents=True)
    (tmp_path / "estate.yml").write_text("")
    monkeypatch.chdir(below)
    assert find_estate(None) == tmp_path
    (below / "estate.yml").write_text("")
    assert find_estate(None) == below


def test_in_no_estate_those_that_could_be_meant_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("two", "one"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "estate.yml").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InventoryError) as caught:
        find_estate(None)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.path) == (tmp_path, 0, "")
    assert problem.action == "name one: ./one, ./two, lab, pilot"


def test_a_shipped_name_is_meant_unless_a_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_estate("lab") == SHIPPED_ESTATES / "lab"
    assert find_estate("./lab") == tmp_path / "lab"
    assert find_estate("nothing") == tmp_path / "nothing"
    (tmp_path / "lab").mkdir()
    assert find_estate("lab") == SHIPPED_ESTATES / "lab"
    (tmp_path / "lab" / "estate.yml").write_text("")
    assert find_estate("lab") == tmp_path / "lab"


def test_a_folder_of_files_alone_is_told_to_begin_at_its_estate_yml(tmp_path: Path) -> None:
    problem = problems_of(tmp_path)[0]
    assert (problem.file, problem.line, problem.path) == (tmp_path / "estate.yml", 0, "")


def test_an_estate_without_waivers_or_municipalities_is_whole(tmp_path: Path) -> None:
    canary = {"file": "estate.yml", "find": "canary: velgora\n", "write": ""}
    estate = edited_lab(tmp_path, canary)
    (estate / "waivers.yml").unlink()
    shutil.rmtree(estate / "municipalities")
    assert load_estate(estate).waivers == ()
    assert load_estate(estate).municipalities == ()
    assert [path.name for path in estate_files(estate)] == ["central.yml", "estate.yml"]


def test_what_the_estates_folder_brings_is_read_with_it(tmp_path: Path) -> None:
    estate = edited_lab(tmp_path, {"file": "central.yml", "find": "ops", "write": "ops"})
    assert load_estate(estate).own.rules == ()
    (estate / "rules").mkdir()
    (estate / "rules" / "town.yml").write_text("groups: []\n")
    assert [path.name for path in load_estate(estate).own.rules] == ["town.yml"]


def test_in_an_estate_of_existing_hosts_each_that_is_logged_in_to_needs_its_key(
    tmp_path: Path,
) -> None:
    write = "provider: existing\nmanage: audit"
    case = {"file": "estate.yml", "find": "provider: lab", "write": write}
    problems = problems_of(edited_lab(tmp_path, case))
    assert len(problems) == 11
    assert {problem.path.rpartition(".")[2] for problem in problems} == {"host_key", "witness"}


@pytest.mark.parametrize("provider", ["", "    provider: lab\n"], ids=["existing", "lab"])
def test_what_may_be_cut_off_is_accepted_of_existing_servers_only(
    provider: str, tmp_path: Path
) -> None:
    case = {"file": "estate.yml", "find": "provider: lab", "write": "provider: existing"}
    estate = edited_lab(tmp_path, case)
    own = estate / "estate.yml"
    own.write_text(own.read_text().replace("witness: central-vault\n", ""))
    town = estate / "municipalities" / "velgora.yml"
    accepts = "    accepts: {level: full, by: Mira Dolenc, date: 2026-11-27}\n"
    host = "  - id: app\n"
    town.write_text(town.read_text().replace(host, f"{host}{provider}{accepts}"))
    if provider:
        assert "hosts[1].accepts" in {problem.path for problem in problems_of(estate)}
    else:
        assert load_estate(estate)


def test_who_operates_is_judged_where_the_level_is_said(tmp_path: Path) -> None:
    case = {"file": "central.yml", "find": "hosts:\n", "write": "manage: watch\nhosts:\n"}
    problems = problems_of(edited_lab(tmp_path, case))
    (own,) = (problem for problem in problems if problem.file.name == "central.yml")
    assert own.path == "hosts[0]"
    assert own.message.startswith("aynzuhur-edge is managed")


@pytest.mark.parametrize(("value", "found"), [("5", ", found 5"), ("{a: b}", ""), ("[a, b]", "")])
def test_a_plain_value_is_repeated_and_a_whole_mapping_or_list_is_not(
    value: str, found: str, tmp_path: Path
) -> None:
    case = {
        "file": "municipalities/velgora.yml",
        "find": "name: Velgora\n",
        "write": f"name: {value}\n",
    }
    (problem,) = problems_of(edited_lab(tmp_path, case))
    assert problem.message == f"input should be a valid string{found}"
    assert (problem.expected, problem.action) == ("text", "put the value in quotes")
