"""The list of commands: what is asked of all hosts, and what only of some roles."""

import json
from pathlib import Path

import pytest

from inventory.entries import hosts
from inventory.enums import Role
from monitors.audit.collect.backends import answering_host, recording
from monitors.audit.judge import command_list
from monitors.audit.judge.command_list import (
    ANSWERS,
    EVERYTHING,
    LIST_FILE,
    asked_by,
    asked_of,
    commands,
    render,
)
from monitors.audit.judge.runner import run_check
from monitors.audit.model.own_controls import controls_of
from monitors.collection.agentless import COLLECTING_SECONDS
from monitors.collection.bundle import Answer
from tests.monitors.audit.estates import TABLE, declared, lab
from tests.own_estate import broken

LISTED = commands(TABLE)


@pytest.mark.parametrize("name", [entry.name for entry in hosts(lab())])
def test_a_host_is_asked_all_that_its_own_controls_need(name: str) -> None:
    who = declared(name)
    here = {c for c, roles in LISTED.items() if not roles or roles & set(who.roles)}

    for control in TABLE.controls:
        if control.applies(who.roles, who.tier) is None:
            for answer in (*ANSWERS, Answer(0, "{}")):
                host, trace = answering_host(name, recording(answer))
                run_check(control, host, who)
                assert set(trace.commands) <= here, control.id


def test_only_databases_hosts_are_asked_about_the_database() -> None:
    (roles,) = {roles for command, roles in LISTED.items() if "psql" in command}

    assert roles == {Role.DATABASE}


def test_what_a_control_of_every_host_asks_is_asked_of_every_host() -> None:
    (roles,) = {roles for command, roles in LISTED.items() if command.startswith("ss -H -tulnp")}

    assert roles == frozenset()


def test_who_has_one_of_the_roles_is_asked_what_is_for_them_and_for_everybody() -> None:
    asked = {"a": frozenset[Role](), "b": frozenset({Role.WEB, Role.VAULT})}

    assert asked_of(asked, (Role.VAULT,)) == ("a", "b")
    assert asked_of(asked, (Role.EDGE,)) == ("a",)
    assert asked_of(asked, ()) == ("a",)


def test_the_collector_is_given_the_commands_their_limit_and_who_runs_which() -> None:
    content = json.loads(render(TABLE))

    assert content["seconds"] == COLLECTING_SECONDS
    assert content["commands"] == sorted(LISTED)
    assert content["roles"] == {c: sorted(roles) for c, roles in LISTED.items() if roles}
    assert json.loads(render(TABLE, by_role=False))["roles"] == {}
    assert render(TABLE).endswith("}\n")


def test_the_host_that_is_asked_everything_is_no_host_and_has_every_role() -> None:
    assert EVERYTHING.host == "every-host"
    assert set(EVERYTHING.roles) == set(Role)
    assert EVERYTHING.backups
    assert EVERYTHING.time_servers


@pytest.mark.parametrize(
    "answer", ["(0, '', '')", "(1, '', '')", "(0, '1', '')", "(3, '', 'failed')"]
)
def test_what_is_asked_after_success_a_count_no_match_or_a_failure_is_listed(
    tmp_path: Path, answer: str
) -> None:
    later = (
        "said = host.run('first')\n"
        f"    if (said.rc, said.stdout, said.stderr) == {answer}:\n"
        "        host.run('later')\n    words = "
    )
    own = broken(tmp_path, "controls/test_flood.py", "words = ", later)
    assert "later" in asked_by(controls_of(own)["FLOOD-01"], own.checks)


def test_the_list_is_written_where_the_role_takes_it_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "not" / "there" / "commands.json"
    monkeypatch.setattr(command_list, "LIST_FILE", file)
    for _ in range(2):
        command_list.main()
    assert file.read_text() == LIST_FILE.read_text()
    assert capsys.readouterr().out == 2 * f"{file}: written\n"
