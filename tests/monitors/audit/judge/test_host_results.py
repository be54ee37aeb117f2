"""Errors are never passes, waivers never hide, equal inputs give equal results."""

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest

from inventory.model.waivers import Waiver
from monitors.audit.judge.host_results import all_errors, judge, judge_host
from monitors.audit.model.results import Outcome, Result
from monitors.audit.model.score import score
from tests.monitors.audit.estates import TABLE, changed, declared, recorded

APP = declared("velgora-app")
FRESH = recorded("fresh")
DAY = FRESH.collected.date()


def waiver(expires: date, scope: str = "velgora", control: str = "SSH-02") -> Waiver:
    return Waiver(
        control=control,
        scope=scope,
        reason="The vendor's remote help desk cannot use keys yet.",
        owner="Tarik Zuhr",
        approver="Mira Dolenc",
        measure="Logins from outside the management networks are dropped.",
        granted=expires - timedelta(days=90),
        expires=expires,
    )


def result_of(control: str, *waivers: Waiver) -> Result:
    results = judge(FRESH, TABLE, APP, waivers)
    return next(result for result in results if result.control == control)


def test_a_command_that_the_collector_does_not_know_is_an_error_naming_the_playbook() -> None:
    without = tuple(r for r in FRESH.recorded if "sshd -T" not in r.command)
    results = judge(FRESH.model_copy(update={"recorded": without}), TABLE, APP)

    ssh = [r for r in results if r.control in ("SSH-01", "SSH-02", "SSH-06")]

    assert {r.outcome for r in ssh} == {Outcome.ERROR}
    assert all("bastide playbook run configure" in r.reason for r in ssh)
    assert {r.outcome for r in results if r.control == "ACC-01"} == {Outcome.PASS}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rc": None}, "did not end in time"),
        ({"truncated": True}, "more than the collector keeps"),
        ({"rc": 255, "stdout": "", "stderr": "bad config"}, "a command failed on the host"),
        ({"stdout": "\x00\ufffd nonsense"}, "says nothing of permitrootlogin"),
    ],
)
def test_an_answer_that_cannot_be_used_is_an_error(changes: dict[str, object], said: str) -> None:
    results = judge(changed(FRESH, {"sshd -T": changes}), TABLE, APP)

    ssh = next(r for r in results if r.control == "SSH-01")

    assert ssh.outcome is Outcome.ERROR
    assert said in ssh.reason


def test_an_expired_waiver_accepts_nothing_and_is_still_shown() -> None:
    result = result_of("SSH-02", waiver(DAY - timedelta(days=1)))

    assert result.outcome is Outcome.FAIL
    assert not result.is_waived
    assert result.waiver is not None
    assert result.waiver.expired


def test_a_waiver_in_force_accepts_the_failure_without_calling_it_a_pass() -> None:
    result = result_of("SSH-02", waiver(DAY))
    results = judge(FRESH, TABLE, APP, (waiver(DAY),))

    assert result.outcome is Outcome.FAIL
    assert result.is_waived
    assert score(results).proved == score(judge(FRESH, TABLE, APP)).proved
    assert (score(results).accepted or 0) > (score(results).proved or 0)


def test_a_waiver_of_the_future_accepts_nothing_and_is_not_shown() -> None:
    ahead = waiver(DAY + timedelta(days=91))
    assert ahead.granted > DAY
    assert result_of("SSH-02", ahead).waiver is None
    assert result_of("SSH-02", waiver(DAY + timedelta(days=90))).is_waived


def test_of_several_waivers_the_one_in_force_counts() -> None:
    over, current = waiver(DAY - timedelta(days=1), "estate"), waiver(DAY, "velgora")
    ahead = waiver(DAY + timedelta(days=200), "velgora-app")
    result = result_of("SSH-02", over, ahead, current)
    assert result.is_waived
    assert result.waiver is not None
    assert result.waiver.scope == "velgora"


@pytest.mark.parametrize(
    ("scope", "waived"),
    [
        ("velgora-app", True),
        ("velgora", True),
        ("estate", True),
        ("kastrava", False),
        ("velgora-files", False),
    ],
)
def test_a_waiver_counts_within_its_scope(scope: str, waived: bool) -> None:
    assert result_of("SSH-02", waiver(DAY, scope)).is_waived is waived


