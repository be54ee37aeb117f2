"""What a host's answers mean at each level; hostile ones are shown harmlessly."""

import pytest

from inventory.enums import Level
from monitors.preflight.model import Step
from monitors.preflight.probe import Probe, judge

WELL = """\
id 0
python 3.11
system debian 12
free /tmp 2097152
writable /tmp
free /var 9000000
writable /var
options rw,nosuid,nodev,noexec
machine boot-id machine-id
container none
"""


def probe(change: dict[str, str], level: Level) -> Probe:
    text = WELL
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    return judge(text.encode(), "velgora-web", level)


def test_a_hardened_host_is_well_at_every_level() -> None:
    for level in (Level.AUDIT, Level.BASELINE, Level.FULL):
        result = probe({}, level)
        assert result.findings == ()
        assert dict(result.passed)[Step.TMP] == "2048 MiB free, nothing is executed there"
        assert (result.system, result.machine, result.container) == (
            "debian 12", "boot-id machine-id", "",
        )  # fmt: skip


LACKING: dict[str, tuple[dict[str, str], Step, str]] = {
    "tmp is full": ({"free /tmp 2097152": "free /tmp 12"}, Step.TMP, "64 MiB free in /tmp"),
    "tmp is read-only": ({"writable /tmp\n": ""}, Step.TMP, "to be writable"),
    "/var is full": ({"free /var 9000000": "free /var 99999"}, Step.DISK, "found 97"),
    "Python is old": ({"python 3.11": "python 3.7"}, Step.PYTHON, "found 3.7"),
}


@pytest.mark.parametrize("case", LACKING)
def test_what_a_playbook_needs_is_missed_where_one_will_run_only(case: str) -> None:
    change, step, text = LACKING[case]
    assert probe(change, Level.AUDIT).findings == ()
    (finding,) = probe(change, Level.BASELINE).findings
    assert finding.step is step
    assert text in finding.problem
    assert finding.mend.where == "on velgora-web, as root"


def test_a_host_without_python_is_ready_since_sh_reads_it_or_it_is_installed() -> None:
    for level, text in ((Level.AUDIT, "sh reads"), (Level.BASELINE, "installs it")):
        result = probe({"python 3.11\n": ""}, level)
        assert result.findings == ()
        assert text in dict(result.passed)[Step.PYTHON]


def test_a_user_who_is_not_root_after_all_is_told() -> None:
    (finding,) = probe({"id 0": "id 1000"}, Level.AUDIT).findings
    assert (finding.step, "1000" in finding.problem) == (Step.SUDO, True)


@pytest.mark.parametrize("answer", [b"", b"\xff\xfe\x00", b"id \x1b[31m\nfree /tmp x\n", b"free\n"])
def test_a_strange_answer_is_no_crash_and_is_shown_harmlessly(answer: bytes) -> None:
    result = judge(answer, "velgora-web", Level.FULL)
    assert next(finding.step for finding in result.findings) is Step.SUDO
    assert all(finding.problem.isprintable() for finding in result.findings)
    assert result.machine == ""


def test_a_container_is_detected() -> None:
    assert probe({"container none": "container lxc"}, Level.AUDIT).container == "lxc"
