"""`bastide snmp get` and `walk`: names where net-snmp knows them, numbers anywhere, bounded."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitors.snmp.mib_names import PROGRAM
from tests.bastide.commands.snmp.test_snmp import CASES, COMMUNITY, replayed
from tests.command import BASTIDE, bastide_here

MIBS = Path(__file__).parent / "mibs"
needs_net_snmp = pytest.mark.skipif(
    shutil.which(PROGRAM) is None, reason=f"net-snmp's {PROGRAM} is not on this machine"
)


@pytest.fixture(scope="module")
def access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The arguments that name an agent, a room sensor."""
    community = tmp_path_factory.mktemp("snmp") / "community"
    community.write_text(COMMUNITY, encoding="utf-8")
    with replayed(CASES / "synthetic" / "hwg_ste.snmprec", community) as port:
        yield [f"127.0.0.1:{port}", "--community", f"file:{community}"]


def snmp(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return bastide_here("snmp", *arguments, BASTIDE_ESTATE="lab", MIBDIRS=str(MIBS), **variables)


@needs_net_snmp
@pytest.mark.parametrize("command", ["get", "walk"])
def test_a_name_that_no_mib_has_is_named(command: str, access: list[str]) -> None:
    done = snmp(command, *access, "sysDescr", "noSuchName")
    assert done.returncode == 2
    assert "noSuchName: no MIB on this machine has that name" in done.stderr


@pytest.mark.parametrize("command", ["get", "walk"])
def test_without_net_snmp_names_are_refused(command: str, access: list[str]) -> None:
    done = snmp(command, *access, "sysDescr", PATH=str(BASTIDE.parent))
    assert done.returncode == 2
    assert "names need net-snmp's snmptranslate" in done.stderr


@pytest.mark.parametrize("odd", ["--help-me", "1.3.x", "sys Descr", "1"])
def test_what_is_neither_name_nor_number_is_refused(odd: str, access: list[str]) -> None:
    assert snmp("get", *access, "--", odd).returncode == 2


def test_numbers_need_nothing_and_what_is_not_there_is_told(access: list[str]) -> None:
    done = snmp("get", *access, "1.3.6.1.2.1.1.1", ".1.3.6.1.2.1.1.9", PATH=str(BASTIDE.parent))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "1.3.6.1.2.1.1.1 = hwg_ste",
        ".1.3.6.1.2.1.1.9 = not there (a table? `bastide snmp walk`)",
    ]


@needs_net_snmp
def test_a_value_is_got_by_its_name(access: list[str]) -> None:
    done = snmp("get", *access, "HALL-MIB::sysDescr.0", "--json")
    assert json.loads(done.stdout) == [
        {
            "object": "HALL-MIB::sysDescr.0",
            "oid": "1.3.6.1.2.1.1.1.0",
            "found": True,
            "value": "hwg_ste",
        }
    ]


@needs_net_snmp
def test_a_subtree_is_walked_by_its_name_and_shown_with_names(access: list[str]) -> None:
    lines = snmp("walk", *access, "maker", "--names").stdout.splitlines()
    assert lines[0] == "HALL-MIB::maker.4.1.3.1.2.1 = Server room"
    assert all(line.startswith("HALL-MIB::maker.") for line in lines)


def test_names_are_numbers_where_no_mib_knows_them(access: list[str]) -> None:
    done = snmp("walk", *access, "1.3.6.1.2.1.1.1", "--names", "--json", PATH=str(BASTIDE.parent))
    assert json.loads(done.stdout) == [
        {"oid": "1.3.6.1.2.1.1.1.0", "name": None, "value": "hwg_ste"}
    ]


def test_a_walk_ends_at_the_most_and_says_so(access: list[str]) -> None:
    done = snmp("walk", *access, "--most", "2")
    assert len(done.stdout.splitlines()) == 2
    assert "more than 2 values: the rest was left out" in done.stderr
