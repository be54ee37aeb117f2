"""What an estate brings of its own is held to what ours is held to."""

import shutil
from pathlib import Path

import pytest

from bastide.actions.own_files import checked, counted
from bastide.actions.own_playbooks import playbook_files
from inventory.own import own_files
from inventory.problems import InventoryError
from monitors.prometheus.render import pack
from tests.own_estate import RIVER, broken, copied

ROLE_SPECS = "roles/gauge/meta/argument_specs.yml"
CHECK = "controls/test_flood.py"
ROWS = "controls/flood.yml"
RULES = "rules/flood.yml"
TESTS = "rules/flood_test.yml"
PAGE = "runbooks/alerts/RiverHigh.md"
SIRENS = "playbooks/sirens.yml"
PROFILE = "profiles/gauge.yaml"

BROKEN = [
    # Controls
    (ROWS, "FLOOD-01", "SSH-01", r"flood\.yml:3: .*Bastide has a control SSH-01"),
    (ROWS, "severity: high", "severity: dire", r"flood\.yml:7: controls\[0\]\.severity"),
    (ROWS, "{highest_cm} cm", "{lowest_cm} cm", r"flood\.yml:4: .*names a limit"),
    (ROWS, "test_flood.test", "test_rain.test", r"flood\.yml:11: .*no test_rain\.py beside"),
    (ROWS, "task: gauge", "task: barrel", r"no task sets FLOOD-01[\s\S]*by_hand"),
    (ROWS, "[A.7.5]", "[seven!]", r"flood\.yml:9: .*references"),
    (ROWS, "controls:", "rows:", r"flood\.yml:2: rows: unknown key"),
    (ROWS, "- id", "-\tid", r"flood\.yml:3: not YAML"),
    (ROWS, "highest_cm: 450", "other_cm: 450", r"names a limit"),
    ("roles/gauge/tasks/main.yml", "flood-01", "flood-10", r"no task sets FLOOD-01"),
    # Checks
    (CHECK, "def test_flood_01", "def test_flood_02", r"test_flood\.py:7: .*no control has this"),
    (CHECK, "import Host", "import Guest", r"test_flood\.py: cannot be loaded: ImportError"),
    (CHECK, "    words = ", "  )  words = ", r"test_flood\.py:\d+: cannot be loaded: .*Error"),
    (CHECK, 'limits["highest_cm"]', "450", r"test_flood\.py:7: .*uses the limits none"),
    (CHECK, "limits: Limits", "limits: Limits, tide: int", r"test_flood\.py:7: .*takes tide"),
    (CHECK, '    """The gauge\'s', "    '' ''  # \"\"\"The", r"test_flood\.py:\d+: "),
    (CHECK, 'host.check_output("cat /etc/gauge.conf")', '"limit_cm 3"', r"says pass of a host"),
    (
        CHECK,
        '    assert words[:1] == ["limit_cm"], "the gauge has no limit"\n',
        "    if words[:1] == ['{}']:\n        host.run('date')\n",
        r"test_flood\.py:7: .*asks `date` only after",
    ),
    # Roles
    ("roles/gauge/defaults/main.yml", "420", "430", r"main\.yml:2: gauge_limit_cm: is 430"),
    (ROLE_SPECS, "        type: int\n", "", r"argument_specs\.yml:6: .*is not explained"),
    (ROLE_SPECS, "gauge_limit_cm", "limit_cm", r"argument_specs\.yml:6: .*another role's"),
    # Playbooks
    (
        SIRENS,
        "hosts: operations",
        "hosts: all",
        r"sirens\.yml:3: .*'all' holds[\s\S]*hosts: managed",
    ),
    (SIRENS, "hosts: operations", "hosts: operations:watched", r"sirens\.yml:3: .*'watched' holds"),
    # Profiles
    (PROFILE, "profile: gauge", "profile: ups", r"gauge\.yaml:2: .*ships with Bastide"),
    (
        PROFILE,
        "profile: gauge",
        "profile: river",
        r"gauge\.yaml:2: .*river\n.*gauge, the file's name",
    ),
    (PROFILE, "metric: bastide", "metrik: bastide", r"gauge\.yaml:9: .*unknown key"),
    (
        PROFILE,
        "_river_level_metres",
        "_memory_size_bytes\n    type: counter",
        r"is a gauge elsewhe",
    ),
    (
        PROFILE,
        "present: [1",
        "like: {profile: nothing, under: 1.3.6, at: 1.4.6}\npresent: [1",
        "nothing",
    ),
    (PROFILE, "present:", "unless: [nothing]\npresent:", r"gauge\.yaml:6: .*no profile nothing"),
    # Rules and their tests
    (
        RULES,
        "alert: RiverHigh",
        "alert: HostDown",
        r"flood\.yml:5: .*HostDown is a rule that ships",
    ),
    (RULES, "severity: page", "severity: loud", r"flood\.yml:9: .*severity 'loud'"),
    (RULES, "alerts/RiverHigh.html", "alerts/River.html", r"flood\.yml:13: .*leads elsewhere"),
    (RULES, "          description: The river is at {{ $value }} m.\n", "", r"lacks description"),
    (RULES, "> 4.2", "> > 4.2", r"promtool check rules: .*flood\.yml"),
    (RULES, "> 4.2", "> 6", r"promtool test rules: .*RiverHigh"),
    (
        TESTS,
        "eval_time: 20m",
        "eval_time: 19m\n        alertname: Other\n      - eval_time: 2m",
        "no",
    ),
    (TESTS, "{eval_time: 10m, alertname: RiverHigh}", "{eval_time: 1m, alertname: A}", "silent"),
    (TESTS, "page, municipality: bank, device", "page, device", r"_test\.yml:13: .*without munic"),
    (
        TESTS,
        ", device: bank-gauge}\n",
        "}\n",
        r"_test\.yml:13: .*without host or device or service",
    ),
    # Runbooks
    (PAGE, "# RiverHigh", "RiverHigh", r"RiverHigh\.md: begins without a title"),
    (PAGE, "carry-upstairs.md", "carry-down.md", r"RiverHigh\.md:7: leads to .*carry-down"),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), BROKEN)
