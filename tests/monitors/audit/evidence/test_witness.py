"""A witness's log names a chain that was cut back, told in two ways or dated back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitors.audit.evidence.chain import InputHashes, Link, append, load_chain
from monitors.audit.evidence.witness import LATE, compare

STARTED = datetime(2026, 11, 1, 2, tzinfo=UTC)
INPUTS = InputHashes(
    controls_sha256="01" * 32,
    waivers_sha256="02" * 32,
    declared_sha256="03" * 32,
    checks_sha256="04" * 32,
)
MINUTE = timedelta(minutes=1)


def run(state: Path, day: int, root: str = "ab") -> Link:
    """Append a run of a day in the night, as a machine with its key in `state` does."""
    started = STARTED + timedelta(days=day)
    return append(
        state, estate="lab", label="audit", started=started, inputs=INPUTS, root=root * 32, leaves=1
    )


def entry(link: Link, received: datetime | None = None) -> bytes:
    """Return a line of the log; by default the run came a minute after it began."""
    moment = (received or link.record.started + MINUTE).isoformat()
    line = {"received": moment, "link": json.loads(link.line)}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def cut_back(state: Path, runs: int) -> None:
    """Cut the chain back to some runs, as who holds the machine can."""
    file = state / "evidence" / "chain.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:runs]))


@pytest.fixture
def four(tmp_path: Path) -> Path:
    for day in range(4):
        run(tmp_path, day)
    return tmp_path


def log_of(state: Path) -> bytes:
    return b"".join(map(entry, load_chain(state)))


def test_a_chain_that_was_cut_back_and_told_again_is_named(four: Path) -> None:
    log = log_of(four)
    cut_back(four, 2)
    log += entry(run(four, 4, root="cd"))

    problems = compare(load_chain(four), log).problems
    assert problems[0].startswith("forked: the witness saw one run 3 at 2026-11-03 02:01:00 UTC")
    assert any(p.startswith("forked: run 3 is not the one") for p in problems)


def test_a_chain_that_was_told_in_two_ways_is_named_whichever_is_shown(four: Path) -> None:
    log, whole = log_of(four), load_chain(four)
    cut_back(four, 3)
    fork = run(four, 3, root="cd")
    log += entry(fork)
    for chain in (whole, load_chain(four)):
        assert any("forked" in problem for problem in compare(chain, log).problems)


def test_a_chain_that_was_made_anew_with_the_same_key_is_named(four: Path) -> None:
    """The witness began at run 3: of the numbers that are told again it has seen none."""
    log = b"".join(map(entry, load_chain(four)[2:]))
    cut_back(four, 0)
    log += entry(run(four, 5, root="cd"))

    problems = compare(load_chain(four), log).problems
    assert problems[0].startswith("rewound: the witness saw run 4 at 2026-11-04 02:01:00 UTC and")


def test_a_chain_that_was_cut_back_before_the_witness_began_is_named(four: Path) -> None:
    """None of it was shown: only what the witness saw before tells when run 2 could not be."""
    log = b"".join(map(entry, load_chain(four)[2:]))
    cut_back(four, 1)
    run(four, 5, root="cd")

    problems = compare(load_chain(four), log).problems
    assert problems[0].startswith("rewound: run 2 says that it began at 2026-11-06")
    assert problems[1].startswith("forked: run 3, which the witness saw at 2026-11-03 02:01:00 UTC")


def test_a_chain_told_otherwise_before_the_first_run_that_was_seen_is_named(four: Path) -> None:
    """With the dates that the runs had: what was seen follows another run than the one shown."""
    log = b"".join(map(entry, load_chain(four)[2:]))
    cut_back(four, 1)
    run(four, 1, root="cd")
    assert compare(load_chain(four), log).problems == (
        "forked: run 3, which the witness saw at 2026-11-03 02:01:00 UTC, follows another run 2",
    )


def test_a_run_that_the_witness_never_saw_is_named(four: Path) -> None:
    lines = log_of(four).splitlines(keepends=True)
    del lines[2]
    assert compare(load_chain(four), b"".join(lines)).problems == (
        "run 3 was never shown to the witness",
    )


def test_the_newest_run_that_the_witness_did_not_see_is_named(four: Path) -> None:
    log = log_of(four)
    run(four, 4)
    assert compare(load_chain(four), log).problems == ("run 5 was never shown to the witness",)


def test_a_run_that_was_dated_back_is_named(four: Path) -> None:
    *others, last = load_chain(four)
    received = last.record.started + LATE + MINUTE
    log = b"".join(map(entry, others)) + entry(last, received)
    [problem] = compare(load_chain(four), log).problems
    assert problem.startswith("back-dated, or shown late: run 4 says that it began at 2026-11-04")


def test_a_run_that_began_after_it_was_seen_is_named(four: Path) -> None:
    *others, last = load_chain(four)
    log = b"".join(map(entry, others)) + entry(last, last.record.started - timedelta(minutes=6))
    [problem] = compare(load_chain(four), log).problems
    assert "after the witness saw it" in problem


def test_a_chain_of_another_key_is_not_the_one_that_was_seen(four: Path, tmp_path: Path) -> None:
    run(tmp_path / "other", 0)
    testimony = compare(load_chain(tmp_path / "other"), log_of(four))
    assert testimony.problems == ("the witness has seen no run of this chain",)
    assert testimony.ignored == 4


def test_an_empty_log_has_seen_nothing(four: Path) -> None:
    assert compare(load_chain(four), b"").problems == ("the witness has seen no run of this chain",)


def test_what_no_key_signed_counts_for_nothing(four: Path) -> None:
    """Who may append to the log can write what they want, and accuse nobody with it."""
    chain = load_chain(four)
    forged = json.loads(entry(chain[1]))
    forged["link"]["record"]["root"] = "cd" * 32
    junk = (json.dumps(forged).encode(), b"{}", b"[" * 5000, b"\xff", entry(chain[0])[:80])
    log = log_of(four) + b"".join(line + b"\n" for line in junk)
    testimony = compare(chain, log)
    assert testimony.problems == ()
    assert testimony.ignored == len(junk)


def test_a_true_chain_is_confirmed(four: Path) -> None:
    testimony = compare(load_chain(four), log_of(four))
    assert (testimony.problems, testimony.seen, testimony.later) == ((), 4, 0)


def test_a_run_that_was_shown_twice_is_the_same_run(four: Path) -> None:
    assert compare(load_chain(four), log_of(four) * 2).problems == ()


def test_an_earlier_file_holds_and_says_what_came_after_it(four: Path) -> None:
    """A chain that was cut back looks like this as well: the number of later runs gives it away."""
    testimony = compare(load_chain(four)[:2], log_of(four))
    assert (testimony.problems, testimony.later, testimony.newest) == ((), 2, 4)
    assert testimony.newest_received == STARTED + timedelta(days=3) + MINUTE


def test_runs_before_the_witness_began_hang_on_the_first_that_it_saw(four: Path) -> None:
    chain = load_chain(four)
    log = b"".join(map(entry, chain[2:]))
    testimony = compare(chain, log)
    assert (testimony.problems, testimony.seen, testimony.unseen_before) == ((), 2, 2)
    assert compare(chain[:1], log).unseen_before == 1
