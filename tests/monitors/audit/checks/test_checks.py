"""Every control against recorded hosts, and against single answers that differ from them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitors.audit.judge.host_results import judge
from monitors.audit.model.declared import Declared
from monitors.audit.model.results import Outcome
from monitors.outside.document import OutsideView
from tests.monitors.audit.estates import (
    CASES,
    TABLE,
    changed,
    declared,
    declared_otherwise,
    recorded,
    seen,
    seen_otherwise,
)

CHANGES = [
    change
    for file in sorted((CASES / "changes").glob("*.yml"))
    for change in yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)["changes"]
]
OUTCOMES = yaml.safe_load((CASES / "outcomes.yml").read_text())
HOST = "velgora-app"


def outcomes(case: str) -> dict[str, tuple[Outcome, str]]:
    results = judge(recorded(case), TABLE, declared(HOST), outside=seen(case))
    return {r.control: (r.outcome, r.reason) for r in results}


def outcome(
    bundle: Any, control: str, of: Declared | None = None, view: OutsideView | None = None
) -> tuple[Outcome, str]:
    """What one control says of a host; the others are not judged."""
    only = TABLE.model_copy(update={"controls": (TABLE[control],)})
    (result,) = judge(bundle, only, of or declared(HOST), outside=view)
    return result.outcome, result.reason


@pytest.mark.parametrize("case", ["fresh", "hardened"])
def test_a_recorded_host_is_judged_as_written_down(case: str) -> None:
    actual = outcomes(case)
    assert {name: str(outcome) for name, (outcome, _) in actual.items()} == OUTCOMES[case]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: f"{c['control']}: {c['because']}")
def test_one_other_answer_gives_another_outcome(change: dict[str, Any]) -> None:
    bundle = changed(recorded("hardened"), change.get("answers", {}))
    view = seen_otherwise(seen("hardened"), change.get("outside", {}))
    of = declared_otherwise(declared(change.get("host", HOST)), change.get("declared", {}))

    actual, reason = outcome(bundle, change["control"], of, view)

    assert str(actual) == change["outcome"], reason
    assert change.get("says", "") in reason


def test_every_control_is_seen_to_fail_somewhere() -> None:
    failing = {c["control"] for c in CHANGES if c["outcome"] == "fail"} | {
        name for name, outcome in OUTCOMES["fresh"].items() if outcome == "fail"
    }
    assert {control.id for control in TABLE.controls} == failing


def test_cases_hold_no_secret() -> None:
    for file in (f for f in Path(CASES).rglob("*") if f.is_file()):
        text = file.read_text()
        assert "PRIVATE KEY" not in text
        assert "$y$" not in text


ALICE = {
    "getent group": {"stdout": "alice::1001:1001::/home/alice:/bin/bash\n\nalice::1001:\n"},
    "split($2": {"stdout": "1795305600\nalice:locked:20000:::\n"},
}
NO_LASTLOG = {"lastlog -b": {"rc": 127, "stdout": "", "stderr": "sh: 1: lastlog: not found\n"}}
ENDLESS = {"split($2": {"stdout": "1795305600\nroot:y:20778:365:14:\n"}}


@pytest.mark.parametrize(
    ("changes", "rc", "stdout", "stderr", "expected", "said"),
    [
        (ALICE, 127, "", "sh: 1: lastlog2: not found", Outcome.SKIP, "no record of last logins"),
        (ENDLESS, 127, "", "sh: 1: lastlog2: not found", Outcome.FAIL, "stays open"),
        (ALICE, 1, "", "lastlog2: no \x1b[2J database", Outcome.ERROR, "no \\x1b[2J database"),
        (ALICE, 0, "Username Port From Latest\n", "", Outcome.FAIL, "90 days: alice"),
        (ALICE, 0, "Username Port From Latest\nbob pts/0 - Mon\n", "", Outcome.FAIL, "alice"),
        (ALICE, 0, "Username Port From Latest\nalice pts/0 - Mon\n", "", Outcome.PASS, ""),
    ],
)
def test_accounts_that_nobody_uses_where_debian_13_has_lastlog2_or_nothing(
    changes: dict[str, Any], rc: int, stdout: str, stderr: str, expected: Outcome, said: str
) -> None:
    bundle = changed(recorded("hardened"), {**changes, **NO_LASTLOG})
    days = TABLE["ACC-06"].limits["unused_days"]
    answer = bundle.recorded[0].model_copy(
        update={"command": f"lastlog2 -t {days}", "rc": rc, "stdout": stdout, "stderr": stderr}
    )
    asked = bundle.model_copy(update={"recorded": (*bundle.recorded, answer)})
    actual, reason = outcome(asked, "ACC-06")
    assert (actual, said in reason) == (expected, True), reason


@pytest.mark.parametrize(
    ("port", "expected"), [(2222, Outcome.PASS), (22, Outcome.PASS), (2022, Outcome.FAIL)]
)
def test_ssh_at_one_of_its_x(port: int, expected: Outcome) -> None:
    who = declared(HOST)
    (way_in,) = (each for each in who.ports if each.name == "ssh")
    elsewhere = replace(who, ports=(*who.ports, replace(way_in, port=2222)))
    bundle = recorded("hardened")
    (listening,) = (r for r in bundle.recorded if "ss -H -t" in r.command)
    moved = {"ss -H -t": {"stdout": listening.stdout.replace(":22 ", f":{port} ")}}
    assert moved["ss -H -t"]["stdout"].count(f":{port} ")
    results = judge(changed(bundle, moved), TABLE, elsewhere)
    result = next(r for r in results if r.control == "NET-09")
    assert result.outcome is expected, result.reason
    if expected is Outcome.FAIL:
        assert "tcp 22 (ssh), tcp 2222 (ssh)" in result.reason


@pytest.mark.parametrize(
    ("permitted", "outcome"),
    [("10.77.1.20:22", "pass"), ("10.77.1.20:22 10.9.9.9:5432", "fail"), ("any", "fail")],
)
def test_a_jump_host_may_forward_to_its_hosts_and_nowhere_else(
    permitted: str, outcome: str
) -> None:
    (said,) = (a.stdout for a in recorded("hardened").recorded if "sshd -T" in a.command)
    local = "\n".join(line for line in said.splitlines() if not line.startswith("permitopen"))
    local = local.replace(
        "allowtcpforwarding no", f"allowtcpforwarding local\npermitopen {permitted}"
    )
    bundle = changed(recorded("hardened"), {"sshd -T": {"stdout": local}})
    jumped = replace(declared(HOST), jumped_to=("10.77.1.20:22",))
    results = {r.control: r for r in judge(bundle, TABLE, jumped)}
    assert str(results["SSH-05"].outcome) == outcome, results["SSH-05"].reason


def test_an_address_that_a_host_has_as_well_surprises_nobody() -> None:
    row = f"{0xFD77000100000000000000000000000A:032x} 02 40 00 80 lan0\n"
    bundle = changed(recorded("hardened"), {"if_inet6": {"stdout": row}})
    for more, outcome in (((), "fail"), (("fd77:1::a",), "pass")):
        host = replace(declared(HOST), more_addresses=more)
        (result,) = (r for r in judge(bundle, TABLE, host) if r.control == "NET-07")
        assert str(result.outcome) == outcome, result.reason