def test_what_is_wrong_is_refused_with_its_place(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    own = broken(tmp_path, file, old, new)
    with pytest.raises(InventoryError, match=said) as error:
        checked(own)
    for problem in error.value.problems:
        assert problem.expected
        assert problem.action


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("roles/gauge", "roles/ssh", "is a role that ships with Bastide"),
        ("roles/gauge", "roles/Gauge-2", "cannot be a role's name"),
        ("playbooks/sirens.yml", "playbooks/backup.yml", "is a playbook that ships with Bastide"),
        ("rules/flood.yml", "rules/storage.yml", "ships with Bastide under this name"),
        ("controls/test_flood.py", "controls/test_ssh.py", "own checks have a file of that name"),
        (PAGE, "runbooks/alerts/HostDown.md", "ships with Bastide under this name"),
        (PAGE, "runbooks/alerts/Other.md", "RiverHigh has no runbook"),
        (ROLE_SPECS, "roles/gauge/specs.yml", "nobody can tell what it takes"),
    ],
)
def test_a_name_of_ours_is_refused_and_so_is_what_is_missing(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    folder = copied(tmp_path)
    shutil.move(folder / old, folder / new)
    with pytest.raises(InventoryError, match=said):
        checked(own_files(folder))


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for file in (ROWS, PROFILE):
        (folder / file).write_text("[]")
    shutil.move(folder / "roles/gauge", folder / "roles/ssh")
    with pytest.raises(InventoryError) as error:
        checked(own_files(folder))
    assert {p.file.name for p in error.value.problems} >= {"flood.yml", "gauge.yaml", "ssh"}


def test_what_is_well_is_after_ours_in_one_catalogue() -> None:
    catalogues = checked(own_files(RIVER))
    assert catalogues.controls.controls[-1].id == "FLOOD-01"
    assert catalogues.controls["FLOOD-01"].own
    assert not catalogues.controls["SSH-01"].own
    assert catalogues.controls["FLOOD-01"].title == "The gauge warns from at most 450 cm"
    assert "gauge" in catalogues.profiles
    assert next(iter(catalogues.profiles)) == "system"
    assert counted(own_files(RIVER)).startswith("1 roles, 2 playbooks, 1 control files")


def test_the_operations_host_holds_what_it_is_given_to_the_same(tmp_path: Path) -> None:
    import tarfile

    from inventory.load import load_estate

    estate = load_estate(RIVER)
    assert pack(estate, RIVER, tmp_path / "pack.tar", Path("runbooks").resolve())
    with tarfile.open(tmp_path / "pack.tar") as packed:
        packed.extractall(tmp_path, filter="data")

    carried = checked(load_estate(tmp_path / "estate").own)

    assert carried == checked(estate.own)
    assert (tmp_path / "rules/flood.yml").is_file()
    assert (tmp_path / "runbooks/alerts/RiverHigh.html").is_file()
    assert not (tmp_path / "rules/flood_test.yml").exists()


def test_the_estates_configure_and_harden_run_after_ours() -> None:
    own, first = own_files(RIVER), ["refuse.yml", "accepted.yml"]
    files = {name: [path.name for path in playbook_files(own, name)] for name in ("site", "sirens")}
    assert files == {"site": ["site.yml", "configure.yml"], "sirens": [*first, "sirens.yml"]}
    ours, theirs = playbook_files(own, "configure")
    assert theirs == RIVER / "playbooks/configure.yml"
    assert ours != theirs
    assert [path.name for path in playbook_files(own, "harden")] == ["harden.yml"]
