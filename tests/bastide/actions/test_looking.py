"""Looks at several hosts at once: each result a value, all held against what was accepted."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bastide.actions import looking
from bastide.actions.looking import FailedLook, LookResult, choose, look_at
from bastide.support.estate import EstateContext
from inventory.connections import Connection
from inventory.entries import InventoryHost
from inventory.hostvars import host_variables
from inventory.levels import is_only_read
from inventory.load import load_estate
from inventory.outputs import Outputs
from monitors.collection.bundle import FetchFailure
from monitors.inspection.model import Inspection
from monitors.ssh.failures import Kind, SshFailure
from tests.monitors.inspection.estates import GRADAC, HOST_KEY, write_estate
from tests.monitors.inspection.recorded import inspection, text

# Lines of one table: id, last number of the address, level.
TOWN = (("web", 20, "audit"), ("files", 30, "audit"), ("new", 40, "watch"))
EVA = "eva:x:1005:1005::/home/eva:/bin/bash\n"


def hosts_yaml(rows: Sequence[tuple[str, int, str]]) -> str:
    return "hosts:\n" + "".join(
        f"  - {{id: {own_id}, site: hall, address: 172.27.10.{last}, manage: {level},\n"
        f"     host_key: {HOST_KEY[:-2]}{last}}}\n"
        for own_id, last, level in rows
    )


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    folder = write_estate(tmp_path / "estate", GRADAC + hosts_yaml(TOWN))
    return EstateContext(folder, load_estate(folder), tmp_path / "state")


class Town:
    """What each host says when it is read; who was asked, and with which key."""

    def __init__(self) -> None:
        self.says: dict[str, Inspection | FetchFailure] = {}
        self.asked: list[tuple[str, Path | None]] = []

    def read(self, way: Connection, *_: object) -> Inspection | FetchFailure:
        self.asked.append((way.name, way.key))
        return self.says[way.name]


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch) -> Town:
    made = Town()
    made.says = {"gradac-web": inspection("web"), "gradac-files": inspection("legacy")}
    monkeypatch.setattr(looking, "log_in_and_read", made.read)
    return made


def with_eva() -> Inspection:
    return inspection(
        "web", passwd=text("web", "passwd") + EVA, shadow=text("web", "shadow") + "eva set\n"
    )


def unreachable(name: str, kind: Kind = Kind.UNREACHABLE) -> FetchFailure:
    return FetchFailure(f"{name}: no route", SshFailure(kind, name, "no route"))


def texts(result: LookResult | FailedLook) -> set[str]:
    assert isinstance(result, LookResult)
    return {d.text for d in result.newest.differences if d.since == "last look"}


def test_all_are_the_hosts_that_are_read_and_not_changed(context: EstateContext) -> None:
    assert [entry.name for entry in choose(context, ())] == ["gradac-web", "gradac-files"]
    assert [entry.name for entry in choose(context, ("gradac-new", "gradac-new"))] == ["gradac-new"]


def test_a_host_that_is_refused_its_level_is_only_read(context: EstateContext) -> None:
    web = choose(context, ("gradac-web",))[0]
    for level, only_read in (("audit", True), ("baseline", True), ("watch", False)):
        host = web.host.model_copy(update={"manage": level})
        assert is_only_read(InventoryHost(web.tenant, host)) is only_read


def test_one_hosts_failure_is_a_value_and_not_the_end_of_the_others(
    context: EstateContext, town: Town
) -> None:
    town.says["gradac-web"] = unreachable("gradac-web")
    web, files = look_at(context, choose(context, ()))
    assert web == FailedLook("gradac-web", "gradac-web: no route")
    assert isinstance(files, LookResult)
    assert files.first
    assert not (context.state / "looks" / "gradac-web.json").exists()


def test_a_damaged_look_of_one_host_is_its_failure_only(context: EstateContext, town: Town) -> None:
    look_at(context, choose(context, ()))
    (context.state / "looks" / "gradac-web.json").write_text("{")
    web, files = look_at(context, choose(context, ()))
    assert isinstance(web, FailedLook)
    assert "remove the file" in web.problem
    assert texts(files) == set()


def test_a_refused_login_is_not_tried_again(context: EstateContext, town: Town) -> None:
    town.says["gradac-web"] = unreachable("gradac-web", Kind.LOGIN_REFUSED)
    chosen = choose(context, ("gradac-web",))
    look_at(context, chosen)
    (again,) = look_at(context, chosen)
    assert len(town.asked) == 1
    assert isinstance(again, FailedLook)
    assert "bastide host check --again" in again.problem


def test_a_given_key_takes_the_place_of_the_inventorys(context: EstateContext, town: Town) -> None:
    key = context.state / "ssh" / "audit"
    look_at(context, choose(context, ("gradac-web",)), key=key)
    look_at(context, choose(context, ("gradac-files",)))
    assert town.asked == [("gradac-web", key), ("gradac-files", context.state / "ssh" / "admin")]


def test_operations_holds_hosts_against_what_was_accepted_elsewhere(
    context: EstateContext, town: Town, tmp_path: Path
) -> None:
    """The files that the inventory names for the operations host are all that it needs."""
    look_at(context, choose(context, ()))
    central = choose(context, ("central-ops",))[0]
    carried = host_variables(central, context.folder, context.state, Outputs(estate="uprava"))
    there = EstateContext(context.folder, context.estate, tmp_path / "operations")
    (there.state / "looks").mkdir(parents=True)
    for file in map(Path, carried["bastide_accepted_looks"]):
        (there.state / "looks" / file.name).write_bytes(file.read_bytes())

    town.says["gradac-web"] = with_eva()
    web, files = look_at(there, choose(there, ()))
    assert isinstance(web, LookResult)
    assert not web.first
    assert any(line.startswith("new: login eva") for line in texts(web))
    assert texts(files) == set()


def test_what_travels_is_what_was_accepted_of_hosts_that_are_looked_at(
    context: EstateContext, town: Town
) -> None:
    town.says["gradac-new"] = inspection("firewalld")
    look_at(context, choose(context, ("gradac-web", "gradac-new")))
    variables = {
        entry.name: host_variables(entry, context.folder, context.state, Outputs(estate="uprava"))
        for entry in choose(context, ("central-ops", "gradac-web"))
    }
    assert variables["central-ops"]["bastide_accepted_looks"] == [
        str(context.state / "looks" / "gradac-web.json")
    ]
    assert variables["gradac-web"]["bastide_accepted_looks"] == []
    kept = (context.state / "looks" / "gradac-web.json").read_text()
    for unneeded in ("packages", "databases", "updates", "sites", "mounts"):
        assert f'"{unneeded}"' not in kept


def test_what_is_accepted_ends_the_drift(context: EstateContext, town: Town) -> None:
    chosen = choose(context, ("gradac-web",))
    look_at(context, chosen)
    town.says["gradac-web"] = with_eva()
    assert texts(look_at(context, chosen)[0]) != set()
    look_at(context, chosen, accept_it=True)
    assert texts(look_at(context, chosen)[0]) == set()