def test_a_waiver_of_another_control_accepts_nothing() -> None:
    assert result_of("SSH-02", waiver(DAY, control="SSH-03")).waiver is None


def test_a_pass_and_an_error_are_not_waived() -> None:
    assert result_of("ACC-01", waiver(DAY, control="ACC-01")).waiver is None
    assert all(r.waiver is None for r in all_errors(TABLE, APP, "gone"))


def test_a_host_that_could_not_be_asked_has_errors_only_where_controls_apply() -> None:
    results = {r.control: r for r in all_errors(TABLE, declared("central-vault"), "gone")}

    assert results["SSH-01"].outcome is Outcome.ERROR
    assert results["SSH-01"].reason == "gone"
    assert results["TLS-01"].outcome is Outcome.SKIP


def test_equal_inputs_give_equal_results_whatever_their_order() -> None:
    turned = FRESH.model_copy(update={"recorded": FRESH.recorded[::-1]})
    assert judge(FRESH, TABLE, APP) == judge(turned, TABLE, APP)


def test_evidence_of_a_failure_shows_the_lines_that_it_is_about() -> None:
    evidence = result_of("SSH-02").evidence[0]
    assert "sshd -T" in evidence.command
    assert evidence.excerpt.splitlines()[0].startswith(("passwordauth", "kbdinteractive", "pubkey"))


def test_a_waiver_is_shown_whole() -> None:
    given = waiver(DAY)
    shown = result_of("SSH-02", given).waiver
    assert shown is not None
    assert shown.model_dump(exclude={"expired"}) == given.model_dump(exclude={"control", "granted"})
    assert not shown.expired


def test_of_two_waivers_in_force_the_one_that_lasts_longest_is_named() -> None:
    short, long = waiver(DAY, "velgora"), waiver(DAY + timedelta(days=9), "estate")
    for given in ((short, long), (long, short)):
        shown = result_of("SSH-02", *given).waiver
        assert shown is not None
        assert shown.scope == "estate"


def ssh_after(**answer: object) -> Result:
    results = judge(changed(FRESH, {"sshd -T": answer}), TABLE, APP)
    return next(result for result in results if result.control == "SSH-01")


def test_evidence_is_the_answers_hash_and_status_and_for_a_pass_no_line() -> None:
    hardened = judge(recorded("hardened"), TABLE, APP)
    (passed,) = (r for r in hardened if r.control == "SSH-01")
    (answer,) = (r for r in recorded("hardened").recorded if "sshd -T" in r.command)
    shown = next(e for e in passed.evidence if e.command == answer.command)
    assert passed.outcome is Outcome.PASS
    assert (shown.rc, shown.excerpt) == (0, "")
    assert shown.sha256 == hashlib.sha256(answer.stdout.encode()).hexdigest()


def test_an_excerpt_has_eight_lines_of_200_characters_at_most() -> None:
    lines = [f"{number} {'x' * 300}" for number in range(20)]
    (shown, *_) = ssh_after(stdout="\n".join(lines)).evidence
    assert shown.excerpt.splitlines() == [line[:200] for line in lines[:8]]


def test_of_a_command_that_failed_the_excerpt_is_what_it_complained_of() -> None:
    (shown, *_) = ssh_after(rc=255, stdout="", stderr="/etc/ssh/sshd_config: bad line").evidence
    assert (shown.rc, shown.excerpt) == (255, "/etc/ssh/sshd_config: bad line")


def test_a_hosts_results_say_whose_they_are_and_what_they_came_from() -> None:
    audited = judge_host(FRESH, TABLE, APP, (waiver(DAY),), Path("bundles/velgora-app/1.json.gz"))
    assert (audited.host, audited.municipality) == (APP.host, APP.municipality)
    assert (audited.tier, audited.roles, audited.level) == (APP.tier, APP.roles, APP.level)
    assert (audited.collected, audited.collector) == (FRESH.collected, FRESH.collector)
    assert audited.bundle == "bundles/velgora-app/1.json.gz"
    assert audited.commands_sha256 == FRESH.commands_sha256
    assert audited.results == judge(FRESH, TABLE, APP, (waiver(DAY),))
