"""Root's timed jobs: whatever way a line is written it is seen, and what is another's is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.collect.backends import Host, UndeterminedError, answering_host, recording
from monitors.audit.facts.timed_jobs import Job, root_jobs
from monitors.collection.bundle import Answer

IN_ETC, OWN = "/etc/cron.d/x", "/var/spool/cron/crontabs/root"
COMMAND = "/usr/local/lib/x --all > /dev/null"
spaces = st.text(" \t", min_size=1, max_size=3)
times = st.sampled_from(
    ["* * * * *", "*/5 0-6,9 1 jan mon-fri", "@reboot", "@hourly", "7~40 3 * * 7", "0 0 1 1 *"]
)
around = st.sampled_from(["", "# a comment\n", "\n\n", "MAILTO=root\n", "# looked\n"])


def answering(text: str) -> Host:
    host, _ = answering_host("any", recording(Answer(0, text)))
    return host


def table(file: str, text: str) -> str:
    """A table as the host shows it: its own lines begin with a space."""
    lines = "".join(f" {line}\n" for line in text.splitlines())
    return f"# table {file}\n{lines}\n# looked\n"


@pytest.mark.parametrize("said", ["", "# table /etc/crontab\n * * * * * root x\n"])
def test_half_an_answer_is_no_verdict(said: str) -> None:
    with pytest.raises(UndeterminedError, match="to the end"):
        root_jobs(answering(said))


@given(times, spaces, spaces, around, around)
def test_a_line_of_root_is_seen_in_every_spelling(
    when: str, gap: str, lead: str, before: str, after: str
) -> None:
    spread = gap.join(when.split())
    in_etc = f"{before}{lead}{spread}{gap}root{gap}{COMMAND}\n{after}"
    own = f"{before}{lead}{spread}{gap}{COMMAND}\n{after}"
    assert root_jobs(answering(table(IN_ETC, in_etc))) == [Job(IN_ETC, COMMAND)]
    assert root_jobs(answering(table(OWN, own))) == [Job(OWN, COMMAND)]


@given(times, spaces)
def test_a_line_of_another_account_is_not_roots(when: str, gap: str) -> None:
    line = f"{when}{gap}www-data{gap}{COMMAND}"
    assert root_jobs(answering(table(IN_ETC, line))) == []


@pytest.mark.parametrize(
    "line",
    ["BASH_ENV=/tmp/x", "'LD_PRELOAD' = '/lib/x.so'", "SHELL=/tmp/sh", 'PATH="/bin:.:/sbin"'],
)
def test_what_changes_every_job_is_one(line: str) -> None:
    assert root_jobs(answering(table(IN_ETC, line))) == [Job(IN_ETC, line)]


def test_of_anacrons_lines_each_is_roots() -> None:
    line = "@monthly 45 monthly.x nice /usr/local/lib/x"
    jobs = root_jobs(answering(table("/etc/anacrontab", line)))
    assert jobs == [Job("/etc/anacrontab", "nice /usr/local/lib/x")]
